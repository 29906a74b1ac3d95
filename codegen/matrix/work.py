# SPDX-License-Identifier: GPL-2.0-only
"""A job as it is done: its series, how it is built, and what was found so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from codegen.architectures import ARCHITECTURES
from codegen.base.errors import EnvironmentFailure, FindingsError
from codegen.base.findings import NotHere
from codegen.base.progress import Report
from codegen.base.resources import resources
from codegen.description.load import load
from codegen.matrix.asked import Until
from codegen.matrix.job import Job, as_bytes
from codegen.plan.variants import load_variant
from codegen.run.bench import Bench, open_bench
from codegen.run.build import Options
from codegen.run.guestlog import Verdict
from codegen.sandbox import sandbox
from codegen.series.identity import Known, identity, recall, refused, remember, remember_answer
from codegen.series.make import finish, open_tree, plan_for
from codegen.series.read import read_series
from codegen.series.record import digest
from codegen.series.series import Series
from codegen.tree.locate import TreeLocation

_LINES = 40  # of what is told of a failure


class Ended(Exception):
    """A step ended the job: with which verdict, on which patch, and whose lines say so."""

    def __init__(
        self,
        verdict: Verdict,
        reason: str,
        lines: Iterable[str] = (),
        patch: str = "",
    ) -> None:
        super().__init__(reason)
        self.verdict, self.reason, self.patch = verdict, reason, patch
        self.lines = tuple(line for text in lines for line in text.splitlines())[:_LINES]


@dataclass
class Work:
    """A job that is being done; what is found is added."""

    job: Job
    location: TreeLocation
    folder: Path
    report: Report
    held: ExitStack  # what is held until the job is done
    seconds: dict[str, float] = field(default_factory=dict)
    known: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    logs: dict[str, bytes] = field(default_factory=dict)

    @property
    def own(self) -> bool:
        """Whether gen makes the series: else it is a stranger's."""
        return bool(self.job.cell.variant)

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """The series as mails."""
        if not self.own:
            return {name: as_bytes(text) for name, text in self.job.files.items()}
        made = self._made()
        if made.refused:
            told = [each.render() for each in made.refused]
            verdict = Verdict.SKIP if self._absent else Verdict.FAIL
            raise Ended(verdict, made.refused[0].message, told)
        return made.files

    _absent = False
    patchset = ""
    patches: tuple[str, ...] = ()  # the names of all

    def _made(self) -> Known:
        """The series from the store, or made now."""
        job = self.job
        for file, text in job.files.items():
            path = self.folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(as_bytes(text))
        description = load(self.folder / next(iter(job.files)), job.path)
        variant = load_variant(resources("templates"), job.cell.variant)
        name = identity(description, variant, self.location, redundant=job.redundant)
        if name is None or name != job.made_of["series"]:
            raise EnvironmentFailure("this machine's gen would make another series of the job")
        found = recall(name)
        if found:
            self.known.append(Until.GENERATE)
            self._absent = bool(found.refused)
            return found
        try:
            with open_tree(self.location) as tree:
                plan = plan_for(description, variant, self.location, tree, redundant=job.redundant)
            return remember(finish(plan, self.location), name)
        except NotHere as answer:
            self._absent = True
            return remember_answer(answer, name)
        except FindingsError as problem:
            return refused(problem)

    @cached_property
    def whole(self) -> Series:
        """The series on its tree."""
        return read_series(self.files, self.location, self.report)

    @cached_property
    def bench(self) -> Bench:
        """Where it is built and tried, from the first step that asks to the job's end."""

        def waiting() -> None:
            self.report(0, None, "waiting for another run on this tree")

        opened = open_bench(self.location, self.options, waiting, self.stranger)
        return self.held.enter_context(opened)

    @property
    def series(self) -> Series:
        """As much of it as the job is of."""
        some = self.job.patches
        return self.whole if some is None else self.whole.first(some)

    @cached_property
    def stranger(self) -> str:
        """The digest of a stranger's series; it runs in the sandbox or not at all."""
        if self.own:
            return ""
        found = sandbox.found()
        if found.path is None:
            raise EnvironmentFailure(f"there is no sandbox on this machine: {found.why}")
        return digest(self.files)

    @cached_property
    def options(self) -> Options:
        """How it is built."""
        cell = self.job.cell
        options = Options(cell.compiler, ARCHITECTURES[cell.architecture])
        if not self.job.config:
            return options
        fragment = self.folder / "fragment.config"
        fragment.write_text(self.job.config)
        return replace(options, fragment=fragment)
