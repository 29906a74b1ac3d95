# SPDX-License-Identifier: GPL-2.0-only
"""Who answers an ioctl: the system, a VM or a vCPU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Level = Literal["system", "vm", "vcpu"]
# The file descriptor that a selftest calls it on.
FDS: Mapping[str, str] = {"system": "vm->kvm_fd", "vm": "vm->fd", "vcpu": "vcpu->fd"}
# What the functions that answer it are named for: kvm_arch_dev_ioctl().
IOCTLS: Mapping[str, str] = {"system": "dev", "vm": "vm", "vcpu": "vcpu"}
# What gen's own functions for it take, as a parameter, and its name; the system has no object.
PARAMETERS: Mapping[str, str] = {
    "system": "",
    "vm": "struct kvm *kvm",
    "vcpu": "struct kvm_vcpu *vcpu",
}
OBJECTS: Mapping[str, str] = {"system": "", "vm": "kvm", "vcpu": "vcpu"}
