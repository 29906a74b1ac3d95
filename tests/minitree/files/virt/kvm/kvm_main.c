// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic part of a KVM of our own: what gen looks for, and nothing else.
 */
#include <linux/kvm_host.h>
#include <linux/kvm_pfn.h>
#include <linux/errno.h>

/*
 * Flags that do not need what the second version of the ioctl added.
 */
#define KVM_SET_USER_MEMORY_REGION_V1_FLAGS \
	(KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY)

static int check_memory_region_flags(struct kvm *kvm,
				     const struct kvm_userspace_memory_region2 *mem)
{
	u32 valid_flags = KVM_MEM_LOG_DIRTY_PAGES;

	if (kvm_arch_has_private_mem(kvm))
		valid_flags |= KVM_MEM_GUEST_MEMFD;

	/* Dirty logging of private memory is not supported. */
	if (mem->flags & KVM_MEM_GUEST_MEMFD)
		valid_flags &= ~KVM_MEM_LOG_DIRTY_PAGES;

	/*
	 * GUEST_MEMFD is incompatible with read-only memslots.
	 */
	if (kvm_arch_has_readonly_mem(kvm) &&
	    !(mem->flags & KVM_MEM_GUEST_MEMFD))
		valid_flags |= KVM_MEM_READONLY;

	if (mem->flags & ~valid_flags)
		return -EINVAL;

	return 0;
}

int kvm_set_memory_region(struct kvm *kvm,
			  const struct kvm_userspace_memory_region2 *mem)
{
	struct kvm_memory_slot *old, new;
	enum kvm_mr_change change = KVM_MR_CREATE;
	int r;

	r = check_memory_region_flags(kvm, mem);
	if (r)
		return r;

	old = id_to_memslot(kvm, mem->slot);
	if (old && !mem->memory_size)
		return -EIO;

	new = (struct kvm_memory_slot) {
		.base_gfn = mem->guest_phys_addr >> 12,
		.npages = mem->memory_size >> 12,
		.flags = mem->flags,
	};

	if (old) { /* Modify an existing slot. */
		/* Private memslots are immutable, they can only be deleted. */
		if (mem->flags & KVM_MEM_GUEST_MEMFD)
			return -EINVAL;
		if ((new.npages != old->npages) ||
		    ((mem->flags ^ old->flags) & KVM_MEM_READONLY))
			return -EINVAL;

		change = KVM_MR_FLAGS_ONLY;
	}

	r = kvm_arch_prepare_memory_region(kvm, old, &new, change);
	if (!r)
		kvm_arch_commit_memory_region(kvm, old, &new, change);

	return r;
}

int kvm_vm_ioctl_check_extension_generic(struct kvm *kvm, long arg)
{
	switch (arg) {
	case KVM_CAP_USER_MEMORY:
	case KVM_CAP_ENABLE_CAP_VM:
#ifdef CONFIG_KVM_GENERIC_SYNC
	case KVM_CAP_SYNC_MMU:
#endif
		return 1;
	case KVM_CAP_GUEST_MEMFD:
		return !kvm || kvm_arch_has_private_mem(kvm);
	default:
		break;
	}
	return kvm_vm_ioctl_check_extension(kvm, arg);
}

long kvm_vm_ioctl(struct kvm *kvm, unsigned int ioctl,
		  struct kvm_userspace_memory_region2 *mem)
{
	switch (ioctl) {
	case KVM_SET_USER_MEMORY_REGION:
		if (mem->flags & ~KVM_SET_USER_MEMORY_REGION_V1_FLAGS)
			return -EINVAL;
		return kvm_set_memory_region(kvm, mem);
	case KVM_SET_USER_MEMORY_REGION2:
		return kvm_set_memory_region(kvm, mem);
	default:
		return -ENOTTY;
	}
}

kvm_pfn_t __gfn_to_pfn_memslot(const struct kvm_memory_slot *slot, gfn_t gfn,
			       bool atomic, bool interruptible, bool *async,
			       bool write_fault, bool *writable, hva_t *hva)
{
	return hva_to_pfn(gfn_to_gpa(gfn), atomic, async, writable);
}

kvm_pfn_t hva_to_pfn(unsigned long addr, bool atomic, bool *async, bool *writable)
{
	if (atomic)
		return KVM_PFN_ERR_FAULT;

	if (async)
		*async = true;
	if (writable)
		*writable = true;

	return addr >> 12;
}
