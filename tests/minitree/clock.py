# SPDX-License-Identifier: GPL-2.0-only
"""The small tree with two ioctls of vCPUs that take and return numbers."""

from __future__ import annotations

from tests.minitree import API, KVM_MAIN, UAPI, Files, edited

_LAST = "#define KVM_GET_TSC_KHZ _IO(KVMIO, 0xa3)\n"
_DEFINED = """\
/* Available with KVM_CAP_X86_SLOW_CLOCK */
#define KVM_SET_CLOCK_KHZ _IO(KVMIO, 0xa4)
#define KVM_GET_CLOCK_KHZ _IO(KVMIO, 0xa5)
"""
_CASES = """\
	case KVM_SET_CLOCK_KHZ:
		vcpu->mapped = arg;
		r = 0;
		break;
	case KVM_GET_CLOCK_KHZ:
		r = vcpu->mapped;
		break;
	default:
		r = kvm_arch_vcpu_ioctl("""
_DOCUMENTED = """\
4.81 KVM_SET_CLOCK_KHZ
----------------------

:Capability: KVM_CAP_X86_SLOW_CLOCK
:Architectures: x86
:Type: vcpu ioctl
:Parameters: the frequency in kHz
:Returns: 0 on success, -1 on error

Sets the frequency.

4.82 KVM_GET_CLOCK_KHZ
----------------------

:Capability: KVM_CAP_X86_SLOW_CLOCK
:Architectures: x86
:Type: vcpu ioctl
:Parameters: none
:Returns: the frequency in kHz, or -1 on error

Reads the frequency.

"""


def clock(files: Files) -> None:
    """The tree of `uapi` with these ioctls."""
    for path, *pairs in (
        (UAPI, (_LAST, f"{_LAST}{_DEFINED}")),
        (KVM_MAIN, ("\tdefault:\n\t\tr = kvm_arch_vcpu_ioctl(", _CASES)),
        (API, ("4.140 KVM", f"{_DOCUMENTED}4.140 KVM")),
    ):
        edited(path, *pairs)(files)
