/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
#ifndef __LINUX_KVM_H
#define __LINUX_KVM_H

#include <linux/types.h>
#include <linux/ioctl.h>
#include <asm/kvm.h>

struct kvm_userspace_memory_region {
	__u32 slot;
	__u32 flags;
	__u64 guest_phys_addr;
	__u64 memory_size;
	__u64 userspace_addr;
};

struct kvm_userspace_memory_region2 {
	__u32 slot;
	__u32 flags;
	__u64 guest_phys_addr;
	__u64 memory_size;
	__u64 userspace_addr;
	__u64 guest_memfd_offset;
	__u32 guest_memfd;
	__u32 pad1;
	__u64 pad2[14];
};

/* Bits 0 to 15 are for userspace, KVM keeps the others for itself. */
#define KVM_MEM_LOG_DIRTY_PAGES	(1UL << 0)
#define KVM_MEM_READONLY	(1UL << 1)
#define KVM_MEM_GUEST_MEMFD	(1UL << 2)

#define KVM_EXIT_MEMORY_FAULT	39

struct kvm_run {
	__u32 exit_reason;
	struct {
		__u64 flags;
		__u64 gpa;
		__u64 size;
	} memory_fault;
};

struct kvm_enable_cap {
	__u32 cap;
	__u32 flags;
	__u64 args[4];
};

#define KVMIO 0xAE

#define KVM_CAP_IRQCHIP	  0
#define KVM_CAP_HLT	  1
#define KVM_CAP_USER_MEMORY 3
#define KVM_CAP_SYNC_MMU 16
/* 17 is free again, and must stay so. */
#define KVM_CAP_ENABLE_CAP_VM 98
#define KVM_CAP_DISABLE_QUIRKS2 213
#define KVM_CAP_VM_DISABLE_NX_HUGE_PAGES 220
#define KVM_CAP_VM_TYPES 235
#define KVM_CAP_GUEST_MEMFD 234
#define KVM_CAP_X86_SLOW_CLOCK 237

#define KVM_SET_USER_MEMORY_REGION _IOW(KVMIO, 0x46, struct kvm_userspace_memory_region)
#define KVM_SET_USER_MEMORY_REGION2 _IOW(KVMIO, 0x49, struct kvm_userspace_memory_region2)
#define KVM_ENABLE_CAP _IOW(KVMIO, 0xa3, struct kvm_enable_cap)
#define KVM_CREATE_VM _IO(KVMIO, 0x01)
#define KVM_GET_TSC_KHZ _IO(KVMIO, 0xa3)

#endif /* __LINUX_KVM_H */
