/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
#ifndef _ASM_X86_KVM_H
#define _ASM_X86_KVM_H

#include <linux/types.h>
#include <linux/const.h>

#define __KVM_HAVE_READONLY_MEM

#define KVM_X86_QUIRK_LINT0_REENABLED		(1 << 0)
#define KVM_X86_QUIRK_CD_NW_CLEARED		(1 << 1)
#define KVM_X86_QUIRK_OUT_7E_INC_RIP		(1 << 3)

#endif /* _ASM_X86_KVM_H */
