# SPDX-License-Identifier: GPL-2.0-only
"""The small tree with device attributes at each level, as real trees have them, or with none.

On top of the trees with ioctls and with capabilities.
"""

from __future__ import annotations

from tests.minitree import API, UAPI, X86, X86_UAPI, Files, edited
from tests.minitree.uapi import ARM64

ARM64_UAPI = "arch/arm64/include/uapi/asm/kvm.h"
VCPU_DOC = "Documentation/virt/kvm/devices/vcpu.rst"
VM_DOC = "Documentation/virt/kvm/devices/vm.rst"

_TYPES = """\
#define u64_to_user_ptr(x) ((void __user *)(unsigned long)(x))
#define put_user(x, ptr) ({ __typeof__(*(ptr)) __v = (x); copy_to_user(ptr, &__v, sizeof(__v)) ? -EFAULT : 0; })
#define get_user(x, ptr) (copy_from_user(&(x), ptr, sizeof(x)) ? -EFAULT : 0)
#define IS_ERR(p) ((unsigned long)(p) >= (unsigned long)-4095)
#define PTR_ERR(p) ((long)(p))

#endif
"""
_READ = """
static int __kvm_x86_dev_get_attr(struct kvm_device_attr *attr, u64 *val)
{
	if (attr->group)
		return -ENXIO;

	switch (attr->attr) {
	case KVM_X86_XCOMP_GUEST_SUPP:
		*val = tdp_enabled;
		return 0;
	default:
		return -ENXIO;
	}
}

static int kvm_x86_dev_get_attr(struct kvm_device_attr *attr)
{
	u64 __user *uaddr = u64_to_user_ptr(attr->addr);
	u64 val;
	int r;

	r = __kvm_x86_dev_get_attr(attr, &val);
	if (r < 0)
		return r;

	return put_user(val, uaddr);
}

static int kvm_x86_dev_has_attr(struct kvm_device_attr *attr)
{
	u64 val;

	return __kvm_x86_dev_get_attr(attr, &val);
}
"""
_READ_APART = """
static inline void __user *kvm_get_attr_addr(struct kvm_device_attr *attr)
{
	return u64_to_user_ptr(attr->addr);
}

static int kvm_x86_dev_get_attr(struct kvm_device_attr *attr)
{
	u64 __user *uaddr = kvm_get_attr_addr(attr);

	if (attr->group)
		return -ENXIO;

	if (IS_ERR(uaddr))
		return PTR_ERR(uaddr);

	switch (attr->attr) {
	case KVM_X86_XCOMP_GUEST_SUPP:
		if (put_user(tdp_enabled, uaddr))
			return -EFAULT;
		return 0;
	default:
		return -ENXIO;
	}
}

static int kvm_x86_dev_has_attr(struct kvm_device_attr *attr)
{
	if (attr->group)
		return -ENXIO;

	switch (attr->attr) {
	case KVM_X86_XCOMP_GUEST_SUPP:
		return 0;
	default:
		return -ENXIO;
	}
}
"""
_NONE = """
long kvm_arch_dev_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg)
{
	void __user *argp = (void __user *)arg;
	long r;

	switch (ioctl) {
	case KVM_GET_TSC_KHZ:
		r = copy_to_user(argp, &tdp_enabled, sizeof(tdp_enabled));
		break;
	default:
		r = -EINVAL;
		break;
	}
	return r;
}
"""
_ASKED = """
long kvm_arch_dev_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg)
{
	struct kvm_device_attr attr;

	if (copy_from_user(&attr, (void __user *)arg, sizeof(attr)))
		return -EFAULT;

	switch (ioctl) {
	case KVM_GET_DEVICE_ATTR:
		return kvm_x86_dev_get_attr(&attr);
	case KVM_HAS_DEVICE_ATTR:
		return kvm_x86_dev_has_attr(&attr);
	default:
		return -EINVAL;
	}
}

static int kvm_vcpu_ioctl_device_attr(struct kvm_vcpu *vcpu,
				      unsigned int ioctl,
				      void __user *argp)
{
	struct kvm_device_attr attr;

	if (copy_from_user(&attr, argp, sizeof(attr)))
		return -EFAULT;

	if (attr.group != KVM_VCPU_TSC_CTRL)
		return -ENXIO;

	return ioctl == KVM_HAS_DEVICE_ATTR ? 0 : vcpu->mapped;
}

long kvm_arch_vcpu_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg)
{
	struct kvm_vcpu *vcpu = filp->private_data;
	void __user *argp = (void __user *)arg;
	int r;

	switch (ioctl) {
	case KVM_HAS_DEVICE_ATTR:
	case KVM_GET_DEVICE_ATTR:
	case KVM_SET_DEVICE_ATTR:
		r = kvm_vcpu_ioctl_device_attr(vcpu, ioctl, argp);
		break;
	default:
		r = -EINVAL;
	}
	return r;
}
"""
_ARM64 = "".join(f"""
static int kvm_arm_vm_{asked}_attr(struct kvm *kvm, struct kvm_device_attr *attr)
{{
	int ret;

	switch (attr->group) {{
	case KVM_ARM_VM_SMCCC_CTRL:
		switch (attr->attr) {{
		case KVM_ARM_VM_SMCCC_FILTER:
			ret = kvm->created_vcpus;
			break;
		default:
			ret = -ENXIO;
		}}
		break;
	default:
		ret = -ENXIO;
		break;
	}}

	return ret;
}}
""" for asked in ("has", "get", "set"))
_ARM64_CASES = """\
	struct kvm_device_attr attr;

	switch (ioctl) {
	case KVM_SET_DEVICE_ATTR:
		if (copy_from_user(&attr, (void __user *)arg, sizeof(attr)))
			return -EFAULT;
		return kvm_arm_vm_set_attr(kvm, &attr);
	case KVM_GET_DEVICE_ATTR:
		if (copy_from_user(&attr, (void __user *)arg, sizeof(attr)))
			return -EFAULT;
		return kvm_arm_vm_get_attr(kvm, &attr);
	case KVM_HAS_DEVICE_ATTR:
		if (copy_from_user(&attr, (void __user *)arg, sizeof(attr)))
			return -EFAULT;
		return kvm_arm_vm_has_attr(kvm, &attr);
	case KVM_GET_TSC_KHZ:
		return kvm->created_vcpus;
"""
_ARM64_GROUPS = """\
/* Device Control API on VM fd */
#define KVM_ARM_VM_SMCCC_CTRL		0
#define   KVM_ARM_VM_SMCCC_FILTER	0

"""
_X86_GROUPS = """\
/* for KVM_{GET,SET,HAS}_DEVICE_ATTR */
#define KVM_VCPU_TSC_CTRL 0 /* control group for the timestamp counter (TSC) */
#define   KVM_VCPU_TSC_OFFSET 0 /* attribute for the TSC offset */

"""
_GROUP_DOC = """\
.. SPDX-License-Identifier: GPL-2.0

======================
Generic {0} interface
======================

The groups and attributes are architecture specific.

1. GROUP: KVM_{1}_CTRL
===============================

:Architectures: {2}

1.1. ATTRIBUTE: KVM_{1}_FIRST
--------------------------------------

What it is.
"""
_LEVELS_DOC = """\
4.80 KVM_SET_DEVICE_ATTR/KVM_GET_DEVICE_ATTR
--------------------------------------------

:Capability: KVM_CAP_DEVICE_CTRL, KVM_CAP_VM_ATTRIBUTES for vm device,
             KVM_CAP_VCPU_ATTRIBUTES for vcpu device

Gets or sets an attribute.

4.81 KVM_HAS_DEVICE_ATTR
------------------------

:Capability: KVM_CAP_DEVICE_CTRL, KVM_CAP_VM_ATTRIBUTES for vm device,
             KVM_CAP_VCPU_ATTRIBUTES for vcpu device

Tests whether there is an attribute.

"""


