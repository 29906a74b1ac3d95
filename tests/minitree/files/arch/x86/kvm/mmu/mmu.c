// SPDX-License-Identifier: GPL-2.0-only
/* Small pages, large pages. */
#include <linux/kvm_host.h>

#include "mmu_internal.h"
#include "../x86.h"

#define PG_LEVEL_4K	1
#define PG_LEVEL_2M	2

static void kvm_mmu_zap_memslot(struct kvm *kvm,
				struct kvm_memory_slot *slot)
{
	struct kvm_gfn_range range = {
		.slot = slot,
		.start = slot->base_gfn,
		.end = slot->base_gfn + slot->npages,
		.may_block = true,
	};

	if (kvm_unmap_gfn_range(kvm, &range))
		kvm_flush_remote_tlbs(kvm);
}

static inline bool kvm_memslot_flush_zap_all(struct kvm *kvm)
{
	return kvm->arch.vm_type == KVM_X86_DEFAULT_VM;
}

/*
 * How large may a mapping be?
 */
u8 kvm_mmu_max_mapping_level(struct kvm *kvm, struct kvm_memory_slot *slot,
			     u8 max_level)
{
	u8 max_huge_page_level = PG_LEVEL_2M;

	max_level = min(max_level, max_huge_page_level);
	if (slot->npages < 512)
		max_level = PG_LEVEL_4K;

	return max_level;
}

void kvm_arch_flush_shadow_memslot(struct kvm *kvm,
				   struct kvm_memory_slot *slot)
{
	bool zap_all = kvm_memslot_flush_zap_all(kvm) &&
		       kvm_check_has_quirk(kvm, KVM_X86_QUIRK_SLOT_ZAP_ALL);

	if (zap_all)
		kvm_mmu_zap_all_fast(kvm);
	else
		kvm_mmu_zap_memslot(kvm, slot);
}

static int __kvm_faultin_pfn(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	bool async;

	async = false;
	fault->pfn = __gfn_to_pfn_memslot(fault->slot, fault->gfn, false, false,
					  &async, fault->write,
					  &fault->map_writable, &fault->hva);
	if (!async)
		return RET_PF_CONTINUE;

	fault->pfn = __gfn_to_pfn_memslot(fault->slot, fault->gfn, false, true,
					  NULL, fault->write,
					  &fault->map_writable, &fault->hva);
	return RET_PF_CONTINUE;
}

int kvm_mmu_page_fault(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	int r = __kvm_faultin_pfn(vcpu, fault);

	if (!r && is_error_noslot_pfn(fault->pfn))
		return -EFAULT;

	return r;
}

bool kvm_recover_nx_huge_pages(struct kvm_memory_slot *slots, gfn_t gfn);

static struct kvm_memory_slot *__gfn_to_memslot(struct kvm_memory_slot *slots, gfn_t gfn)
{
	return slots && gfn >= slots->base_gfn ? slots : NULL;
}

/* Whether a small page is to be recovered: not what is dirty logged. */
bool kvm_recover_nx_huge_pages(struct kvm_memory_slot *slots, gfn_t gfn)
{
	struct kvm_memory_slot *slot;

	slot = __gfn_to_memslot(slots, gfn);
	WARN_ON_ONCE(!slot);

	return !slot || !(slot->flags & KVM_MEM_LOG_DIRTY_PAGES);
}
