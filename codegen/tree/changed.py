# SPDX-License-Identifier: GPL-2.0-only
"""What a patch does to a file: its bytes before and behind, and which of them are new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class NewSpan:
    """Bytes of a file that are a patch's; `template` made them, where gen did."""

    start: int
    end: int
    template: str = ""


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines that a diff takes away and lines that it adds there, without context.

    `old` and `new` are the numbers of the first line before and behind the patch.
    """

    old: int
    removed: int
    new: int
    added: tuple[str, ...]


@dataclass(frozen=True)
class Changed:
    """What a patch does to a file: its bytes before and behind; None where there is none.

    `new` are the bytes that are the patch's, in order; `hunks` is what git says of it, as soon as
    the patch is a diff.  `mode` is git's, where it is none that a file has by itself.
    """

    path: str
    before: bytes | None
    after: bytes | None
    new: tuple[NewSpan, ...] = ()
    hunks: tuple[Hunk, ...] = ()
    mode: str = ""

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Where each line of the file behind the patch begins, and where one behind them would."""
        sizes = (len(line) + 1 for line in (self.after or b"").split(b"\n"))
        return tuple(accumulate(sizes, initial=0))

    @cached_property
    def added(self) -> Mapping[int, str]:
        """The lines that git counts as added, by their numbers in the file behind the patch."""
        return {
            number: text for hunk in self.hunks for number, text in enumerate(hunk.added, hunk.new)
        }
