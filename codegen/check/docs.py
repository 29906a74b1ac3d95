# SPDX-License-Identifier: GPL-2.0-only
"""Documentation: what its build would complain of, and text that prescribes; rules R9 and R15."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from codegen.check.remark import Remark
from codegen.check.view import View
from codegen.mail.patch import Posted
from codegen.store import answers
from codegen.tree.changed import Changed
from codegen.vocabulary import rst

_RULE = re.compile(r"([=-])\1{3,}\s*")
# What Sphinx knows and docutils alone does not.
_SPHINX = re.compile(
    "Unknown interpreted text role|Unknown directive type|No role entry|No directive entry"
    "|directive disabled|Cannot analyze code|No Pygments lexer"
)
_TARGET = re.compile(r'Unknown target name: "([^"]*)"|Undefined substitution referenced: "([^"]*)"')
_CALL = re.compile(r"\b([a-z]\w*_\w+)\(\)")
_MAX = 2 << 20  # bytes; api.rst, the longest, has 0.4 MB


@dataclass(frozen=True, slots=True)
class Complaint:
    """What docutils says of a line of a document."""

    line: int
    text: str

    @property
    def key(self) -> str:
        """The words without numbers, which are those of lines and columns."""
        return re.sub(r"\d+", "N", self.text)


def built(view: View) -> Iterator[Remark]:
    """R15: touched sections of .rst files bring docutils no complaint that was not there."""
    for patch, change in view.changes("Documentation/"):
        if change.path.endswith(".rst") and change.after is not None:
            yield from _new_complaints(patch, change)


def _new_complaints(patch: Posted, change: Changed) -> Iterator[Remark]:
    before, after = (
        sections((data or b"")[:_MAX].decode("utf-8", "replace"))
        for data in (change.before, change.after)
    )
    same = {text for _, text in before} & {text for _, text in after}
    known = Counter(c.key for _, text in before if text not in same for c in complaints(text))
    whole = (change.after or b"").decode("utf-8", "replace")
    added = change.added
    for start, text in after:
        for complaint in complaints(text) if text not in same else ():
            if known[complaint.key] > 0 or _elsewhere(complaint.text, whole):
                known[complaint.key] -= 1
                continue
            number = start + complaint.line
            near = next((n for n in range(number, number + 3) if n in added), 0)
            line = patch.line_of(change.path, added[near]) if near else 0
            yield Remark(f"{change.path}:{number}: {complaint.text}", patch.name, line)


def sections(text: str) -> list[tuple[int, str]]:
    """A document's sections, each with the number of lines before it."""
    lines = text.split("\n")
    rules = [i for i in range(1, len(lines)) if _RULE.fullmatch(lines[i]) and _title(lines, i)]
    cuts = sorted({0, *(i - 1 for i in rules)})
    parts = zip(cuts, [*cuts[1:], len(lines)], strict=True)
    return [(start, "\n".join(lines[start:end]) + "\n") for start, end in parts]


def _title(lines: list[str], rule: int) -> bool:
    """Whether the line above a rule is a title: text at the margin, behind an empty line."""
    title = lines[rule - 1]
    over = rule > 1 and lines[rule - 2].strip()
    return bool(title.strip()) and not title[0].isspace() and not over


def complaints(text: str) -> list[Complaint]:
    """What docutils says of a piece of a document; nothing is included or run.

    It is asked once for the same text.
    """
    question = [
        answers.made_by("docutils", __name__, rst.__name__),
        text.encode("utf-8", "surrogatepass"),
    ]
    said = answers.known("docutils", question)
    if said is None:
        said = _asked(text)
        answers.keep("docutils", question, said)
    return [Complaint(line, words) for line, words in said if not _SPHINX.search(words)]


def _asked(text: str) -> list[tuple[int, str]]:
    """The lines of docutils' messages, and their words."""
    return [
        (
            said.get("line", 0),
            re.sub(r"^<string>:\S*\s*\(\w+/\d\)\s*", "", said.astext().partition("\n")[0]),
        )
        for said in rst.messages(rst.doctree(text))
    ]


def _elsewhere(complaint: str, whole: str) -> bool:
    """Whether a target that a section lacks is somewhere else in the document."""
    match = _TARGET.search(complaint)
    if match is None:
        return False
    name = re.escape(match[1] or match[2])
    there = rf"^\.\. (_`?{name}`?:|\[#?{name}\]|\|{name}\|)|^{name}$"
    return bool(re.search(there, whole, re.M | re.I))


def permits(view: View) -> Iterator[Remark]:
    """R9: the text of the ABI says what may happen, and names no function inside of KVM."""
    for patch, change in view.changes("Documentation/virt/kvm/api.rst"):
        for line in change.added.values():
            for name in _CALL.findall(line):
                if view.after.definitions("function", name):
                    what = f"{name}() is inside of KVM, the ABI cannot depend on it"
                    hint = "say what userspace may rely on"
                    number = patch.line_of(change.path, line)
                    yield Remark(what, patch.name, number, hint, note=True)
