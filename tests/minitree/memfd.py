# SPDX-License-Identifier: GPL-2.0-only
"""The small tree, that of `uapi`, with an ioctl that takes flags: as guest_memfd, and its test."""

from __future__ import annotations

from tests.minitree import API, KVM_MAIN, SELFTESTS, UAPI, Files, edited

GUEST_MEMFD = "virt/kvm/guest_memfd.c"
MEMFD_TEST = f"{SELFTESTS}guest_memfd_test.c"

_UAPI = """\
#define KVM_CREATE_GUEST_MEMFD _IOWR(KVMIO, 0xd4, struct kvm_create_guest_memfd)

struct kvm_create_guest_memfd {
	__u64 size;
	__u64 flags;
	__u64 reserved[6];
};

#endif /* __LINUX_KVM_H */
"""
MASK = "\tu64 valid_flags = 0;\n"
REFUSES = "\tif (flags & ~valid_flags)\n\t\treturn -EINVAL;\n"
_CODE = f"""\
// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kvm_host.h>
#include <linux/errno.h>

struct kvm_gmem {{
	u64 size;
	u64 flags;
}};

static struct kvm_gmem last;

int kvm_gmem_punch_hole(struct kvm_gmem *gmem, u64 size)
{{
	gmem->size -= size;

	return 0;
}}

int kvm_gmem_create(struct kvm *kvm, struct kvm_create_guest_memfd *args)
{{
	u64 size = args->size;
	u64 flags = args->flags;
{MASK}
{REFUSES}
	if (!size)
		return -EINVAL;

	last = (struct kvm_gmem) {{ .size = size, .flags = flags }};

	return kvm_gmem_punch_hole(&last, 0);
}}
"""
_CASE = """\
	case KVM_CREATE_GUEST_MEMFD: {
		struct kvm_create_guest_memfd guest_memfd;

		r = -EFAULT;
		if (copy_from_user(&guest_memfd, argp, sizeof(guest_memfd)))
			break;

		r = kvm_gmem_create(kvm, &guest_memfd);
		break;
	}
	default:
		r = kvm_arch_vm_ioctl(filp, ioctl, arg);
"""
_DEFAULT = "\tdefault:\n\t\tr = kvm_arch_vm_ioctl(filp, ioctl, arg);\n"
_DECLARED = "int kvm_gmem_create(struct kvm *kvm, struct kvm_create_guest_memfd *args);\n"
_SECTION = """\
4.142 KVM_CREATE_GUEST_MEMFD
----------------------------

:Capability: KVM_CAP_GUEST_MEMFD
:Architectures: none
:Type: vm ioctl

KVM_CREATE_GUEST_MEMFD creates a file for guest memory.

No flags are defined yet, the field must be zero.

"""
_TEST = """\
// SPDX-License-Identifier: GPL-2.0-only
#include "kvm_util.h"

static int create_memfd(struct kvm_vm *vm, uint64_t flags)
{
	struct kvm_create_guest_memfd args = { .size = 4096, .flags = flags };

	return __vm_ioctl(vm, KVM_CREATE_GUEST_MEMFD, &args);
}

int main(void)
{
	struct kvm_vm *vm = vm_create_barebones();
	uint64_t flag;
	int fd;

	for (flag = BIT(0); flag; flag <<= 1) {
		fd = create_memfd(vm, flag);
		TEST_ASSERT(fd == -1 && errno == EINVAL, "flag %d", fd);
	}

	kvm_vm_free(vm);

	return 0;
}
"""


def memfd(files: Files) -> None:
    """The tree of `uapi` with KVM_CREATE_GUEST_MEMFD, which has no flags yet."""
    files[GUEST_MEMFD] = _CODE.encode()
    files[MEMFD_TEST] = _TEST.encode()
    chapter = "5. The kvm_run structure"
    for path, *pairs in (
        (UAPI, ("#endif /* __LINUX_KVM_H */\n", _UAPI)),
        (KVM_MAIN, (_DEFAULT, _CASE)),
        (API, (chapter, f"{_SECTION}{chapter}")),
        (
            "include/linux/kvm_host.h",
            ("bool kvm_unmap_gfn_range", f"{_DECLARED}bool kvm_unmap_gfn_range"),
        ),
    ):
        edited(path, *pairs)(files)


def shown(files: Files) -> None:
    """The documentation shows the struct."""
    struct = _UAPI[_UAPI.index("struct") :].partition("};")[0]
    block = "".join(f"  {line}\n" if line else "" for line in f"{struct}}};".split("\n"))
    last = "No flags are defined yet, the field must be zero.\n"
    edited(API, (last, f"{last}\n::\n\n{block}"))(files)
