# SPDX-License-Identifier: GPL-2.0-only
"""What a series declares is declared once: members of a struct, macros and symbols of Kconfig."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from codegen.base.findings import Finding, error
from codegen.c.outline import outline
from codegen.c.source import CSource, Token
from codegen.kernel.kconfig import ENTRY
from codegen.mail.patch import Patch

_Declared = Mapping[tuple[str, str], list[int]]  # what of, its name, and at which offsets
_WORD = re.compile(rb"[A-Za-z_]\w*")


def check_once(patches: Iterable[Patch]) -> None:
    """Nothing that gen writes is there already under the same name in the same file.

    What the tree itself has in several branches of an `#if` is its own affair.  Raises
    FindingsError with both lines.
    """
    for patch in patches:
        for path, change in patch.changes.items() if patch.edits else ():
            after = change.after or b""
            new = frozenset(
                w for span in change.new for w in _WORD.findall(after[span.start : span.end])
            )
            twice = {key: at for key, at in _declared(path, after, new).items() if len(at) > 1}
            before = _declared(path, change.before or b"", new) if twice else {}
            for (of, name), places in twice.items():
                if len(places) > max(1, len(before.get((of, name), ()))):
                    first, last = (after.count(b"\n", 0, at) + 1 for at in (places[0], places[-1]))
                    what = f"{of} `{name}` would be there twice: {path}:{first} and {last}"
                    raise error(Finding(what, hint="the description has to use another name"))


def _declared(path: str, data: bytes, names: frozenset[bytes]) -> _Declared:
    """Those of some names that a file declares, with their offsets."""
    found: dict[tuple[str, str], list[int]] = {}
    for of, name, at in _all(path, data, names):
        if name.encode() in names:
            found.setdefault((of, name), []).append(at)
    return found


def _all(path: str, data: bytes, names: frozenset[bytes]) -> Iterator[tuple[str, str, int]]:
    """What a file declares; of structs in which none of the names stands, nothing."""
    if path.rpartition("/")[2].startswith("Kconfig"):
        for match in ENTRY.finditer(data.decode("latin-1")):
            yield "the symbol", match[1], match.start()
    elif path.endswith(".h"):
        source = CSource(path, data)
        for name, macros in outline(data).macros.items():
            for macro in macros:
                yield "the macro", name, macro.start
        for extent in source.all("struct"):
            if names.isdisjoint(_WORD.findall(data[extent.start : extent.end])):
                continue
            tokens = source.tokens(extent.start, extent.end)
            for token in _members([each for each in tokens if not each.comment]):
                yield f"struct {extent.name}: the member", token.text, token.start


def _members(tokens: list[Token]) -> Iterator[Token]:
    """The names of a struct's members, but for those of structs within and of functions."""
    braces = brackets = 0
    for token, behind in zip(tokens, [*tokens[1:], None], strict=True):
        braces += (token.text == "{") - (token.text == "}")
        brackets += (token.text in "([") - (token.text in ")]")
        ends = behind is not None and behind.text in (";", ",", "[", ":")
        if braces == 1 and not brackets and ends and token.text.isidentifier():
            yield token
