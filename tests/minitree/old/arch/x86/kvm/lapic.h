/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __KVM_X86_LAPIC_H
#define __KVM_X86_LAPIC_H

#include <linux/kvm_host.h>

#define APIC_BUS_CYCLE_NS	1
#define APIC_BUS_FREQUENCY	(1000000000ULL / APIC_BUS_CYCLE_NS)

struct kvm_lapic {
	struct kvm_vcpu *vcpu;
	u32 irr;
	u32 divide_count;
};

struct kvm_vcpu {
	struct kvm *kvm;
	struct kvm_lapic *apic;
};

static inline void kvm_lapic_set_irr(int vec, struct kvm_lapic *apic)
{
	apic->irr = vec;
}

u64 apic_get_tmcct(struct kvm_lapic *apic, u64 ns);
int kvm_hv_get_msr(struct kvm_vcpu *vcpu, u32 msr, u64 *pdata);

#endif
