/* SPDX-License-Identifier: GPL-2.0-only */
#define CAP_SYS_ADMIN 21
#define CAP_SYS_BOOT 22
bool capable(int cap);
