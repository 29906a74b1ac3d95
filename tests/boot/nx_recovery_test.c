// SPDX-License-Identifier: GPL-2.0-only
/*
 * The recovery of NX huge pages, where the memslot of one is gone.
 *
 * The guest executes from a huge page, so that KVM splits it; its memslot is
 * deleted with the leaf SPTEs alone, while another one logs dirty pages; then
 * the split page is recovered.  Whether the kernel warns is for its log to say.
 */

#include <fcntl.h>

#include "kvm_util.h"
#include "processor.h"

#define HUGE_GPA	0x40000000ul
#define HUGE_SLOT	1
#define HUGE_NPAGES	512
#define LOGGED_GPA	0x80000000ul
#define LOGGED_SLOT	2
#define RETURN_OPCODE	0xC3
#define MAX_SECONDS	20

static void guest_code(void)
{
	READ_ONCE(*(uint64_t *)HUGE_GPA);
	((void (*)(void))HUGE_GPA)();
	GUEST_SYNC(0);
}

static void set(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);

	TEST_ASSERT(fd >= 0 && write(fd, value, strlen(value)) > 0,
		    "%s: %d", path, errno);
	close(fd);
}

int main(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	int i;

	TEST_REQUIRE(kvm_is_tdp_enabled());
	set("/proc/sys/vm/nr_hugepages", "4");
	set("/sys/module/kvm/parameters/nx_huge_pages", "force");
	set("/sys/module/kvm/parameters/nx_huge_pages_recovery_ratio", "1");
	set("/sys/module/kvm/parameters/nx_huge_pages_recovery_period_ms", "2000");

	vm = vm_create_with_one_vcpu(&vcpu, guest_code);
	vm_enable_cap(vm, KVM_CAP_DISABLE_QUIRKS2, KVM_X86_QUIRK_SLOT_ZAP_ALL);
	vm_userspace_mem_region_add(vm, VM_MEM_SRC_ANONYMOUS_HUGETLB, HUGE_GPA,
				    HUGE_SLOT, HUGE_NPAGES, 0);
	vm_userspace_mem_region_add(vm, VM_MEM_SRC_ANONYMOUS, LOGGED_GPA,
				    LOGGED_SLOT, 1, KVM_MEM_LOG_DIRTY_PAGES);
	virt_map_level(vm, HUGE_GPA, HUGE_GPA, HUGE_NPAGES * vm->page_size,
		       PG_LEVEL_4K);
	memset(addr_gpa2hva(vm, HUGE_GPA), RETURN_OPCODE,
	       HUGE_NPAGES * vm->page_size);

	vcpu_run(vcpu);
	vm_mem_region_delete(vm, HUGE_SLOT);
	TEST_ASSERT(vm_get_stat(vm, "nx_lpage_splits") == 1,
		    "The huge page is not split");
	for (i = 0; i < MAX_SECONDS && vm_get_stat(vm, "nx_lpage_splits"); i++)
		sleep(1);
	TEST_ASSERT(!vm_get_stat(vm, "nx_lpage_splits"), "It is not recovered");
	kvm_vm_free(vm);

	return 0;
}
