/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __ARM64_KVM_HOST_H__
#define __ARM64_KVM_HOST_H__

#include <linux/bitops.h>
#include <linux/types.h>

struct kvm_arch_memory_slot {
};

struct kvm_arch {
	/* Aborts that cannot be decoded go to userspace */
#define KVM_ARCH_FLAG_ABORT_TO_USER	0
	/* The guest has memory tags */
#define KVM_ARCH_FLAG_TAGS_ENABLED	1
	unsigned long flags;
};

#define kvm_arch_has_private_mem(kvm) ((kvm) && false)

#endif
