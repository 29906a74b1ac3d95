/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ARCH_X86_KVM_X86_H
#define ARCH_X86_KVM_X86_H

#include <linux/kvm_host.h>

extern bool tdp_enabled;

static inline bool kvm_arch_has_assigned_device(struct kvm *kvm)
{
	return kvm->arch.history.mode;
}

static inline bool irqchip_in_kernel(struct kvm *kvm)
{
	return kvm->arch.history.mode > 1;
}

static inline bool kvm_check_has_quirk(struct kvm *kvm, u64 quirk)
{
	return !(kvm->arch.disabled_quirks & quirk);
}

static inline bool kvm_arch_has_noncoherent_dma(struct kvm *kvm)
{
	return atomic_read(&kvm->arch.noncoherent_dma_count);
}

u8 kvm_mmu_max_mapping_level(struct kvm *kvm, struct kvm_memory_slot *slot, u8 max_level);
void kvm_mmu_zap_all_fast(struct kvm *kvm);
void kvm_mmu_slot_leaf_clear_dirty(struct kvm *kvm, const struct kvm_memory_slot *slot);

#endif
