/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TOOLS_LINUX_BITMAP_H
#define _TOOLS_LINUX_BITMAP_H

#include <stdbool.h>
#include <stdlib.h>

unsigned long *bitmap_zalloc(int nbits);
bool test_bit(long nr, const unsigned long *addr);

#endif
