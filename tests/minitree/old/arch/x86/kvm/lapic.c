// SPDX-License-Identifier: GPL-2.0-only
#include "lapic.h"

u64 apic_get_tmcct(struct kvm_lapic *apic, u64 ns)
{
	return div64_u64(ns, (APIC_BUS_CYCLE_NS * apic->divide_count));
}

static inline u64 tmict_to_ns(struct kvm_lapic *apic, u32 tmict)
{
	return (u64)tmict * APIC_BUS_CYCLE_NS * (u64)apic->divide_count;
}

u64 apic_period(struct kvm_lapic *apic, u32 tmict)
{
	return tmict_to_ns(apic, tmict);
}

int kvm_hv_get_msr(struct kvm_vcpu *vcpu, u32 msr, u64 *pdata)
{
	u64 data = 0;

	switch (msr) {
	case 0x40000022:
		data = 1;
		break;
	case 0x40000023:
		data = APIC_BUS_FREQUENCY;
		break;
	default:
		return 1;
	}

	*pdata = data;
	return 0;
}
