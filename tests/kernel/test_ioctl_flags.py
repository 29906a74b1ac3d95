# SPDX-License-Identifier: GPL-2.0-only
"""The flags of ioctls as real trees take them: where one more is accepted, or why it is not said."""

from __future__ import annotations

import pytest

from codegen.base.errors import FindingsError
from codegen.kernel.survey import Survey
from codegen.kinds.ioctl_flag.masks import flag_accepted
from codegen.kinds.ioctl_flag.refusal import struct_of
from codegen.series.make import open_tree

from .conftest import RELEASES, location

pytestmark = pytest.mark.kernel

# What is replaced by how one more flag is accepted: an ioctl, the member of its struct, the family.
ACCEPTED = [
    ("KVM_IRQFD", "flags", "KVM_IRQFD_FLAG_", "union"),
    ("KVM_SET_CLOCK", "flags", "KVM_CLOCK_", "union"),
    ("KVM_X86_SET_MSR_FILTER", "flags", "KVM_MSR_FILTER_", "union"),
    ("KVM_XEN_HVM_CONFIG", "flags", "KVM_XEN_HVM_CONFIG_", "union"),
    ("KVM_SET_SREGS2", "flags", "KVM_SREGS2_FLAGS_", "union"),
    ("KVM_SET_VCPU_EVENTS", "flags", "KVM_VCPUEVENT_VALID_", "union"),
    ("KVM_HYPERV_EVENTFD", "flags", "KVM_HYPERV_EVENTFD_", "union"),
    ("KVM_PRE_FAULT_MEMORY", "flags", "KVM_PRE_FAULT_FLAG_", "test"),
    ("KVM_SET_MEMORY_ATTRIBUTES", "flags", "KVM_ATTRIBUTES_FLAG_", "test"),
    ("KVM_SET_MEMORY_ATTRIBUTES", "attributes", "KVM_MEMORY_ATTRIBUTE_", "branch"),
]
# Told apart by more than one test, and by a mask that is made of an enumeration.
REFUSED = [
    ("KVM_SET_NESTED_STATE", "KVM_STATE_NESTED_", "found 3 times"),
    ("KVM_IOEVENTFD", "KVM_IOEVENTFD_FLAG_", "is compared with not found"),
    ("KVM_CREATE_DEVICE", "KVM_CREATE_DEVICE_", "refuses unknown bits of `flags`"),
]


@pytest.mark.parametrize("release", RELEASES)
def test_where_one_more_flag_is_accepted(release: str) -> None:
    with open_tree(location(release)) as tree:
        survey = Survey(tree, ("x86",))
        for ioctl, member, family, form in ACCEPTED:
            if not struct_of(survey, ioctl):  # this tree does not have it
                continue
            said = {"ioctl": ioctl, "member": member, "family": family}
            place = flag_accepted(survey, **said)
            assert place.names["form"] == form, ioctl
            assert form != "union" or family in place.old, ioctl
        for ioctl, family, reason in REFUSED:
            with pytest.raises(FindingsError, match=reason):
                flag_accepted(survey, ioctl=ioctl, member="flags", family=family)
