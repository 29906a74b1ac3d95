// SPDX-License-Identifier: GPL-2.0-only
/* Small pages, large pages. */
#include <linux/kvm_host.h>

#include "../x86.h"

#define PG_LEVEL_4K	1
#define PG_LEVEL_2M	2

struct kvm_mmu_page {
	gfn_t gfn;
	struct kvm_mmu_page *next;
	bool lpage_disallowed;
};

#define for_each_gfn_valid_sp_with_gptes(kvm, sp, at) \
	for (sp = shadow_pages(kvm, at); sp; sp = sp->next)

struct kvm_mmu_page *shadow_pages(struct kvm *kvm, gfn_t gfn);
bool kvm_mmu_prepare_zap_page(struct kvm *kvm, struct kvm_mmu_page *sp,
			      struct list_head *invalid_list);
void kvm_mmu_remote_flush_or_zap(struct kvm *kvm, struct list_head *invalid_list,
				 bool flush);

/*
 * Called when a memslot goes away.
 */
static void kvm_mmu_invalidate_zap_pages_in_memslot(struct kvm *kvm,
			struct kvm_memory_slot *slot,
			void *node)
{
	kvm_mmu_zap_all_fast(kvm);
}

void kvm_arch_flush_shadow_memslot(struct kvm *kvm,
				   struct kvm_memory_slot *slot)
{
	kvm_mmu_invalidate_zap_pages_in_memslot(kvm, slot, NULL);
}

u8 kvm_mmu_max_mapping_level(struct kvm *kvm, struct kvm_memory_slot *slot,
			     u8 max_level)
{
	u8 max_huge_page_level = PG_LEVEL_2M;

	max_level = min(max_level, max_huge_page_level);
	if (slot->npages < 512)
		max_level = PG_LEVEL_4K;

	return max_level;
}

void kvm_recover_nx_lpages(struct kvm_mmu_page *sp);

void kvm_recover_nx_lpages(struct kvm_mmu_page *sp)
{
	WARN_ON_ONCE(!sp->lpage_disallowed);
	sp->lpage_disallowed = false;
}
