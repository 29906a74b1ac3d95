# SPDX-License-Identifier: GPL-2.0-only
"""The small tree itself: real C, and both of its compilers see what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.minitree import (
    KVM_MAIN,
    MMU,
    Change,
    checked,
    compiled,
    edited,
    helper_decides,
    minitree,
    new,
    old,
)
from tests.minitree.uapi import uapi
from tests.unit.hostile import HOSTILE

TREES: dict[str, tuple[Change, ...]] = {
    "as is": (),
    "old": (old,),
    "helper decides": (helper_decides,),
    "new": (new,),
}


@pytest.mark.parametrize("changes", TREES.values(), ids=TREES)
def test_the_tree_compiles(changes: tuple[Change, ...], tmp_path: Path) -> None:
    files = minitree(*changes)
    assert compiled(files, tmp_path) == ""
    assert checked(files, tmp_path) == ""


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "CRLF"])
def test_a_hostile_tree_compiles(name: str, tmp_path: Path) -> None:
    files, plain = minitree(HOSTILE[name]), minitree()
    changed = [path for path in files if files[path] != plain.get(path)]
    if any(path.endswith(".h") for path in changed):
        changed = list(files)
    assert checked(files, tmp_path, changed) == ""


@pytest.mark.parametrize(
    ("path", "old_text", "new_text"),
    [
        (KVM_MAIN, "return 0;", "return zero;"),
        (
            MMU,
            "static inline bool",
            "static bool unused(void)\n{\n\treturn 0;\n}\n\nstatic inline bool",
        ),
        (MMU, "if (zap_all)", "if (zap_all || kvm && slot)"),
        (MMU, "if (zap_all)", "if (zap_all = 1)"),
    ],
)
def test_what_is_wrong_is_seen(path: str, old_text: str, new_text: str, tmp_path: Path) -> None:
    files = minitree(edited(path, (old_text, new_text)))
    assert compiled(files, tmp_path, [path]) != ""
    assert checked(files, tmp_path, [path]) != ""


def test_the_tree_with_more_uapi_compiles(tmp_path: Path) -> None:
    assert checked(minitree(uapi), tmp_path) == ""
