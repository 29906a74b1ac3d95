/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MINI_ERRNO_H
#define MINI_ERRNO_H

#define EPERM 1
#define EIO 5
#define ENXIO 6
#define EFAULT 14
#define EINVAL 22
#define ENOTTY 25
#define EOPNOTSUPP 95

#endif
