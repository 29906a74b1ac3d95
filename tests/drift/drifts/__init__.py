# SPDX-License-Identifier: GPL-2.0-only
"""The drifts, a file for each part of KVM; importing them fills `drift.DRIFTS`."""

from tests.drift.drifts import (
    capabilities,
    documents,
    flags,
    folders,
    lists,
    quirks,
    selftests,
    uapi,
    vmtypes,
)

__all__ = [
    "capabilities",
    "documents",
    "flags",
    "folders",
    "lists",
    "quirks",
    "selftests",
    "uapi",
    "vmtypes",
]
