/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_X86_KVM_HOST_H
#define _ASM_X86_KVM_HOST_H

#include <linux/types.h>
#include <linux/list.h>

#define KVM_X86_VALID_QUIRKS			\
	(KVM_X86_QUIRK_LINT0_REENABLED |	\
	 KVM_X86_QUIRK_CD_NW_CLEARED |		\
	 KVM_X86_QUIRK_OUT_7E_INC_RIP)

struct kvm_arch_memory_slot {
	unsigned short *gfn_write_track;
};

struct kvm_caps {
	u64 max_clock;
};

extern struct kvm_caps kvm_caps;

struct kvm_arch {
	struct list_head active_mmu_pages;
	atomic_t noncoherent_dma_count;

	struct {
		u64 disabled_quirks;
		u32 mode;
	} history;

	u64 disabled_quirks;

	u32 bsp_vcpu_id;
	u32 slow_clock_khz;

	/* Set by KVM_CAP_X86_SLOW_CLOCK as well. */
	bool slow_clock;

#ifdef CONFIG_KVM_XEN
	bool xen_clock;
#endif
	bool disable_nx_huge_pages;
};

#endif
