# SPDX-License-Identifier: GPL-2.0-only
"""The small tree with capabilities of generic code and of vCPUs, as real trees have them."""

from __future__ import annotations

from tests.minitree import API, KVM_MAIN, SELFTESTS, UAPI, X86, Files, edited

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
_VCPU = """
int kvm_vcpu_ioctl_enable_cap(struct kvm_vcpu *vcpu, struct kvm_enable_cap *cap)
{
	int r;

	if (cap->flags)
		return -EINVAL;

	switch (cap->cap) {
	case KVM_CAP_X86_SLOW_CLOCK:
		vcpu->arch.slow_clock = cap->args[0];
		r = 0;
		break;
	default:
		r = -EINVAL;
		break;
	}

	return r;
}
"""
_STATE = """\
struct kvm_vcpu_arch {
	bool slow_clock;
	bool wants_tsc;
};

"""
_DOCUMENTED = """\
6. Capabilities that can be enabled on vCPUs
============================================

6.1 KVM_CAP_X86_SLOW_CLOCK
--------------------------

:Architectures: x86
:Target: vcpu
:Parameters: args[0] - whether the clock is slow
:Returns: 0

A slow clock for a vCPU.

"""


def capabilities(files: Files) -> None:
    """The tree with a capability that generic code enables, and one that a vCPU has."""
    files[KVM_MAIN] += _ENABLE.encode()
    files[X86] += _VCPU.encode()
    for arch in ("arm64", "x86"):
        host = f"arch/{arch}/include/asm/kvm_host.h"
        edited(host, ("struct kvm_arch {", f"{_STATE}struct kvm_arch {{"))(files)
    for path, *pairs in (
        (
            UAPI,
            (
                "#define KVM_CAP_ENABLE_CAP_VM",
                "#define KVM_CAP_HALT_POLL 182\n#define KVM_CAP_ENABLE_CAP_VM",
            ),
        ),
        (
            API,
            (
                "7. Capabilities that can be enabled on VMs",
                f"{_DOCUMENTED}7. Capabilities that can be enabled on VMs",
            ),
        ),
        (
            f"{SELFTESTS}include/kvm_util.h",
            (
                "int __vm_enable_cap(",
                "void vcpu_enable_cap(struct kvm_vcpu *vcpu, uint32_t cap, uint64_t arg0);\nstruct kvm_vm *vm_create_with_vcpus(uint32_t nr_vcpus, void *guest_code, struct kvm_vcpu *vcpus[]);\nint __vm_enable_cap(",
            ),
        ),
        (
            _HOST,
            (
                "\tstruct kvm *kvm;\n\tstruct kvm_run *run;\n",
                "\tstruct kvm *kvm;\n\tstruct kvm_vcpu_arch arch;\n\tstruct kvm_run *run;\n",
            ),
            (
                "\tu32 dirty_ring_size;\n",
                "\tunsigned int max_halt_poll_ns;\n\tbool override_halt_poll_ns;\n\tu32 dirty_ring_size;\n",
            ),
        ),
    ):
        edited(path, *pairs)(files)
