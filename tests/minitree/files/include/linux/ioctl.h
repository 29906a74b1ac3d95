/* SPDX-License-Identifier: GPL-2.0-only */
#define _IO(type, nr) (((type) << 8) | (nr))
#define _IOW(type, nr, size) (_IO(type, nr) | (sizeof(size) << 16))
