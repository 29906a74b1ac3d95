# SPDX-License-Identifier: GPL-2.0-only
"""What a series adds to KVM is used: functions are called, state is read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from codegen.c.source import CSource
from codegen.check import acting
from codegen.check.remark import Remark
from codegen.check.uapi import new_fields
from codegen.check.view import View
from codegen.kernel.survey import Found
from codegen.mail.patch import Posted
from codegen.sites.code import code_tokens
from codegen.tree.changed import Changed


def used(view: View) -> Iterator[Remark]:
    """A new function that nothing calls or a new field that nothing reads is a promise unkept.

    A note in an RFC, which may seek opinions on the uAPI alone; that a flag is taken and ignored
    is an error there as well.
    """
    yield from acting.acted(view)
    for name, (patch, path, line) in _new_functions(view).items():
        if not _called(view, name):
            what = f"nothing calls {name}(): what userspace asks for has no effect"
            hint = "the mechanism belongs into the same series"
            yield Remark(what, patch.name, patch.line_at(path, line), hint, note=view.rfc)
    for name in sorted(new_fields(view)):
        if not _read(view, name):
            patch_name, line = _added(view, name)
            what = f"{name} is stored for a VM, and nothing reads it"
            hint = "the mechanism belongs into the same series"
            yield Remark(what, patch_name, line, hint, note=view.rfc)


def _new_functions(view: View) -> Mapping[str, tuple[Posted, str, int]]:
    """Functions of KVM that only the file can see or that are inline, where they are added."""
    found: dict[str, tuple[Posted, str, int]] = {}
    for patch, change in view.changes():
        if change.path.startswith(("arch/", "virt/", "include/linux/")) and _is_c(change):
            found |= {name: (patch, change.path, line) for name, line in _defined(change)}
    return found


def _is_c(change: Changed) -> bool:
    return change.path.endswith((".c", ".h")) and change.after is not None


def _defined(change: Changed) -> Iterator[tuple[str, int]]:
    if not any("static" in line for line in change.added.values()):
        return
    after = CSource(change.path, change.after or b"")
    before = CSource(change.path, change.before or b"")
    old = {extent.name for extent in before.all("function")}
    for extent in after.all("function"):
        if extent.name not in old and "static" in after.text(extent.start, extent.end).split()[:2]:
            yield extent.name, after.line(extent.start)


def _called(view: View, name: str) -> bool:
    """Whether code names a function elsewhere than where it is defined."""
    word = re.compile(rf"\b{name}\b".encode())
    count = sum(
        len(word.findall(view.after.tree.read(path)))
        for path in view.after.holding(name, view.after.kvm_prefixes())
    )
    return count > len(view.after.definitions("function", name))


def _read(view: View, name: str) -> bool:
    """Whether some function has the field anywhere but on the left of an assignment."""
    for path in view.after.holding(name, view.after.kvm_prefixes()):
        source = view.after.source(path)
        for extent in source.all("function"):
            words = [token.text for token in code_tokens(Found(source, extent))]
            for at, word in enumerate(words[:-1]):
                member = at and words[at - 1] in (".", "->")
                if word == name and member and words[at + 1] != "=":
                    return True
    return False


def _added(view: View, name: str) -> tuple[str, int]:
    word = re.compile(rf"\b{name};")
    for patch, change in view.changes("arch/"):
        for line in change.added.values():
            if word.search(line):
                return patch.name, patch.line_of(change.path, line)
    return view.patches[0].name, 0
