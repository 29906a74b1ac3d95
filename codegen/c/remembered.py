# SPDX-License-Identifier: GPL-2.0-only
"""What the parser says of a file, asked once for the same bytes: the store of results knows it."""

from __future__ import annotations

from typing import Any

from codegen.c.apart import apart
from codegen.store import answers

_KIND = "parsed"
_SMALL = 8 << 10  # bytes: what is smaller is parsed in the time that it takes to look it up
_MOST = (
    400  # answers that are kept: all that gen asks of some trees; one of a large file has 0.2 MB
)


def remembered(module: str, function: str, path: str, data: bytes, /, *arguments: Any) -> Any:
    """What `codegen.c.apart.apart` answers, as JSON has it: lists for tuples.

    The function's answer depends on `data` and the arguments alone, not on the path.
    """
    if len(data) < _SMALL:
        return apart(module, function, path, data, *arguments)
    question = [parser(module), function.encode(), data, repr(arguments).encode()]
    said = answers.known(_KIND, question)
    if said is None:
        said = apart(module, function, path, data, *arguments)
        answers.keep(_KIND, question, said, _MOST)
    return said


def parser(*modules: str) -> bytes:
    """What an answer depends on beside the question: the parser, and gen's modules that ask it."""
    return answers.made_by("libclang", *modules)
