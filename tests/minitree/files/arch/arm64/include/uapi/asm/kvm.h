/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
#ifndef __ARM_KVM_H__
#define __ARM_KVM_H__

#define __KVM_HAVE_READONLY_MEM

#endif /* __ARM_KVM_H__ */
