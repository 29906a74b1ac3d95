// SPDX-License-Identifier: GPL-2.0-only
/* The selftests' library for a kernel that is linked with the test, as far as one test asks it. */
#include <stdarg.h>
#include <stdlib.h>
#include "kvm_util.h"

int probe(void);
int set_region(int version, uint32_t flags);
long extension(long cap);
int tests_main(int argc, char *argv[]);

void test_assert(bool good, const char *form, ...)
{
	va_list more;

	if (good)
		return;
	va_start(more, form);
	vprintf(form, more);
	va_end(more);
	printf("\nthe test of invalid flags fails\n");
	exit(0);
}

bool kvm_has_cap(long cap)
{
	return extension(cap);
}

unsigned int kvm_check_cap(long cap)
{
	return extension(cap);
}

struct kvm_vm *vm_create_barebones(void)
{
	return NULL;
}

void kvm_vm_free(struct kvm_vm *vm)
{
}

int __vm_set_user_memory_region(struct kvm_vm *vm, uint32_t slot, uint32_t flags, uint64_t gpa,
				uint64_t size, void *hva)
{
	int r = set_region(1, flags);

	errno = -r;
	return r ? -1 : 0;
}

int __vm_set_user_memory_region2(struct kvm_vm *vm, uint32_t slot, uint32_t flags, uint64_t gpa,
				 uint64_t size, void *hva, uint32_t guest_memfd, uint64_t offset)
{
	int r = set_region(2, flags);

	errno = -r;
	return r ? -1 : 0;
}

#undef main
int main(int argc, char *argv[])
{
	probe();
	tests_main(argc, argv);
	printf("the test of invalid flags passes\n");
	return 0;
}
