/* SPDX-License-Identifier: GPL-2.0-only */
/* How KVM gets at the memory that backs a page of the guest. */
#ifndef MINI_KVM_PFN_H
#define MINI_KVM_PFN_H

#include <linux/kvm_host.h>

typedef u64 gpa_t;
typedef u64 kvm_pfn_t;
typedef unsigned long hva_t;

#define PAGE_SIZE 4096ul
#define KVM_PFN_ERR_FAULT (1ull << 62)

static inline gpa_t gfn_to_gpa(gfn_t gfn)
{
	return gfn << 12;
}

static inline bool is_error_noslot_pfn(kvm_pfn_t pfn)
{
	return pfn >> 62;
}

kvm_pfn_t __gfn_to_pfn_memslot(const struct kvm_memory_slot *slot, gfn_t gfn,
			       bool atomic, bool interruptible, bool *async,
			       bool write_fault, bool *writable, hva_t *hva);
kvm_pfn_t hva_to_pfn(unsigned long addr, bool atomic, bool *async, bool *writable);
void kvm_prepare_memory_fault_exit(struct kvm_vcpu *vcpu, gpa_t gpa, gpa_t size,
				   bool is_write, bool is_exec, bool is_private);

#endif
