/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __ARM64_KVM_HOST_H__
#define __ARM64_KVM_HOST_H__

#include <linux/types.h>

struct kvm_arch_memory_slot {
};

struct kvm_arch {
	unsigned long flags;
	bool mte_enabled;
};

#define kvm_arch_has_private_mem(kvm) ((kvm) && false)

#endif
