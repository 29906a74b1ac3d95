/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MINI_MMU_INTERNAL_H
#define MINI_MMU_INTERNAL_H

#include <linux/errno.h>
#include <linux/kvm_pfn.h>

struct kvm_page_fault {
	struct kvm_memory_slot *slot;
	gfn_t gfn;
	kvm_pfn_t pfn;
	hva_t hva;
	bool write;
	bool exec;
	bool map_writable;
	bool prefetch;
};

#define RET_PF_CONTINUE 0

static inline void kvm_mmu_prepare_memory_fault_exit(struct kvm_vcpu *vcpu,
						     struct kvm_page_fault *fault)
{
	kvm_prepare_memory_fault_exit(vcpu, gfn_to_gpa(fault->gfn), PAGE_SIZE,
				      fault->write, fault->exec, false);
}

#endif
