# SPDX-License-Identifier: GPL-2.0-only
"""The small tree with ioctls as real trees have them: a file for each, a switch at each level."""

from __future__ import annotations

from tests.minitree import API, KVM_MAIN, SELFTESTS, UAPI, X86, X86_UAPI, Files, edited

ARM64 = "arch/arm64/kvm/arm.c"

_DEVICE = """\
struct kvm_device_attr {
	__u32 flags;
	__u32 group;
	__u64 attr;
	__u64 addr;
};

"""
_DEVICES = """\
#define KVM_CAP_SYS_ATTRIBUTES 209
#define KVM_SET_DEVICE_ATTR _IOW(KVMIO, 0xe1, struct kvm_device_attr)
#define KVM_GET_DEVICE_ATTR _IOW(KVMIO, 0xe2, struct kvm_device_attr)
#define KVM_HAS_DEVICE_ATTR _IOW(KVMIO, 0xe3, struct kvm_device_attr)
"""
_LAST = "#define KVM_GET_TSC_KHZ _IO(KVMIO, 0xa3)\n"
_IOCTL = """\
/* SPDX-License-Identifier: GPL-2.0-only */
#define _IOC_NONE 0U
#define _IOC_WRITE 1U
#define _IOC_READ 2U
#define _IOC(dir, type, nr, size) (((dir) << 30) | ((size) << 16) | ((type) << 8) | (nr))
#define _IOC_NR(cmd) ((cmd) & 0xff)
#define _IOC_DIR(cmd) ((cmd) >> 30)
#define _IOC_SIZE(cmd) (((cmd) >> 16) & 0x3fff)
#define _IO(type, nr) _IOC(0U, type, nr, 0)
#define _IOW(type, nr, size) _IOC(_IOC_WRITE, type, nr, sizeof(size))
#define _IOR(type, nr, size) _IOC(_IOC_READ, type, nr, sizeof(size))
#define _IOWR(type, nr, size) _IOC(_IOC_READ | _IOC_WRITE, type, nr, sizeof(size))
"""
_TYPES = """\
#define __user

struct file {
	void *private_data;
};

unsigned long copy_from_user(void *to, const void __user *from, unsigned long size);
unsigned long copy_to_user(void __user *to, const void *from, unsigned long size);
void *memset(void *start, int c, unsigned long bytes);
#define ENOMEM 12
#define GFP_KERNEL_ACCOUNT 1U
void *kzalloc(unsigned long size, unsigned int flags);
void kfree(const void *start);
void *memchr_inv(const void *start, int c, unsigned long bytes);

#endif
"""
_HOST = """\
struct kvm_vcpu {
	struct kvm *kvm;
	struct kvm_run *run;
	int mapped;
};

long kvm_arch_dev_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg);
long kvm_arch_vm_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg);
long kvm_arch_vcpu_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg);

static inline void kvm_vcpu_kick(struct kvm_vcpu *vcpu)
{
	vcpu->mapped = 0;
}

"""
_ATTRIBUTE = """
static int kvm_x86_dev_get_attr(u64 attr, u64 *val)
{
	switch (attr) {
	case KVM_X86_XCOMP_GUEST_SUPP:
		*val = tdp_enabled;
		return 0;
	default:
		return -ENXIO;
	}
}

long kvm_arch_dev_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg)
{
	u64 val;

	return kvm_x86_dev_get_attr(arg, &val);
}
"""
_SAVE = """
static bool is_smm(struct kvm_vcpu *vcpu)
{
	return vcpu->mapped > 1;
}

void post_kvm_run_save(struct kvm_vcpu *vcpu)
{
	struct kvm_run *kvm_run = vcpu->run;

	kvm_run->kvm_valid_regs = 0;
	if (is_smm(vcpu))
		kvm_run->flags |= KVM_RUN_X86_SMM;
}
"""
_FLAGS = """\
/* attributes for system fd (group 0) */
#define KVM_X86_XCOMP_GUEST_SUPP	0

#define KVM_RUN_X86_SMM		 (1 << 0)
#define KVM_RUN_X86_BUS_LOCK     (1 << 1)

"""
_FAULT = """\
	struct {
		__u64 flags;
		__u64 gpa;
		__u64 size;
	} memory_fault;
};
"""
_RUN = """\
	__u16 flags;
	union {
		/* KVM_EXIT_UNKNOWN */
		struct {
			__u64 hardware_exit_reason;
		} hw;
		/* KVM_EXIT_MEMORY_FAULT */
		struct {
			__u64 flags;
			__u64 gpa;
			__u64 size;
		} memory_fault;
		/* Fix the size of the union. */
		char padding[256];
	};

	__u64 kvm_valid_regs;
};
"""
_ATTRIBUTES_DOCUMENTED = """\
4.80 KVM_SET_DEVICE_ATTR/KVM_GET_DEVICE_ATTR
--------------------------------------------

:Capability: KVM_CAP_SYS_ATTRIBUTES

Gets or sets an attribute.

"""
COMPLETED = """\
      For KVM_EXIT_IO, KVM_EXIT_MMIO, KVM_EXIT_OSI, KVM_EXIT_EPR, KVM_EXIT_X86_RDMSR
      and KVM_EXIT_X86_WRMSR the corresponding operations are complete only after
      userspace has re-entered the kernel with KVM_RUN.
"""
_RUN_DOCUMENTED = """\
::

	__u16 flags;

Current defined flags::

  /* x86, set if the VCPU is in system management mode */
  #define KVM_RUN_X86_SMM     (1 << 0)
  #define KVM_RUN_BUS_LOCK    (1 << 1)
  /* arm64, set for KVM_EXIT_DEBUG */
  #define KVM_DEBUG_ARCH_HSR_HIGH_VALID  (1 << 0)

::

		/* KVM_EXIT_UNKNOWN */
		struct {
			__u64 hardware_exit_reason;
		} hw;

The reason of the hardware.

::

		/* Fix the size of the union. */
		char padding[256];
	};

What stands behind it does not move.
"""
_GENERIC = """
/* What a vCPU is asked for. */
static long kvm_vcpu_ioctl(struct file *filp,
			   unsigned int ioctl, unsigned long arg)
{
	struct kvm_vcpu *vcpu = filp->private_data;
	void __user *argp = (void __user *)arg;
	int r;

	switch (ioctl) {
	case KVM_GET_TSC_KHZ:
		r = copy_to_user(argp, &vcpu->mapped, sizeof(vcpu->mapped));
		break;
	default:
		r = kvm_arch_vcpu_ioctl(filp, ioctl, arg);
	}
	return r;
}

long kvm_dev_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg)
{
	int r = -EINVAL;

	switch (ioctl) {
	case KVM_CREATE_VM:
		if (arg)
			goto out;
		r = kvm_vcpu_ioctl(filp, ioctl, arg);
		break;
	default:
		return kvm_arch_dev_ioctl(filp, ioctl, arg);
	}
out:
	return r;
}
"""
_VM = """\
long kvm_vm_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg)
{
	struct kvm *kvm = filp->private_data;
	void __user *argp = (void __user *)arg;
	struct kvm_userspace_memory_region2 mem;
	int r;

	switch (ioctl) {
	case KVM_SET_USER_MEMORY_REGION:
	case KVM_SET_USER_MEMORY_REGION2:
		r = -EFAULT;
		if (copy_from_user(&mem, argp, sizeof(mem)))
			break;

		r = -EINVAL;
		if (ioctl == KVM_SET_USER_MEMORY_REGION &&
		    (mem.flags & ~KVM_SET_USER_MEMORY_REGION_V1_FLAGS))
			break;
		r = kvm_set_memory_region(kvm, &mem);
		break;
	default:
		r = kvm_arch_vm_ioctl(filp, ioctl, arg);
	}
	return r;
}
"""
_ARM64 = """
long kvm_arch_vm_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg)
{
	struct kvm *kvm = filp->private_data;

	switch (ioctl) {
	case KVM_GET_TSC_KHZ:
		return kvm->created_vcpus;
	default:
		return -EINVAL;
	}
}
"""
_X86 = """
long kvm_arch_vm_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg)
{
	struct kvm *kvm = filp->private_data;
	int r = -ENOTTY;

	switch (ioctl) {
	case KVM_GET_TSC_KHZ:
		switch (kvm->created_vcpus) {
		case 0:
			r = 0;
			break;
		default:
			r = -EINVAL;
		}
		break;
	default:
		r = -ENOTTY;
	}
	return r;
}
"""


