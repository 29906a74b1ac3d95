# SPDX-License-Identifier: GPL-2.0-only
"""A C file without what stands in its functions, which is most of it: the parser takes half of the
time, and a patch that changes nothing else leaves it a text that it has read already.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

# A function's head and its brace, as the kernel's style has them, and the brace that closes it.
_OPEN, _CLOSE = b")\n{\n", b"\n}"


@dataclass(frozen=True, slots=True)
class Bodiless:
    """A file's text without bodies.

    `places` are where in the text they stood, `left_out` how many bytes of the file are left out up
    to each of them, that of nothing first.
    """

    text: bytes
    places: Sequence[int]
    left_out: Sequence[int]

    def offset(self, at: int) -> int:
        """The offset in the file of what stands at one of the text."""
        return at + self.left_out[bisect_left(self.places, at)]


def bodiless(data: bytes) -> Bodiless:
    """A file without the bodies of functions, as far as they end where their style says so.

    One that leaves a bracket or a comment open, or has a line for the preprocessor, stays.
    """
    pieces: list[bytes] = []
    places: list[int] = []
    left_out = [0]
    at = 0
    begin = data.find(_OPEN)
    while begin >= 0:
        first = begin + len(_OPEN)
        last = data.find(_CLOSE, first - 1) + 1
        if not last:
            break
        body = data[first:last]
        if body and _whole(body):
            pieces.append(data[at:first])
            places.append(first - left_out[-1])
            left_out.append(left_out[-1] + len(body))
            at = last
        begin = data.find(_OPEN, last)
    return Bodiless(b"".join([*pieces, data[at:]]), places, left_out)


def _whole(body: bytes) -> bool:
    """Whether all that a body opens is closed in it, and nothing else."""
    if b"#" in body:
        return False
    depth = 0
    *closed, rest = body.split(b"}")
    for each in closed:
        depth += each.count(b"{") - 1
        if depth < 0:  # this one was the function's
            return False
    if depth + rest.count(b"{"):
        return False
    pairs = ((b"(", b")"), (b"/*", b"*/"))
    return all(body.count(a) == body.count(b) and body.find(a) <= body.find(b) for a, b in pairs)
