# SPDX-License-Identifier: GPL-2.0-only
"""Read what a boot left behind: init's words, the tests' output and the kernel's log."""

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass

EXCERPT = 40  # lines of log kept with a result


class Verdict(enum.StrEnum):
    """What is known after a test."""

    PASS = "pass"
    FAIL = "fail"
    CRASH = "crash"
    SKIP = "skip"
    INFRA = "infra"

    @property
    def good(self) -> bool:
        """Whether nothing is wrong: a test that skips has said why."""
        return self in (Verdict.PASS, Verdict.SKIP)


@dataclass(frozen=True)
class Subtest:
    """One (K)TAP line of a test's output; `verdict` is pass, fail or skip."""

    name: str
    verdict: Verdict
    detail: str = ""


@dataclass(frozen=True)
class Run:
    """What init said about one test; `how` is empty while it has not ended."""

    index: int
    output: tuple[str, ...]
    how: str = ""
    number: int = 0
    seconds: float = 0.0


_STAMP = re.compile(r"^(<\d+>)?(\[ *\d+\.\d+\](\[ *[TC]\d+\])? )?")
_DEFECT = re.compile(
    r"^(Kernel panic - not syncing|BUG: |Oops: |Oops:|kernel BUG at |watchdog: BUG: |UBSAN: "
    r"|WARNING: CPU: |WARNING: \S+:\d+ at |WARNING: (possible|suspicious|inconsistent|bad|nested) "
    r"|Internal error: |general protection fault|double fault|traps: PANIC|PANIC: |invalid opcode: "
    r"|stack segment: |unchecked MSR access error|Unable to handle kernel "
    r"|INFO: task .* blocked for more than|rcu: INFO: .* detected (expedited )?stall)"
)
# A kernel that prints these is gone: nothing after them belongs to a test.
_FATAL = re.compile(r"^Kernel panic - not syncing|^PANIC: |^traps: PANIC")
_END_OF_DEFECT = re.compile(r"^---\[ end (trace|Kernel panic)")
_TAP = re.compile(r"^(?:# )*\s*(not ok|ok) (\d+)[ \t]*(?:- )?(.*)$")
_DIRECTIVE = re.compile(r"\s*# (SKIP|TODO|XFAIL)\b[ -]*(.*)$", re.IGNORECASE)
_END = re.compile(r"^@gen end (\d+) (\w+) (\d+) (\d+)$")


def kernel_lines(console: str) -> tuple[str, ...]:
    """The kernel's log without its time stamps."""
    return tuple(_STAMP.sub("", line.rstrip("\r")) for line in console.splitlines())


def lines_of(index: int, console: str) -> tuple[str, ...]:
    """The kernel's lines from the start of test `index` to its end, or to the last line."""
    lines = kernel_lines(console)
    begin, end = f"gen: begin {index}", f"gen: end {index}"
    if begin not in lines:
        return ()
    rest = lines[lines.index(begin) + 1 :]
    return rest[: rest.index(end)] if end in rest else rest


def boot_lines(console: str) -> tuple[str, ...]:
    """The kernel's lines before the first test."""
    lines = kernel_lines(console)
    first = next((i for i, line in enumerate(lines) if line.startswith("gen: begin ")), None)
    return lines[:first]


def defects(lines: Sequence[str]) -> tuple[str, ...]:
    """Lines in which the kernel complains about itself, each with what belongs to it."""
    start = next((i for i, line in enumerate(lines) if _DEFECT.match(line)), None)
    if start is None:
        return ()
    # The "cut here" line and its like are noise; the trace's end is where to stop.
    found = lines[start:]
    stop = next((i for i, line in enumerate(found) if _END_OF_DEFECT.match(line)), len(found))
    return tuple(found[: min(stop + 1, EXCERPT)])


def guest_facts(output: str) -> dict[str, str]:
    """What init found in the guest, see init.c."""
    line = next((x for x in output.splitlines() if x.startswith("@gen guest ")), "")
    return dict(word.split("=", 1) for word in line.split()[2:] if "=" in word)


def refused_params(wanted: Sequence[str], output: str) -> tuple[str, ...]:
    """Those of `wanted` ("module.parameter=value") that the guest's kernel did not take.

    The kernel ignores a parameter that it does not know without a word.
    """
    lines = [line[11:] for line in output.splitlines() if line.startswith("@gen param ")]
    now = dict(line.split("=", 1) for line in lines if "=" in line)
    spelled = {"Y": "1", "N": "0", "y": "1", "n": "0", "on": "1", "off": "0"}
    found: list[str] = []
    for param in wanted:
        name, _, value = param.partition("=")
        if "." not in name:
            continue
        got = now.get(name, "")
        if not got:
            found.append(f"{param}: the kernel has no such parameter")
        elif spelled.get(got, got) != spelled.get(value, value):
            found.append(f"{param}: it is {got}")
    return tuple(found)


def runs(output: str) -> tuple[Run, ...]:
    """What init said of each test that it began."""
    found: list[Run] = []
    text: list[str] = []
    current: int | None = None
    # The last line may be half a line, of init as of a test.
    for line in output.split("\n"):
        line = line.rstrip("\r")
        end = _END.match(line)
        if line.startswith("@gen begin ") and line[11:].isdigit():
            current, text = int(line[11:]), []
        elif end and current == int(end[1]):
            found.append(Run(current, tuple(text), end[2], int(end[3]), int(end[4]) / 1000))
            current = None
        elif line.startswith("| ") and current is not None:
            text.append(line[2:])
    if current is not None:
        found.append(Run(current, tuple(text)))
    return tuple(found)


def subtests(output: Sequence[str]) -> tuple[Subtest, ...]:
    """The test points of (K)TAP output, those of kselftest's nested form ("# ok 1 …") as well."""
    found: list[Subtest] = []
    for line in output:
        point = _TAP.match(line)
        if not point:
            continue
        directive = _DIRECTIVE.search(point[3])
        name = point[3][: directive.start()] if directive else point[3]
        if directive and directive[1].upper() == "SKIP":
            verdict = Verdict.SKIP
        else:
            verdict = Verdict.PASS if point[1] == "ok" or directive else Verdict.FAIL
        detail = directive[2] if directive else ""
        found.append(Subtest(name.strip() or f"test {point[2]}", verdict, detail))
    return tuple(found)


def is_dead(console: str) -> bool:
    """Whether the kernel panicked, at boot or later."""
    return any(_FATAL.match(line) for line in kernel_lines(console))
