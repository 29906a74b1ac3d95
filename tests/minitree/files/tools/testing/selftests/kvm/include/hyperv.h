/* SPDX-License-Identifier: GPL-2.0-only */
#define HV_X64_MSR_APIC_FREQUENCY 0x40000023
