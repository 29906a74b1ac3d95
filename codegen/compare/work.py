# SPDX-License-Identifier: GPL-2.0-only
"""Find out what the store does not know of some contenders: check, build, boot.

Each step is kept as soon as it is done, so that an ended run goes on where it was.  The tree itself
is built first, then of each variant the last patch alone, and mutants are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext

from codegen.base import unbroken
from codegen.base.errors import EnvironmentFailure, FindingsError, GenError
from codegen.base.progress import Report
from codegen.check import run as checks
from codegen.compare import evidence
from codegen.compare.contender import Contender
from codegen.compare.evidence import CHECK, MEASURED, Evidence, check_key
from codegen.compare.guest import MODES, Measured, built, measured
from codegen.compare.measures import Measure, measure_of, program, program_key
from codegen.run import kept, objects
from codegen.run.bench import Bench, open_bench
from codegen.run.build import Options
from codegen.run.guestlog import Verdict
from codegen.run.identity import trial_key
from codegen.run.initramfs import build_init
from codegen.run.make import BuildFailed, Progress
from codegen.run.runner import Guest
from codegen.run.trial import Trial, Wishes
from codegen.sandbox.process import threads
from codegen.series.commit import commits_of
from codegen.series.make import open_tree
from codegen.series.read import read_series
from codegen.series.series import Series
from codegen.store.store import key, store

_LIMIT_S = 600  # of one test; several guests at once may be slow


def find_out(contenders: Sequence[Contender], options: Options, report: Report) -> list[Evidence]:
    """The evidence of some contenders of one tree; what fails is noted and stops no other."""
    if contenders[0].location.commit is None:
        return [Evidence(failed="a folder may change at any time: name a commit")] * len(contenders)
    measure = measure_of(contenders[0].description)
    known = [evidence.recall(each, options) for each in contenders]
    todo = [
        at for at, each in enumerate(contenders) if each.made and not _whole(known[at], measure)
    ]
    if not todo:
        return known
    location = contenders[0].location

    def waiting() -> None:
        report(0, None, f"waiting for another run on {location.name}")

    failed: dict[int, str] = {}
    series: dict[int, Series] = {}
    asked: list[tuple[int, Future[None]]] = []

    @contextmanager
    def noted(at: int) -> Iterator[None]:
        try:
            yield
        except GenError as problem:
            failed[at] = _why(problem)

    with threads(1) as beside:  # for what needs no builder
        for number, at in enumerate(todo):
            report(number, len(todo), f"reading {contenders[at].where}")
            with noted(at):
                series[at] = read_series(contenders[at].series.files, location)
                if known[at].check is None:
                    asked.append((at, beside.submit(_check, contenders[at], series[at])))
        todo = [at for at in todo if at in series and not _tried(known[at], measure)]
        with open_bench(location, options, waiting) if todo else nullcontext() as bench:
            for number, at in enumerate(todo, 1):
                assert bench is not None
                name = f"{number} of {len(todo)}"
                unbroken.note(f"gen compare goes on with {contenders[at].where}")
                with noted(at):
                    _base(contenders[at], bench, report)
                    trial = _try(contenders[at], series[at], bench, _named(report, name))
                    if measure:
                        asked.append((at, beside.submit(_measure(contenders[at], trial, measure))))
            for at, each in asked:
                report(0, None, f"the rest of {contenders[at].where}")
                with noted(at):
                    each.result()
    return [
        evidence.recall(each, options, failed.get(at, "")) for at, each in enumerate(contenders)
    ]


def _whole(each: Evidence, measure: Measure | None) -> bool:
    return each.check is not None and _tried(each, measure)


def _tried(each: Evidence, measure: Measure | None) -> bool:
    seen = None not in (each.trial, each.before, each.after)
    return seen and (measure is None or each.measured is not None)


def _why(problem: GenError) -> str:
    lines = [str(each) for each in getattr(problem, "findings", ())][:3]
    first = str(problem).partition("\n")[0]
    log = f"; log: {problem.log}" if isinstance(problem, BuildFailed) else ""
    return "; ".join([first, *lines]) + log


def _check(contender: Contender, series: Series) -> None:
    """What the checks that build nothing say."""
    found = checks.check(series, compiler=None)
    said = {
        "findings": len(found.findings),
        "checks": len(found.checks),
        "remarks": [remark.render() for remark in found.remarks],
    }
    store().put(CHECK, check_key(contender), said)


def _base(contender: Contender, bench: Bench, report: Report) -> None:
    """The tree without a series: its image and what KVM is in it."""
    base, commit = evidence.base_tree(contender), contender.location.commit
    assert base is not None and commit is not None
    if objects.recall(bench.options, base):
        return
    try:
        kernel = bench.kernel(commit, _steps(report, contender.location.name))
    except GenError as problem:
        raise FindingsError(f"{contender.location.name} itself: {_why(problem)}") from None
    bench.keep(kernel, commit)
    objects.objects(kernel, bench.options, base)


def _try(contender: Contender, series: Series, bench: Bench, report: Report) -> Trial:
    """Build the last patch and boot it."""
    commits = commits_of(series, bench.git_dir)
    folder = bench.folder / "results" / f"{commits.tip[:12]}-compare"
    folder.mkdir(parents=True, exist_ok=True)
    wishes = Wishes(mutants=False, resume=True, brief=True, limit_s=_LIMIT_S)

    def told(done: int, total: int | None, what: str) -> None:
        report(done, total, f"{contender.where}, {what}")

    trial = Trial(bench, series, commits, wishes, folder, told)
    trial.run()
    kept.keep(trial)
    for row in trial.rows:
        if row.verdict is Verdict.INFRA:
            raise EnvironmentFailure(f"{row.name}: {row.reason}")
    assert trial.kernel is not None
    objects.objects(trial.kernel, bench.options, commits.trees()[-1])
    return trial


def _measure(contender: Contender, trial: Trial, measure: Measure) -> Callable[[], None]:
    """Build what measures; what then measures in a guest of the kernel that was tried."""
    with open_tree(contender.location) as tree:
        text = program(contender, measure, tree)
    tests = [each for lane in trial.lanes if lane.new for each in lane.tests]
    base = evidence.base_tree(contender)
    assert base is not None and trial.kernel is not None and trial.accel is not None
    asked = trial_key(trial.bench.options, base, trial.commits.trees()[-1])
    name = key(asked, program_key(contender))

    def keep(found: Measured) -> None:
        files = {"output.log": found.log, "program.c": (text or "").encode()}
        store().put(MEASURED, name, {"failed": dict(found.failed)}, files)

    if text is None or not tests:
        why = "the series adds no test whose place the program could take"
        if text is None:
            why = f"templates/{contender.variant.name}/compare/ does not say how to turn it on"
        return lambda: keep(Measured({}, {MODES[0]: why}, b""))
    image = trial.folder / f"series.{trial.arch.kernel.goal}"
    init = build_init(trial.bench.folder.parent, arch=trial.arch)
    guest = Guest(image, init, trial.accel.name, arch=trial.arch)
    tip, folder = trial.commits.tip, trial.folder / "measure"
    what = built(trial.bench, trial.kernel, tip, tests[0].name, text, folder)
    return lambda: keep(measured(what, guest, folder))


def _named(report: Report, name: str) -> Report:
    return lambda done, total, what: report(done, total, f"{name}: {what}")


def _steps(report: Report, what: str) -> Progress:
    return lambda step: report(step.done, step.total, f"building {what}")
