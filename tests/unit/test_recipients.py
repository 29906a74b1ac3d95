# SPDX-License-Identifier: GPL-2.0-only
"""Which sections of MAINTAINERS the tree's script is shown: all that may be about a file."""

from __future__ import annotations

import pytest

from codegen.series.recipients import _concerned

PATH = "virt/kvm/kvm_main.c"
OTHER = "ANOTHER\nM:\tA <a@example.org>\nS:\tMaintained\nF:\tdrivers/net/"
ABOUT = [
    "virt/kvm/",
    "virt",
    "virt/*/kvm_main.c",
    "*/kvm_main.c",
    "*",
    "virt/kvm/kvm_?ain.c",
    "drivers/|virt/",
    "(drivers|virt)/kvm/",
    "[a-z]irt/",
]


@pytest.mark.parametrize("pattern", ABOUT)
def test_a_pattern_that_may_fit_is_shown(pattern: str) -> None:
    section = f"THIS\nM:\tB <b@example.org>\nS:\tMaintained\nF:\tdrivers/net/\nF:\t{pattern}"
    listed = f"List of maintainers\n\n{OTHER}\n\n\n{section}\n".encode()
    assert _concerned(listed, [PATH]) == f"List of maintainers\n\n{section}\n".encode()


@pytest.mark.parametrize(
    "odd",
    [
        f"{OTHER}\nN:\tkvm",
        f"{OTHER}\nno field",
        f"{OTHER}\nF: ",
        "M:\tA <a@example.org>\nF:\tdrivers/net/",
        "ANOTHER\nM:\tA <a@example.org>\nS:\tOrphan",
    ],
)
def test_what_is_not_surely_of_other_files_is_shown(odd: str) -> None:
    assert _concerned(f"{OTHER}\n\n{odd}".encode(), [PATH]) == odd.encode()
