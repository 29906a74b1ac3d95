// SPDX-License-Identifier: GPL-2.0-only
/*
 * The x86 part of a KVM of our own: what gen looks for, and nothing else.
 */
#include <linux/kvm_host.h>
#include <linux/errno.h>
#include <linux/capability.h>

#include "x86.h"

struct kvm_caps kvm_caps;
bool tdp_enabled;

bool kvm_is_vm_type_supported(unsigned long type)
{
	return type < 32 && (kvm_caps.supported_vm_types & BIT(type));
}

static bool kvm_is_plain(struct kvm *kvm)
{
	return kvm->arch.vm_type == KVM_X86_DEFAULT_VM ||
	       kvm->arch.vm_type == KVM_X86_SW_PROTECTED_VM;
}

int kvm_vm_ioctl_check_extension(struct kvm *kvm, long ext)
{
	int r = 0;

	switch (ext) {
	case KVM_CAP_IRQCHIP:
	case KVM_CAP_HLT:
#ifdef CONFIG_KVM_XEN
	case KVM_CAP_SYNC_MMU:
#endif
	case KVM_CAP_ENABLE_CAP_VM:
		r = 1;
		break;
	case KVM_CAP_X86_SLOW_CLOCK:
		r = kvm_caps.max_clock ? 1 : 0;
		break;
	case KVM_CAP_DISABLE_QUIRKS2:
		r = KVM_X86_VALID_QUIRKS;
		break;
	case KVM_CAP_VM_TYPES:
		r = kvm_caps.supported_vm_types;
		break;
	default:
		break;
	}
	return r;
}

int kvm_vm_ioctl_enable_cap(struct kvm *kvm, struct kvm_enable_cap *cap)
{
	int r;

	if (cap->flags)
		return -EINVAL;

	switch (cap->cap) {
	case KVM_CAP_DISABLE_QUIRKS2:
		r = -EINVAL;
		if (cap->args[0] & ~KVM_X86_VALID_QUIRKS)
			break;
		kvm->arch.disabled_quirks |= cap->args[0];
		r = 0;
		break;
	case KVM_CAP_X86_SLOW_CLOCK:
		r = -EINVAL;
		if (cap->args[0] > kvm_caps.max_clock)
			break;

		mutex_lock(&kvm->lock);
		switch (kvm->created_vcpus) {
		case 0:
			kvm->arch.slow_clock = true;
			r = 0;
			break;
		default:
			break;
		}
		mutex_unlock(&kvm->lock);
		break;
	default:
		r = -EINVAL;
		break;
	}
	return r;
}

int kvm_arch_init_vm(struct kvm *kvm, unsigned long type)
{
	int ret;

	if (!kvm_is_vm_type_supported(type))
		return -EINVAL;

	kvm->arch.vm_type = type;
	kvm->arch.has_private_mem = type == KVM_X86_SW_PROTECTED_VM;

	ret = 0;
	if (ret)
		return ret;

	INIT_LIST_HEAD(&kvm->arch.active_mmu_pages);
	atomic_set(&kvm->arch.noncoherent_dma_count, 0);

	kvm->arch.slow_clock_khz = 1000;

#ifdef CONFIG_KVM_XEN
	kvm->arch.xen_clock = true;
#endif

	return kvm_is_plain(kvm) ? 0 : -EOPNOTSUPP;
}

int kvm_arch_prepare_memory_region(struct kvm *kvm,
				   const struct kvm_memory_slot *old,
				   struct kvm_memory_slot *new,
				   enum kvm_mr_change change)
{
	unsigned long pages;

	/* The host cannot map more than that. */
	if (change == KVM_MR_CREATE || change == KVM_MR_MOVE) {
		pages = new->npages;
		if (pages > 1ul << 40)
			return -EINVAL;
	}

	return 0;
}

static void kvm_mmu_slot_apply_flags(struct kvm *kvm,
				     struct kvm_memory_slot *old,
				     const struct kvm_memory_slot *new,
				     enum kvm_mr_change change)
{
	u32 old_flags = old ? old->flags : 0;
	u32 new_flags = new ? new->flags : 0;
	bool log_dirty_pages = new_flags & KVM_MEM_LOG_DIRTY_PAGES;

	/* Nothing to do for read-only slots. */
	if ((change != KVM_MR_FLAGS_ONLY) || (new_flags & KVM_MEM_READONLY))
		return;

	/*
	 * READONLY and non-flags changes were handled above, and there is no
	 * other flag, so this is about dirty logging.
	 */
	if (WARN_ON_ONCE(!((old_flags ^ new_flags) & KVM_MEM_LOG_DIRTY_PAGES)))
		return;

	if (log_dirty_pages)
		kvm_mmu_slot_leaf_clear_dirty(kvm, new);
}

void kvm_arch_commit_memory_region(struct kvm *kvm,
				   struct kvm_memory_slot *old,
				   const struct kvm_memory_slot *new,
				   enum kvm_mr_change change)
{
	kvm_mmu_slot_apply_flags(kvm, old, new, change);
}

void kvm_x86_vendor_init(void)
{
	kvm_caps.supported_vm_types = BIT(KVM_X86_DEFAULT_VM);
	if (IS_ENABLED(CONFIG_KVM_SW_PROTECTED_VM) && tdp_enabled)
		kvm_caps.supported_vm_types |= BIT(KVM_X86_SW_PROTECTED_VM);
}
