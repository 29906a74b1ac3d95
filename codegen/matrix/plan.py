# SPDX-License-Identifier: GPL-2.0-only
"""From what is asked for to jobs: descriptions, series and trees are looked up, once each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from codegen.architectures import ARCHITECTURES
from codegen.base.errors import EnvironmentFailure, UsageError
from codegen.base.findings import Finding, error
from codegen.base.nearest import did_you_mean
from codegen.base.progress import Report
from codegen.base.resources import resources
from codegen.description.load import Description, load
from codegen.mail.given import read_given
from codegen.matrix.asked import ALL, PLAIN, Request, Until
from codegen.matrix.cells import Cell, Tried, expand
from codegen.matrix.job import Job, TreeWanted, as_bytes, as_text, own_code, programs
from codegen.matrix.trees import looked_up, wanted
from codegen.plan.variants import load_variant, variant_names
from codegen.run.config import parse_fragment
from codegen.series.identity import identity
from codegen.series.make import find_description
from codegen.series.record import digest
from codegen.tree.locate import TreeLocation

Programs = Callable[[Cell, Until], Mapping[str, str]]


@dataclass(frozen=True)
class Planned:
    """A cell with its job; `why` is why it has none, be it that it is skipped or that this machine
    lacks what names it."""

    cell: Cell
    job: Job | None = None
    why: str = ""
    key: str = ""


@dataclass(frozen=True)
class _Read:
    """A description or a series as it is tried."""

    subject: Tried
    path: str
    files: Mapping[str, str]
    description: Description | None = None


@dataclass
class _Planner:
    request: Request
    programs: Programs
    report: Report
    identities: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def read(self) -> list[_Read]:
        asked = self.request.asked
        found = [self._description(name) for name in self._descriptions()]
        return found + [self._series(name) for name in dict.fromkeys(asked.series or ())]

    def _descriptions(self) -> list[str]:
        """The names, `all` written out; one without a mechanism has nothing that could be tried."""
        asked = self.request.asked.descriptions or []
        if ALL not in asked:
            return list(dict.fromkeys(asked))
        shipped = sorted(path for path in resources("abi").glob("*.yaml"))
        return [path.stem for path in shipped if load(path, path.name).knob.mechanism]

    def _description(self, name: str) -> _Read:
        """One description with its variants: those that are named, or `all` that it describes."""
        path, shown = find_description(name)
        if path == Path(name):
            path = self.request.path(name)
        if not path.is_file():
            shipped = sorted(each.stem for each in resources("abi").glob("*.yaml"))
            near = did_you_mean(name, shipped)
            raise UsageError(
                f"no description {name!r}{near}; by name there are: {', '.join(shipped)}"
            )
        made = load(path, shown)
        templates = resources("templates")
        named = self.request.asked.variants
        names = variant_names(templates) if ALL in named else dict.fromkeys(named)
        loaded = {each: load_variant(templates, each) for each in names}
        absent = {
            each: f"{name} says nothing of {variant.section}"
            for each, variant in loaded.items()
            if made.knob.section(variant.section) is None
        }
        if ALL in named:
            loaded = {each: variant for each, variant in loaded.items() if each not in absent}
        only_on = {each: variant.only_on for each, variant in loaded.items() if variant.only_on}
        subject = Tried(name, tuple(loaded), tuple(made.knob.architectures), absent, only_on)
        texts = {each: as_text(data) for each, data in made.files(path.name).items()}
        return _Read(subject, made.path, texts, made)

    def _series(self, name: str) -> _Read:
        given = self.request.path(name)
        files = read_given(given if str(given) != name else Path(name)).files
        texts = {each: as_text(data) for each, data in files.items()}
        return _Read(Tried(name), "", texts)

    def config(self, name: str) -> Mapping[str, str]:
        """The fragment by architecture; empty where it is gen's own."""
        if name == PLAIN:
            return {}
        path = self.request.path(name)
        try:
            own = path.read_text()
            parse_fragment(own)
        except OSError as problem:
            hint = f"a fragment of a .config, or {PLAIN}"
            raise UsageError(f"configuration {name}: {problem.strerror}; {hint}") from None
        except ValueError as problem:
            hint = "lines such as CONFIG_LOCKDEP=y or `# CONFIG_SMP is not set`"
            raise error(Finding(str(problem), str(path), hint=hint)) from None
        archs = self.request.asked.architectures
        machines = {arch: ARCHITECTURES[arch].machine.run_config.read_text() for arch in archs}
        return {arch: f"{text.rstrip()}\n{own}" for arch, text in machines.items()}

    def identity(self, read: _Read, variant: str, where: TreeLocation) -> str:
        """What names the series: how it is made, or its bytes."""
        name = (read.subject.name, variant, where.spec)
        if name not in self.identities:
            redundant = self.request.asked.redundant
            if read.description:
                loaded = load_variant(resources("templates"), variant)
                self.identities[name] = (
                    identity(read.description, loaded, where, redundant=redundant) or ""
                )
            else:
                files = {each: as_bytes(text) for each, text in read.files.items()}
                self.identities[name] = digest(files)
        return self.identities[name]


def plan(
    request: Request,
    programs_of: Programs = programs,
    *,
    report: Report,
    newest: Mapping[str, str] = {},
) -> list[Planned]:
    """The cells of a matrix with their jobs; nothing is generated.  `newest` are trees that are
    meant by others.

    Raises UsageError and FindingsError for what is named and is not there, or wrong.
    """
    planner, asked = _Planner(request, programs_of, report), request.asked
    read = {each.subject.name: each for each in planner.read()}
    configs = {name: planner.config(name) for name in dict.fromkeys(asked.configurations)}
    trees: dict[str, tuple[TreeLocation, TreeWanted]] = {}
    for number, spec in enumerate(dict.fromkeys(asked.trees)):
        report(number, len(asked.trees), f"looking up {spec}")
        where = looked_up(newest.get(spec) or request.tree(spec), report)
        if where.commit is None:
            raise UsageError(f"{spec} is a folder, which may change at any time: name a repository")
        trees[spec] = (where, wanted(where))
    cells = expand(asked, [each.subject for each in read.values()])
    until, gen = Until(asked.until), own_code()
    return [_planned(planner, cell, read, configs, trees, until, gen) for cell in cells]


def _planned(
    planner: _Planner,
    cell: Cell,
    read: Mapping[str, _Read],
    configs: Mapping[str, Mapping[str, str]],
    trees: Mapping[str, tuple[TreeLocation, TreeWanted]],
    until: Until,
    gen: str,
) -> Planned:
    if cell.skip:
        return Planned(cell, why=cell.skip)
    subject, (where, tree) = read[cell.subject], trees[cell.tree]
    try:
        tools = planner.programs(cell, until)
    except EnvironmentFailure as problem:
        return Planned(cell, why=str(problem))
    series = planner.identity(subject, cell.variant, where)
    job = Job(
        cell=cell,
        path=subject.path,
        files=subject.files,
        tree=tree,
        config=configs[cell.configuration].get(cell.architecture, ""),
        until=until.value,
        limit=planner.request.asked.limit,
        redundant=planner.request.asked.redundant,
        made_of={"gen": gen, "series": series, **tools},
    )
    return Planned(cell, job, key=job.key)


def changed(planned: Planned, before: Mapping[str, str]) -> bool:
    """Whether a cell is made of something else than in a run, by its keys by cell."""
    return before.get(planned.cell.name) != planned.key
