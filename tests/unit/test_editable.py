# SPDX-License-Identifier: GPL-2.0-only
"""Trees in the midst of a merge, and files with other line ends: noticed, with the line."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pytest

from codegen.base.errors import FindingsError
from tests.minitree import (
    API,
    KVM_MAIN,
    MMU,
    SELFTESTS,
    UAPI,
    X86,
    X86_UAPI,
    Change,
    Files,
    minitree,
)
from tests.unit import kit
from tests.unit.hostile import HOSTILE


def conflict(path: str, line: int) -> Change:
    """A merge that left two sides at a line of a file."""

    def change(files: Files) -> None:
        lines = files[path].split(b"\n")
        both = [
            b"<<<<<<< HEAD",
            b"/* ours */",
            b"=======",
            b"/* theirs */",
            b">>>>>>> their/branch",
        ]
        files[path] = b"\n".join([*lines[:line], *both, *lines[line:]])

    return change


def crlf(*paths: str) -> Change:
    """Files as some editors save them."""

    def change(files: Files) -> None:
        for path in paths:
            files[path] = files[path].replace(b"\n", b"\r\n")

    return change


@pytest.mark.parametrize("path", [UAPI, X86_UAPI, X86, MMU, KVM_MAIN, API, "virt/kvm/Kconfig"])
@pytest.mark.parametrize("line", [0, 12])
def test_a_merge_is_noticed(path: str, line: int) -> None:
    for variant in kit.VARIANTS:
        with pytest.raises(FindingsError) as caught:
            kit.plan(kit.knob(), variant, conflict(path, line))
        (finding,) = caught.value.findings
        assert (finding.path, finding.line) == (path, line + 1)
        assert "`<<<<<<< HEAD`" in finding.message


def test_a_merge_in_a_list_of_selftests_is_noticed() -> None:
    with pytest.raises(FindingsError, match="`<<<<<<< HEAD`"):
        kit.plan(kit.knob(), "quirk", conflict(f"{SELFTESTS}Makefile", 3))


def test_a_heading_is_no_merge() -> None:
    def change(files: Files) -> None:
        files[API] = b"KVM API\n=======\n\n|||||||\n\n" + files[API]

    assert kit.plan(kit.knob(), "quirk", change).patches


@cache
def plain(variant: str) -> Mapping[str, bytes]:
    """The files that a series makes of the tree as it is."""
    return kit.plan(kit.knob(), variant).files


@pytest.mark.parametrize("variant", kit.VARIANTS)
def test_other_line_ends_are_refused_where_a_file_is_edited(variant: str) -> None:
    for path in plain(variant).keys() & minitree().keys():
        with pytest.raises(FindingsError) as caught:
            kit.plan(kit.knob(), variant, crlf(path))
        (finding,) = caught.value.findings
        assert (finding.path, finding.line) == (path, 1)
        assert "CR LF" in finding.message
        assert "dos2unix" in finding.hint


@pytest.mark.parametrize("variant", kit.VARIANTS)
def test_a_file_that_is_only_read_may_have_other_line_ends(variant: str) -> None:
    """It is read as any other file."""
    read = minitree().keys() - plain(variant).keys()
    assert read
    assert kit.plan(kit.knob(), variant, crlf(*read)).files == plain(variant)


def test_a_whole_tree_with_other_line_ends_is_refused_at_once() -> None:
    for variant in kit.VARIANTS:
        with pytest.raises(FindingsError) as caught:
            kit.plan(kit.knob(), variant, HOSTILE["CRLF"])
        said = {finding.path for finding in caught.value.findings}
        before = set(plain(variant)) & set(minitree())
        assert said == {path for path in before if not path.endswith(".gitignore")}
