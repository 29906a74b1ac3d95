# SPDX-License-Identifier: GPL-2.0-only
"""The small tree with capabilities of generic code, as real trees have them."""

from __future__ import annotations

from tests.minitree import KVM_MAIN, UAPI, Files, edited

_HOST = "include/linux/kvm_host.h"
_ENABLE = """
static int kvm_vm_ioctl_enable_cap_generic(struct kvm *kvm,
					   struct kvm_enable_cap *cap)
{
	switch (cap->cap) {
	case KVM_CAP_HALT_POLL: {
		if (cap->flags || cap->args[0] != (unsigned int)cap->args[0])
			return -EINVAL;

		kvm->max_halt_poll_ns = cap->args[0];
		kvm->override_halt_poll_ns = true;
		return 0;
	}
	default:
		return kvm_vm_ioctl_enable_cap(kvm, cap);
	}
}

static struct kvm *kvm_create_vm(struct kvm *kvm)
{
	kvm->dirty_ring_size = 0;
	kvm->max_halt_poll_ns = 200;
	return kvm_arch_init_vm(kvm, 0) ? (void *)0 : kvm;
}

struct kvm *kvm_with(struct kvm *kvm, struct kvm_enable_cap *cap)
{
	return kvm_vm_ioctl_enable_cap_generic(kvm, cap) ? (void *)0 : kvm_create_vm(kvm);
}
"""


def generic(files: Files) -> None:
    """The tree with a capability that generic code enables."""
    files[KVM_MAIN] += _ENABLE.encode()
    for path, *pairs in (
        (
            UAPI,
            (
                "#define KVM_CAP_ENABLE_CAP_VM",
                "#define KVM_CAP_HALT_POLL 182\n#define KVM_CAP_ENABLE_CAP_VM",
            ),
        ),
        (
            _HOST,
            (
                "\tu32 dirty_ring_size;\n",
                "\tunsigned int max_halt_poll_ns;\n\tbool override_halt_poll_ns;\n\tu32 dirty_ring_size;\n",
            ),
        ),
    ):
        edited(path, *pairs)(files)