def uapi(files: Files) -> None:
    """The tree with all that new kinds of uAPI need of it."""
    main = files[KVM_MAIN].decode()
    at = main.index("long kvm_vm_ioctl(struct kvm *kvm, ")
    end = main.index("\n}\n", at) + 3
    files[KVM_MAIN] = f"{main[:at]}{_VM}{_GENERIC}{main[end:]}".encode()
    for path, text in ((ARM64, _ARM64), (X86, _X86)):
        files[path] += text.encode()
    files[X86] += f"{_SAVE}{_ATTRIBUTE}".encode()
    types = files["include/linux/types.h"].decode()
    files["include/linux/types.h"] = types.replace("#endif\n", _TYPES).encode()
    files["include/linux/ioctl.h"] = _IOCTL.encode()
    gap = "struct kvm_gfn_range {"
    for path, *pairs in (
        # devices have a block of numbers of their own
        (API, ("Nothing to see here.\n", _RUN_DOCUMENTED)),
        (API, ("4.140 KVM", f"{_ATTRIBUTES_DOCUMENTED}4.140 KVM")),
        (UAPI, (_FAULT, _RUN)),
        (X86_UAPI, ("#endif", f"{_FLAGS}#endif")),
        (UAPI, (_LAST, f"{_LAST}{_DEVICES}"), ("#define KVMIO", f"{_DEVICE}#define KVMIO")),
        ("include/linux/kvm_host.h", (gap, f"{_HOST}{gap}")),
        (
            f"{SELFTESTS}include/kvm_util.h",
            ("\tunsigned int page_size;\n", "\tunsigned int page_size;\n\tint fd, kvm_fd;\n"),
            ("\tstruct kvm_run *run;\n", "\tstruct kvm_run *run;\n\tint fd;\n"),
            ("#include <stdint.h>\n", "#include <stdint.h>\n#include <stddef.h>\n"),
            ("#define BIT(n)", "#define __maybe_unused __attribute__((unused))\n#define BIT(n)"),
            (
                "void guest_done(void);",
                "int ioctl(int fd, unsigned long cmd, ...);\nvoid guest_done(void);",
            ),
        ),
    ):
        edited(path, *pairs)(files)


def completed(files: Files) -> None:
    """The documentation lists the exits of which KVM_RUN completes the operation."""
    reason = "The reason of the hardware.\n\n"
    edited(API, (reason, f"{reason}.. note::\n\n{COMPLETED}\n"))(files)
