// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kvm_host.h>
#include <linux/kvm_pfn.h>
#include <linux/errno.h>

int kvm_arch_prepare_memory_region(struct kvm *kvm,
				   const struct kvm_memory_slot *old,
				   struct kvm_memory_slot *new,
				   enum kvm_mr_change change)
{
	int ret = 0;

	if (change != KVM_MR_CREATE && change != KVM_MR_MOVE)
		return 0;

	if (new->base_gfn + new->npages > 1ul << 36)
		ret = -EFAULT;

	return ret;
}

static void kvm_mmu_wp_memory_region(struct kvm *kvm, int slot)
{
}

void kvm_arch_commit_memory_region(struct kvm *kvm,
				   struct kvm_memory_slot *old,
				   const struct kvm_memory_slot *new,
				   enum kvm_mr_change change)
{
	if (new && new->flags & KVM_MEM_LOG_DIRTY_PAGES) {
		if (change == KVM_MR_DELETE)
			return;

		kvm_mmu_wp_memory_region(kvm, new->id);
	}
}

static bool memslot_is_logging(struct kvm_memory_slot *memslot)
{
	return memslot->flags & KVM_MEM_LOG_DIRTY_PAGES;
}

int user_mem_abort(struct kvm_vcpu *vcpu, struct kvm_memory_slot *memslot,
		   gfn_t gfn, bool write_fault, bool exec_fault)
{
	bool logging_active = memslot_is_logging(memslot);
	long vma_pagesize = PAGE_SIZE;
	bool writable;
	kvm_pfn_t pfn;

	pfn = __gfn_to_pfn_memslot(memslot, gfn, false, false, NULL,
				   write_fault, &writable, NULL);
	if (is_error_noslot_pfn(pfn))
		return -EFAULT;

	if (exec_fault && vma_pagesize > (long)PAGE_SIZE)
		return -EINVAL;

	return writable && !logging_active;
}
