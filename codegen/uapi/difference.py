# SPDX-License-Identifier: GPL-2.0-only
"""One difference between two ABIs, as data: what, where, from what to what, and how bad it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class Change(StrEnum):
    """What happened to a name. Those of `HARMLESS` are no error."""

    ADDED = "added"
    REMOVED = "removed"
    RENUMBERED = "renumbered"
    REWORDED = "reworded"  # a macro that is no number, compared by its tokens
    RESIZED = "resized"
    MOVED = "moved"  # a field to another offset
    TAKEN_TWICE = "taken twice"
    NUMBER = "number"  # such a macro has a value now
    HIDDEN = "hidden"  # no header that brought it does any more
    OTHER_HEADER = "other header"  # and who included the old one still gets it
    INTO_PADDING = "into padding"
    PADDING = "padding"
    EXTENDED = "extended"  # a limit that went up, a mask that has more bits
    UNSEEN = "unseen"  # added in a branch of an `#if` that no architecture takes


HARMLESS = frozenset(
    {
        Change.ADDED,
        Change.NUMBER,
        Change.OTHER_HEADER,
        Change.INTO_PADDING,
        Change.PADDING,
        Change.EXTENDED,
        Change.UNSEEN,
    }
)


@dataclass(frozen=True, slots=True)
class Difference:
    """`name` is a constant, `struct kvm_run`, a field `struct kvm_run.mmio.len` or a header.

    `before` and `after` are as people write the value, empty where there is none; `header` and
    `line` are the place in the second tree, of what is gone in the first.  `architectures` are
    those that it was seen on; `everywhere` says that these are all that have the header.
    """

    change: Change
    name: str
    header: str
    line: int
    before: str = ""
    after: str = ""
    architectures: tuple[str, ...] = ()
    everywhere: bool = True

    @property
    def breaks(self) -> bool:
        """Whether a program that was built before can notice: an error."""
        return self.change not in HARMLESS

    def as_json(self) -> dict[str, object]:
        """The difference for `--json`; only what says something."""
        said: dict[str, object] = {
            "change": str(self.change),
            "severity": "error" if self.breaks else "information",
            "name": self.name,
            "header": self.header,
            "line": self.line,
            "before": self.before,
            "after": self.after,
            "architectures": list(self.architectures),
        }
        return {key: value for key, value in said.items() if value not in ("", 0)}


def gathered(found: Iterable[Difference]) -> tuple[Difference, ...]:
    """The same difference of several architectures as one, by header and line, generic first."""
    seen: dict[Difference, list[str]] = {}
    for each in found:
        seen.setdefault(replace(each, architectures=()), []).extend(each.architectures)
    one = (replace(each, architectures=tuple(sorted(on))) for each, on in seen.items())
    # what has one place, such as the fields of a struct, stays in its order
    return tuple(sorted(one, key=lambda d: (d.header.startswith("arch/"), d.header, d.line)))