def _attributes(files: Files, read: str) -> None:
    types = files["include/linux/types.h"].decode()
    files["include/linux/types.h"] = types.replace("#endif\n", _TYPES).encode()
    x86 = files[X86].decode()
    files[X86] = (x86[: x86.index("\nstatic int kvm_x86_dev_get_attr(")] + read).encode()


def attributes(files: Files) -> None:
    """The tree with attributes of the system and of vCPUs on x86, and of VMs on arm64."""
    _attributes(files, f"{_READ}{_ASKED}")
    edited(X86_UAPI, ("/* attributes for system", f"{_X86_GROUPS}/* attributes for system"))(files)
    arm64 = files[ARM64].decode()
    files[ARM64] = arm64.replace(
        "\nlong kvm_arch_vm_ioctl(", f"{_ARM64}\nlong kvm_arch_vm_ioctl("
    ).encode()
    cases = "\n\tswitch (ioctl) {\n\tcase KVM_GET_TSC_KHZ:\n\t\treturn kvm->created_vcpus;\n"
    edited(ARM64, (cases, _ARM64_CASES))(files)
    files[ARM64_UAPI] = files.get(ARM64_UAPI, b"").replace(
        b"#endif", f"{_ARM64_GROUPS}#endif".encode()
    )
    files[VCPU_DOC] = _GROUP_DOC.format("vcpu", "VCPU_TSC", "x86").encode()
    files[VM_DOC] = _GROUP_DOC.format("vm", "ARM_VM_SMCCC", "ARM64").encode()


def apart(files: Files) -> None:
    """The same, where has and get are told apart by functions of their own, as in Linux 6.1."""
    attributes(files)
    edited(X86, (_READ, _READ_APART))(files)


def none(files: Files) -> None:
    """The tree before /dev/kvm had any attribute."""
    _attributes(files, _NONE)
    edited(UAPI, ("#define KVM_CAP_SYS_ATTRIBUTES 209\n", ""))(files)
    gone = "/* attributes for system fd (group 0) */\n#define KVM_X86_XCOMP_GUEST_SUPP\t0\n\n"
    edited(X86_UAPI, (gone, ""))(files)
    api = files[API].decode()
    first, last = api.index("4.80 KVM_SET_DEVICE_ATTR"), api.index("4.140 KVM")
    files[API] = f"{api[:first]}{_LEVELS_DOC}{api[last:]}".encode()
