/* SPDX-License-Identifier: GPL-2.0-only */
#define APIC_LVTT 0x320
#define APIC_LVT_MASKED (1 << 16)
#define APIC_TMICT 0x380
#define APIC_TMCCT 0x390
#define APIC_TDCR 0x3e0

void x2apic_enable(void);
void x2apic_write_reg(unsigned int reg, uint64_t value);
uint64_t x2apic_read_reg(unsigned int reg);
