// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kvm_host.h>

#include "../x86.h"

/* Who wrote this has a name that is no ASCII. */
bool svm_smi_blocked(struct kvm *kvm)
{
	switch (kvm->arch.vm_type) {
	case KVM_X86_DEFAULT_VM:
	case KVM_X86_SW_PROTECTED_VM:
		return false;
	default:
		return true;
	}
}
