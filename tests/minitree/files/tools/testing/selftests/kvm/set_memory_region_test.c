// SPDX-License-Identifier: GPL-2.0-only
#include "kvm_util.h"

static void test_invalid_memory_region_flags(void)
{
	uint32_t supported_flags = KVM_MEM_LOG_DIRTY_PAGES;
	const uint32_t v2_only_flags = KVM_MEM_GUEST_MEMFD;
	struct kvm_vm *vm = vm_create_barebones();
	int r, i;

#ifdef __x86_64__
	supported_flags |= KVM_MEM_READONLY;
#endif

	/* Bits that nobody knows are refused. */
	for (i = 0; i < 32; i++) {
		if ((supported_flags & BIT(i)) && !(v2_only_flags & BIT(i)))
			continue;

		r = __vm_set_user_memory_region(vm, 0, BIT(i), 0, 4096, NULL);
		TEST_ASSERT(r && errno == EINVAL, "Flag %d should be refused", i);
	}

	kvm_vm_free(vm);
}

int main(int argc, char *argv[])
{
	test_invalid_memory_region_flags();

	return 0;
}
