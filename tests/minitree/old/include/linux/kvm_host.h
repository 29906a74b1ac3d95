/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __KVM_HOST_H
#define __KVM_HOST_H

#include <linux/types.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/kvm.h>
#include <asm/kvm_host.h>

/* Two internal flags. */
#define KVM_MEMSLOT_INVALID	(1UL << 16)

struct kvm_vcpu;

struct kvm_memory_slot {
	gfn_t base_gfn;
	unsigned long npages;
	u32 flags;
	short id;
	struct kvm_arch_memory_slot arch;
};

enum kvm_mr_change {
	KVM_MR_CREATE,
	KVM_MR_DELETE,
	KVM_MR_MOVE,
	KVM_MR_FLAGS_ONLY,
};

struct kvm {
	struct mutex lock;
	struct mutex slots_lock;
	rwlock_t mmu_lock;
	unsigned long nr_memslot_pages;
	int created_vcpus;
	u32 dirty_ring_size;
	struct kvm_arch arch;
};

struct kvm_gfn_range {
	struct kvm_memory_slot *slot;
	gfn_t start;
	gfn_t end;
	bool may_block;
};

static inline bool kvm_slot_dirty_track_enabled(const struct kvm_memory_slot *slot)
{
	return slot->flags & KVM_MEM_LOG_DIRTY_PAGES;
}

int __kvm_set_memory_region(struct kvm *kvm,
			    const struct kvm_userspace_memory_region *mem);
int kvm_arch_prepare_memory_region(struct kvm *kvm,
				   const struct kvm_memory_slot *old,
				   struct kvm_memory_slot *new,
				   enum kvm_mr_change change);
void kvm_arch_commit_memory_region(struct kvm *kvm,
				   struct kvm_memory_slot *old,
				   const struct kvm_memory_slot *new,
				   enum kvm_mr_change change);
void kvm_arch_flush_shadow_memslot(struct kvm *kvm,
				   struct kvm_memory_slot *slot);
int kvm_arch_init_vm(struct kvm *kvm, unsigned long type);
int kvm_vm_ioctl_check_extension(struct kvm *kvm, long ext);
int kvm_vm_ioctl_enable_cap(struct kvm *kvm, struct kvm_enable_cap *cap);
struct kvm_memory_slot *id_to_memslot(struct kvm *kvm, int id);
bool kvm_arch_has_readonly_mem(struct kvm *kvm);
bool kvm_tdp_mmu_unmap_gfn_range(struct kvm *kvm, struct kvm_gfn_range *range, bool flush);
bool is_tdp_mmu_enabled(struct kvm *kvm);
struct kvm_rmap_head;
bool kvm_memslots_have_rmaps(struct kvm *kvm);
bool __kvm_zap_rmap(struct kvm *kvm, struct kvm_rmap_head *head, const struct kvm_memory_slot *slot);
#define KVM_MAX_HUGEPAGE_LEVEL 3
bool slot_handle_level_range(struct kvm *kvm, const struct kvm_memory_slot *slot,
			     bool (*handle)(struct kvm *, struct kvm_rmap_head *,
					    const struct kvm_memory_slot *),
			     int start_level, int end_level, gfn_t start, gfn_t end,
			     bool flush_on_yield, bool flush);
void kvm_flush_remote_tlbs(struct kvm *kvm);

#endif
