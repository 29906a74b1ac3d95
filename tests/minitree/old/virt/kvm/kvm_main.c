// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic part of an older KVM of our own.
 */
#include <linux/kvm_host.h>
#include <linux/kvm_pfn.h>
#include <linux/errno.h>

static int check_memory_region_flags(const struct kvm_userspace_memory_region *mem)
{
	u32 valid_flags = KVM_MEM_LOG_DIRTY_PAGES;

#ifdef __KVM_HAVE_READONLY_MEM
	valid_flags |= KVM_MEM_READONLY;
#endif

	if (mem->flags & ~valid_flags)
		return -EINVAL;

	return 0;
}

int __kvm_set_memory_region(struct kvm *kvm,
			    const struct kvm_userspace_memory_region *mem)
{
	struct kvm_memory_slot *old, new;
	enum kvm_mr_change change = KVM_MR_CREATE;
	int r;

	r = check_memory_region_flags(mem);
	if (r)
		return r;

	old = id_to_memslot(kvm, mem->slot);
	new = (struct kvm_memory_slot) {
		.base_gfn = mem->guest_phys_addr >> 12,
		.npages = mem->memory_size >> 12,
		.flags = mem->flags,
	};

	if (old) { /* Modify an existing slot. */
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

static long kvm_vm_ioctl_check_extension_generic(struct kvm *kvm, long arg)
{
	switch (arg) {
	case KVM_CAP_USER_MEMORY:
	case KVM_CAP_ENABLE_CAP_VM:
		return 1;
	default:
		break;
	}
	return kvm_vm_ioctl_check_extension(kvm, arg);
}

long kvm_vm_ioctl(struct kvm *kvm, unsigned int ioctl,
		  struct kvm_userspace_memory_region *mem, long arg)
{
	switch (ioctl) {
	case KVM_SET_USER_MEMORY_REGION:
		return __kvm_set_memory_region(kvm, mem);
	default:
		return kvm_vm_ioctl_check_extension_generic(kvm, arg);
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
