/* SPDX-License-Identifier: GPL-2.0-only */
#include "kvm_util_base.h"
