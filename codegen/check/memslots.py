# SPDX-License-Identifier: GPL-2.0-only
"""New flags of memslots: taken by the ioctls that they are documented for, where they act."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from codegen.c.source import Token
from codegen.c.statements import nesting
from codegen.check.remark import Remark
from codegen.check.view import NewMacro, View
from codegen.kernel.survey import API, Survey
from codegen.sites.code import code_tokens, functions_naming
from codegen.uapi.writing import FIRST_FLAG

_V1_FLAGS = "KVM_SET_USER_MEMORY_REGION_V1_FLAGS"
_V1 = "KVM_SET_USER_MEMORY_REGION"


def accepted(view: View) -> Iterator[Remark]:
    """A new flag is in the mask of each ioctl that documents it, and gated where few act on it."""
    for macro in view.new_named("KVM_MEM_"):
        yield from _everywhere(view, macro)
        yield from _first_ioctl(view, macro)


def _everywhere(view: View, macro: NewMacro) -> Iterator[Remark]:
    """A flag that every architecture takes, and that generic code never looks at."""
    masks = list(functions_naming(view.after, view.after.folders.code, FIRST_FLAG, macro.name))
    ungated = [found for found, tokens in masks if _ungated(tokens, macro.name)]
    if not ungated or _reads(view.after, macro.name):
        return
    acting = [p for p in view.after.files("arch/") if _is_code(p) and _has(view, p, macro.name)]
    where = ungated[0].extent.name
    what = f"{where}() takes {macro.name} on every architecture, "
    what += f"and only {acting[0].split('/')[1]} acts on it" if acting else "and none acts on it"
    hint = "IS_ENABLED() of a symbol that the architectures select, as KVM_MEM_READONLY is gated"
    yield Remark(what, macro.patch.name, macro.line, hint)


def _is_code(path: str) -> bool:
    return path.endswith((".c", ".h")) and "/uapi/" not in path and "/kvm" in path


def _has(view: View, path: str, name: str) -> bool:
    return bool(re.search(rf"\b{name}\b".encode(), view.after.tree.read(path)))


def _ungated(tokens: Sequence[Token], name: str) -> bool:
    """Whether a function adds a flag to a mask without a condition of any kind."""
    depths = [conditions for _, conditions in nesting(tokens)]
    for at, token in enumerate(tokens):
        if token.text != name or depths[at]:
            continue
        first = at
        while first and tokens[first - 1].text not in (";", "{", "}"):
            first -= 1
        words = [t.text for t in tokens[first:at]]
        adds = any(word in ("|=", "|", "=") for word in words) and "&" not in words
        if adds and not {"if", "?", "IS_ENABLED", "case"} & set(words):
            return True
    return False


def _reads(survey: Survey, name: str) -> bool:
    """Whether generic code tests the flag of a memslot that is there: `slot->flags & NAME`."""
    for _, tokens in functions_naming(survey, survey.folders.code, name, suffix=""):
        words = [token.text for token in tokens]
        for at, word in enumerate(words):
            if word == name and at > 1 and words[at - 1] == "&" and words[at - 2] == "flags":
                return True
    return False


def _first_ioctl(view: View, macro: NewMacro) -> Iterator[Remark]:
    """A flag that api.rst lists for the first ioctl, which refuses what is not in its mask."""
    masks = view.after.definitions("macro", _V1_FLAGS)
    if not masks or any(t.text == macro.name for mask in masks for t in code_tokens(mask)):
        return
    if macro.name in _section(view):
        what = f"{API} lists {macro.name} for {_V1}, which refuses it"
        hint = f"add it to {_V1_FLAGS}, or document it for the second ioctl only"
        yield Remark(what, macro.patch.name, macro.line, hint)


def _section(view: View) -> str:
    """The section on the first ioctl."""
    from codegen.check.docs import sections

    text = "".join(
        view.after.tree.read(path).decode("utf-8", "replace")
        for path in view.after.files("Documentation/virt/kvm/")
    )
    title = re.compile(rf"^[\d. ]*{_V1}\s*$", re.M)
    own = (part for _, part in sections(text) if title.match(part.lstrip("\n")))
    return next(own, "")
