/* SPDX-License-Identifier: GPL-2.0-only */
/* A warning is something that can be seen. */
int warned(void);
#undef WARN_ON_ONCE
#define WARN_ON_ONCE(x) ((x) ? warned() : 0)
