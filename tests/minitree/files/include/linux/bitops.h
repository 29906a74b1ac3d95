/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __LINUX_BITOPS_H__
#define __LINUX_BITOPS_H__

#include <linux/types.h>

static inline void set_bit(long nr, unsigned long *addr) { *addr |= 1ul << nr; }
static inline void clear_bit(long nr, unsigned long *addr) { *addr &= ~(1ul << nr); }
static inline bool test_bit(long nr, const unsigned long *addr) { return *addr >> nr & 1; }

#define assign_bit(nr, addr, value) ((value) ? set_bit(nr, addr) : clear_bit(nr, addr))

#endif
