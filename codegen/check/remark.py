# SPDX-License-Identifier: GPL-2.0-only
"""What a check has to say about a series: which rule, where, what, and what would be right."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.base.printable import one_line


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing about a series; a note is no finding, the series may go out with it.

    `patch` is the name of the patch file and `line` a line of it, or 0.  A check leaves `rule`
    and `reason` to the list that it stands in.
    """

    message: str
    patch: str = ""
    line: int = 0
    hint: str = ""
    note: bool = False
    rule: str = ""
    reason: str = ""

    def render(self) -> str:
        """`patch:line: error: [rule] message`, and the hint, as text."""
        place = ":".join(str(part) for part in (one_line(self.patch), self.line) if part)
        kind = "note" if self.note else "error"
        first, *more = self.message.splitlines() or [""]
        lines = [f"{place}: {kind}: [{self.rule}] {first}".removeprefix(": ")]
        lines += [f"    {line}" for line in (*more, *self.hint.splitlines())]
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """The remark for `--json`: only the fields that say something."""
        said: dict[str, object] = {
            "rule": self.rule,
            "severity": "note" if self.note else "error",
            "message": self.message,
            "patch": self.patch,
            "line": self.line,
            "reason": self.reason,
            "hint": self.hint,
        }
        return {name: value for name, value in said.items() if value}
