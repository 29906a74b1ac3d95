// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kvm_host.h>

#include "../x86.h"

bool svm_smi_blocked(struct kvm *kvm)
{
	return !kvm->created_vcpus;
}
