# SPDX-License-Identifier: GPL-2.0-only
"""A memslot flag that userspace can set is acted on: to take it and do nothing is a lie."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from codegen.architectures import ARCHITECTURES
from codegen.c.pattern import find
from codegen.c.source import Token
from codegen.c.statements import closing
from codegen.check.remark import Remark
from codegen.check.view import NewMacro, View
from codegen.kernel.survey import Survey
from codegen.sites.code import functions_naming
from codegen.tree.reader import read_or_none
from codegen.uapi.writing import FIRST_FLAG


def acted(view: View) -> Iterator[Remark]:
    """A new flag of memslots that some architecture takes, and that no code asks a memslot for.

    To refuse a memslot for its flag is no effect.  A flag behind a symbol that nothing selects is
    taken nowhere.  In an RFC it is an error as well: userspace cannot tell one.
    """
    for macro in view.new_named("KVM_MEM_"):
        if _taken(view, macro) and not _asked(view, macro.name):
            what = f"{macro.name} is taken, and nothing acts on it"
            hint = (
                "the mechanism belongs into the same series; until then, no architecture takes it"
            )
            yield Remark(what, macro.patch.name, macro.line, hint)


def _taken(view: View, macro: NewMacro) -> bool:
    """Whether a mask of valid flags has it, on an architecture that there is."""
    for _, tokens in functions_naming(
        view.after, view.after.folders.code, FIRST_FLAG, macro.name, suffix=(".c", ".h")
    ):
        for match in find(f"|= {macro.name}", tokens):
            gates = _gates(tokens, match.first)
            if not gates or any(_selected(view, gate) for gate in gates):
                return True
    return False


def _gates(tokens: Sequence[Token], at: int) -> set[str]:
    """The symbols that a statement and the `#if` above it depend on."""
    first = at
    while first and tokens[first - 1].text not in (";", "{", "}"):
        first -= 1
    return {
        token.text.removeprefix("CONFIG_")
        for token in tokens[first:at]
        if token.text.startswith("CONFIG_")
    }


def _selected(view: View, symbol: str) -> bool:
    """Whether Kconfig of KVM or of an architecture selects a symbol, or it is on by itself."""
    selects = re.compile(rf"^\s*select\s+{symbol}\b", re.M)
    itself = re.compile(rf"^config {symbol}\n(?:\s+.*\n)*?\s+(?:def_bool|default)\s+y\b", re.M)
    for path in filter(None, _kconfigs(view.after)):
        text = (read_or_none(view.after.tree, path) or b"").decode("utf-8", "replace")
        if selects.search(text) or itself.search(text):
            return True
    return False


def _kconfigs(survey: Survey) -> Iterator[str | None]:
    yield survey.folders.kconfig
    for arch in ARCHITECTURES:
        yield survey.folders.arch_kconfig(arch)
        yield from survey.files(f"arch/{arch}/Kconfig")


def _asked(view: View, name: str) -> bool:
    """Whether code asks for the flag and does something else than to refuse the memslot."""
    return any(
        token.text == name and not _in_mask(tokens, at) and not _refuses(tokens, at)
        for _, tokens in functions_naming(
            view.after, view.after.kvm_prefixes(), name, suffix=(".c", ".h")
        )
        for at, token in enumerate(tokens)
    )


def _in_mask(tokens: Sequence[Token], at: int) -> bool:
    """Whether a flag is one of a mask that is made there, and not of one that is asked for."""
    first = at
    while tokens[first - 1].text == "|" or (tokens[first].text == "|" and first < at):
        first -= 1
    if tokens[first - 1].text in ("|=", "=", "~"):
        return True
    listed = first < at or tokens[at + 1].text == "|"
    return listed and [t.text for t in tokens[first - 2 : first]] != ["&", "("]


def _refuses(tokens: Sequence[Token], at: int) -> bool:
    """Whether a condition is that of an `if` which refuses at once: `if (…) return -EINVAL`."""
    for head in range(1, at):
        if tokens[head].text != "if" or tokens[head - 1].text == "#":
            continue
        end = closing(tokens, head + 1)
        behind = [token.text for token in tokens[end + 1 : end + 5]]
        if end > at and "".join(behind).removeprefix("{").startswith("return-EINVAL"):
            return True
    return False
