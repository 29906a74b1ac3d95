# SPDX-License-Identifier: GPL-2.0-only
"""Authors, as git takes them: a name that a mail would lose or change is refused.

`git am` must give the author that the description names.  On the way the name passes git's
mailinfo.c, get_sane_name() and cleanup_space(), and ident.c, strbuf_addstr_without_crud().
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from codegen.vocabulary.rules import Problem

_CRUD = ".,:;<>\"\\'"  # ident.c, crud(), beside white space
_LONGEST_NAME = 60  # bytes; mailinfo.c takes the address for the name of a longer one


def author(value: str) -> Iterator[Problem]:
    """The rule that `Name <mail>` comes out of a mail as it went in."""
    name, _, address = value.partition(" <")
    address = address.rstrip(">")
    if not re.search(r"\w", name):
        yield Problem("a name without a letter", 0, "the name of a person")
        return
    if name.startswith("(") and name.endswith(")"):
        yield Problem("git drops the brackets around a name", 0, "leave them out")
    elif found := re.search(r"[@\"\\]|(?<!^)[;,:()\[\]](?!$)", name):  # RFC 5322, specials
        hint = "write the name without quotes" if found[0] in '"\\' else "leave it out"
        yield Problem(f"a mail has `{found[0]}` for something else", found.start(), hint)
    if found := re.search(r"^\s|\s(?=\s)|\s$", name):
        yield Problem("a blank that git drops", found.start(), "one blank between two words")
    for text, at in ((name, 0), (address, value.index(" <") + 2)):
        for index in (0, -1):
            if text[index] in _CRUD.replace('"', "").replace("\\", ""):
                end = "begin" if index == 0 else "end"
                message = f"git drops the `{text[index]}` at the {end} of it"
                yield Problem(message, at + index % len(text), "leave it out")
    if len(name.encode()) > _LONGEST_NAME:
        message = f"a name of {len(name.encode())} bytes, for which git puts the address"
        yield Problem(message, 0, f"at most {_LONGEST_NAME}")
