# SPDX-License-Identifier: GPL-2.0-only
"""What was seen of each variant: checks, tests, mutants, and what it became when it was built.

All of it is read from the store; `codegen.compare.work` finds out what is not there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from codegen.base.errors import EnvironmentFailure
from codegen.compare.contender import Contender
from codegen.compare.kernel import changes
from codegen.compare.measures import program_key
from codegen.compare.model import Chapter, Figure, Question, Worst, unknown
from codegen.compare.userspace import absent
from codegen.run import kept, objects
from codegen.run.build import Options
from codegen.run.identity import trial_key
from codegen.run.objects import STRUCTS, Objects
from codegen.run.selftests import FOLDER
from codegen.store import owncode
from codegen.store.store import Kept, key, store
from codegen.tree.plumbing import git

CHECK, MEASURED = "check", "measured"
_CHECKS = ("c", "uapi", "kernel", "mail", "check")  # rooms that take part


@dataclass(frozen=True)
class Evidence:
    """What the store has of a contender; `failed` is why the rest could not be found out."""

    check: Kept | None = None
    trial: Kept | None = None
    mutants: Kept | None = None
    before: Objects | None = None
    after: Objects | None = None
    measured: Kept | None = None
    failed: str = ""


def base_tree(contender: Contender) -> str | None:
    """The id of the git tree below the series; None for a folder."""
    location = contender.location
    if location.git_dir is None or location.commit is None:
        return None
    return _tree_of(location.git_dir, location.commit)


@lru_cache(maxsize=16)
def _tree_of(git_dir: Path, commit: str) -> str:
    return git(git_dir, "rev-parse", f"{commit}^{{tree}}")


def check_key(contender: Contender) -> str:
    """The key of what the checks that build nothing say of a series."""
    location = contender.location
    return key(
        owncode.code(_CHECKS, "codegen.check.run"),
        dict(contender.series.files),
        location.commit or "",
    )


def recall(contender: Contender, options: Options, failed: str = "") -> Evidence:
    """What the store has."""
    base = base_tree(contender)
    if not contender.made or base is None:
        return Evidence(failed=failed)
    check = store().get(CHECK, check_key(contender))
    try:
        asked = trial_key(options, base, contender.series.tip)
        before = objects.recall(options, base)
        after = objects.recall(options, contender.series.tip)
    except EnvironmentFailure as problem:  # no compiler, no QEMU
        return Evidence(check, failed=str(problem))
    trial, mutants = (kept.recall(kind, asked) for kind in (kept.TRIAL, kept.MUTANTS))
    measured = store().get(MEASURED, key(asked, program_key(contender)))
    return Evidence(check, trial, mutants, before, after, measured, failed)


def sections(contenders: Sequence[Contender], found: Sequence[Evidence]) -> tuple[Chapter, ...]:
    """The rows of what was built, and of what was seen."""
    pairs = list(zip(contenders, found, strict=True))

    def row(
        name: str,
        about: str,
        ask: Callable[[Contender, Evidence], Figure],
        worst: Worst = Worst.NONE,
        *,
        prose: bool = False,
    ) -> Question:
        figures = (ask(s, each) if s.made else absent(s) for s, each in pairs)
        return Question(name, about, tuple(figures), worst, prose)

    built = [row("text", "growth of its objects' text", _text, Worst.MOST)]
    for struct in STRUCTS:
        built += [
            row(struct, f"growth of struct {struct}", _of_struct(struct, "size"), Worst.MOST),
            row(f"{struct}-holes", "  and of the holes in it", _of_struct(struct, "holes")),
        ]
    built += [
        row("instructions", "instructions more in the files that ask", _instructions, Worst.MOST),
        row("functions", "functions that changed there", _functions, prose=True),
    ]
    seen = [
        row("findings", "findings of gen check", _findings, Worst.MOST),
        row("with", "its test, with the series", _rows_of("series: ", own=True)),
        row("without", "its test, without it", _rows_of("base: ", own=True)),
        row("conditions", "its test, otherwise configured", _rows_of("series ", own=True)),
        row("existing", "tests that it changes", _rows_of("series: ", own=False)),
        row("mutants", "mutants noticed", _mutants),
        row("accel", "ran on", _accel, prose=True),
    ]
    return Chapter("As it was built", tuple(built)), Chapter("Evidence", tuple(seen))


def _not_seen(each: Evidence, what: str) -> Figure:
    return unknown(each.failed or f"not {what} yet: gen compare without --quick does so")


def _findings(contender: Contender, each: Evidence) -> Figure:
    if each.check is None:
        return _not_seen(each, "checked")
    said = each.check.said
    return Figure(
        said["findings"],
        source=f"gen check --no-build: {said['checks']} checks",
        log="\n".join(said["remarks"]),
    )


def _rows_of(lead: str, *, own: bool) -> Callable[[Contender, Evidence], Figure]:
    """The verdicts on the tests that a series adds (`own`), or on others that it changes."""

    def asked(contender: Contender, each: Evidence) -> Figure:
        if each.trial is None:
            return _not_seen(each, "run")
        added = {file.path for file in changes(contender.series) if file.new}
        rows = [
            row
            for row in each.trial.said["results"]
            if row["name"].startswith(lead) and own == (_path(row["name"]) in added)
        ]
        if not rows:
            return unknown(f"no such test ran{'' if own else ': gen test runs it'}")
        counts = Counter(map(_verdict, rows))
        text = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
        return Figure(text, source=_source(each.trial), log="\n".join(_told(rows)))

    return asked


def _path(row: str) -> str:
    """The file of the test that a row is of."""
    return f"{FOLDER}/{row.partition(': ')[2]}.c"


def _verdict(row: Mapping[str, Any]) -> str:
    """A verdict; `as it must: skip, …` is the row of a test that rightly does not pass."""
    must, _, said = str(row["reason"]).partition(": ")
    return f"{said.partition(',')[0]}, {must}" if must == "as it must" else str(row["verdict"])


def _told(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for row in rows:
        yield f"{row['verdict']:5} {row['seconds']:6.2f} s  {row['name']}  {row['reason']}".rstrip()
        yield from (f"    {line}" for line in row["log"])


def _source(trial: Kept) -> str:
    logs = ", ".join(trial.where(name) for name in trial.files if name.endswith("output.log"))
    return f"gen test; logs: {logs}" if logs else "gen test"


def _mutants(contender: Contender, each: Evidence) -> Figure:
    if each.mutants is None:
        return unknown("gen compare makes no mutants, gen test does")
    said = each.mutants.said
    tried = said["noticed"] + said["survived"]
    if not tried:
        return unknown("gen test could make no mutant of it")
    log = "\n".join(_told(said["results"]))
    return Figure(f"{said['noticed']} of {tried}", source="gen test", log=log)


def _accel(contender: Contender, each: Evidence) -> Figure:
    if each.trial is None:
        return _not_seen(each, "run")
    said = each.trial.said
    where = f"Linux {said['kernel']} for {said['arch']}, {said['accel']['name']}"
    return Figure(where, source=_source(each.trial))


def _grown(each: Evidence) -> tuple[Objects, Objects] | None:
    return (each.before, each.after) if each.before and each.after else None


def _text(contender: Contender, each: Evidence) -> Figure:
    both = _grown(each)
    if both is None:
        return _not_seen(each, "built")
    paths = [c.path for c in changes(contender.series) if c.path in both[1].text]
    if not paths:
        return unknown("it changes no C file that is built for this architecture")
    grown = sum(both[1].text[path] - both[0].text.get(path, 0) for path in paths)
    return Figure(grown, "bytes", f"size of the objects of {', '.join(paths)}")


def _of_struct(struct: str, what: str) -> Callable[[Contender, Evidence], Figure]:
    def asked(contender: Contender, each: Evidence) -> Figure:
        both = _grown(each)
        if both is None:
            return _not_seen(each, "built")
        if any(struct not in one.structs for one in both):
            return unknown(f"KVM's header has no struct {struct} that is defined")
        old, new = (getattr(one.structs[struct], what) for one in both)
        return Figure(new - old, "bytes", f"DWARF of struct {struct}: {old}, then {new}")

    return asked


def _asking(contender: Contender) -> list[str]:
    """The files where the mechanism asks the predicate."""
    patches = contender.series.manifest["patches"]
    sites = (site for each in patches if each["part"] == "mechanism" for site in each["sites"])
    return [path for path in dict.fromkeys(site["file"] for site in sites) if path.endswith(".c")]


def _instructions(contender: Contender, each: Evidence) -> Figure:
    found = _changed(contender, each)
    if isinstance(found, Figure):
        return found
    more = sum(new - old for old, new in found.values())
    return Figure(more, source=f"objdump -d of {', '.join(_asking(contender))}")


def _functions(contender: Contender, each: Evidence) -> Figure:
    found = _changed(contender, each)
    if isinstance(found, Figure):
        return found
    told = ", ".join(f"{name}() {old} to {new}" for name, (old, new) in found.items())
    return Figure(told or "none", source=f"objdump -d of {', '.join(_asking(contender))}")


def _changed(contender: Contender, each: Evidence) -> Mapping[str, tuple[int, int]] | Figure:
    """The functions with other numbers of instructions than before, in the files that ask."""
    both = _grown(each)
    if both is None:
        return _not_seen(each, "built")
    paths = [path for path in _asking(contender) if path in both[1].instructions]
    if not paths:
        return unknown("no patch of the series asks the predicate in a file that is built")
    found = {}
    for path in paths:
        before, after = (one.instructions.get(path, {}) for one in both)
        for name in dict.fromkeys([*after, *before]):
            pair = before.get(name, 0), after.get(name, 0)
            if pair[0] != pair[1]:
                found[name] = pair
    return found
