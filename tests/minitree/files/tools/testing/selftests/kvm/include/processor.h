/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SELFTEST_KVM_PROCESSOR_H
#define SELFTEST_KVM_PROCESSOR_H

#include "kvm_util.h"

bool kvm_is_tdp_enabled(void);
uint64_t rdtsc(void);
uint64_t vcpu_get_msr(struct kvm_vcpu *vcpu, uint64_t msr);

#endif
