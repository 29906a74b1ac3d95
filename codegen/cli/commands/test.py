# SPDX-License-Identifier: GPL-2.0-only
"""`gen build` and `gen test`: a series becomes a kernel, and KVM runs its tests."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from pathlib import Path
from threading import Lock

from codegen.base import unbroken, whole
from codegen.base.errors import UsageError
from codegen.base.progress import Report, progress
from codegen.cli.commands import print_json
from codegen.cli.main import DONE, FAILED, FOUND, INTERRUPTED
from codegen.cli.target import Target, stranger, target_of
from codegen.cli.terminal import put, say
from codegen.run import kept, report
from codegen.run.bench import Bench, open_bench
from codegen.run.build import Options
from codegen.run.guestlog import Verdict
from codegen.run.make import BuildFailed, Progress
from codegen.run.reproduce import write_reproducer
from codegen.run.selftests import build_all
from codegen.run.summary import as_json, bad, counted, for_cover
from codegen.run.touched import touched_tests
from codegen.run.trial import Trial, Wishes
from codegen.run.verdict import TestResult
from codegen.series.commit import Commits, commits_of
from codegen.series.series import Series

_STAMP = ".gen-results"
FORMATS = {"table": report.table, "ktap": report.ktap, "junit": report.junit}


def test(options: argparse.Namespace) -> int:
    """`gen test`: what KVM says of a series."""
    about = target_of(options)
    wishes = Wishes(
        names=tuple(options.names),
        everything=options.all,
        accel=options.accel,
        params=tuple(options.param),
        limit_s=options.limit,
        baseline=options.baseline,
        mutants=options.mutants,
        resume=options.resume,
    )
    who = stranger(about, options)
    with (
        progress(quiet=options.json) as shown,
        open_bench(about.location, _options(about, options), _waiting, who) as bench,
    ):
        series, commits = _tried(about, bench, shown)
        folder = _folder(options, bench, commits)
        quiet = options.json or options.format != "table"

        one = Lock()  # boots under other parameters run beside each other

        def heard(row: TestResult) -> None:
            with one:
                _write(folder, trial)
                if not quiet:
                    _say(row)

        trial = Trial(bench, series, commits, wishes, folder, shown, heard)
        unbroken.note("--resume goes on from here")
        try:
            trial.run()
        except BuildFailed as problem:
            raise _explained(problem, series) from None
        except KeyboardInterrupt:
            interrupted = True
        else:
            interrupted = False
        finally:
            _write(folder, trial)
        kept.keep(trial)
    status = _finish(options, trial)
    if interrupted:
        say("gen: interrupted; --resume goes on from here", sys.stderr)
        return INTERRUPTED
    return status


def build(options: argparse.Namespace) -> int:
    """`gen build`: the kernel and the selftests of a series."""
    about = target_of(options)
    who = stranger(about, options)
    with (
        progress(quiet=options.json) as shown,
        open_bench(about.location, _options(about, options), _waiting, who) as bench,
    ):
        series, commits = _tried(about, bench, shown)
        try:
            kernel = bench.kernel(commits.tip, _steps(shown, "the kernel"))
            steps = _steps(shown, "the selftests")
            tests = build_all(kernel, touched_tests(series, kernel), steps, jobs=options.jobs)
        except BuildFailed as problem:
            raise _explained(problem, series) from None
        folder = _folder(options, bench, commits)
        write_reproducer(folder, series.tree.name, commits, bench.options)
    said = {
        "release": kernel.release,
        "arch": kernel.arch.name,
        "kernel": str(kernel.image),
        "log": str(kernel.log),
        "objects": kernel.objects,
        "seconds": round(kernel.seconds, 1),
        "selftests": {
            "folder": str(tests.out),
            "programs": len(tests.programs),
            "not_building": list(tests.broken),
            "objects": tests.objects,
            "seconds": round(tests.seconds, 1),
        },
        "notes": list(kernel.notes),
        "reproduce": str(folder / "reproduce.sh"),
    }
    if options.json:
        print_json({"ok": True, **said})
        return DONE
    say(f"Linux {kernel.release}: {kernel.objects} objects in {kernel.seconds:.1f} s")
    say(f"  kernel     {kernel.image}")
    say(f"  selftests  {tests.out} ({len(tests.programs)}, {tests.seconds:.1f} s)")
    for name in tests.broken:
        say(f"             {name} does not build in this tree")
    for note in kernel.notes:
        say(f"  note       {note}")
    say(f"  again      {folder / 'reproduce.sh'}")
    return DONE


def _tried(about: Target, bench: Bench, shown: Report) -> tuple[Series, Commits]:
    """The series, and its commits on the bench."""
    series = about.series(shown)
    return series, commits_of(series, bench.git_dir)


def _options(about: Target, options: argparse.Namespace) -> Options:
    return Options(options.compiler, about.arch(options.arch), jobs=options.jobs)


def _waiting() -> None:
    say("gen: another run works on this tree, waiting for it", sys.stderr)


def _steps(shown: Report, what: str) -> Progress:
    return lambda step: shown(step.done, step.total, f"building {what}")


def _folder(options: argparse.Namespace, bench: Bench, commits: Commits) -> Path:
    """Where results go: named by the series' last commit, which holds all that was tried.

    A folder that holds anything but results is refused: much of it is written anew.
    """
    given: Path | None = options.out
    name = f"{commits.tip[:12]}-{Path(options.compiler).name}"
    folder = (given or bench.folder / "results" / name).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if given and any(folder.iterdir()) and not (folder / _STAMP).exists():
        raise UsageError(f"{folder} is not empty and holds no results of gen; name another --out")
    (folder / _STAMP).touch()
    return folder


def _say(row: TestResult) -> None:
    say(f"{row.verdict.value:5}  {row.seconds:6.2f} s  {row.name}  {row.reason}".rstrip())
    sys.stdout.flush()


def _write(folder: Path, trial: Trial) -> None:
    """What has run is kept, also where the run was ended."""
    rows = trial.rows
    for name, text in (
        ("results.ktap", report.ktap(rows)),
        ("results.xml", report.junit(rows)),
        ("results.json", json.dumps(as_json(trial), indent=1) + "\n"),
        ("tested.txt", for_cover(trial)),
    ):
        whole.write(folder / name, text)
    boots = sorted(folder.glob("*/boot*/qemu.sh"))
    write_reproducer(folder, trial.series.tree.name, trial.commits, trial.bench.options, boots)


def _finish(options: argparse.Namespace, trial: Trial) -> int:
    rows, wrong = trial.rows, bad(trial.rows)
    if options.json:
        print_json(as_json(trial))
    elif options.format != "table":
        put(FORMATS[options.format](rows).removesuffix("\n"))
    else:
        _summary(trial)
    if not rows:
        return FOUND
    if wrong and all(row.verdict is Verdict.INFRA for row in wrong):
        return FAILED
    return FOUND if wrong else DONE


def _summary(trial: Trial) -> None:
    arch = trial.arch.name
    for row in bad(trial.rows):
        say(f"\n{row.name}: {row.verdict.value}: {row.reason}")
        for line in row.log:
            put(f"  {line}")
    if not trial.rows:
        say(f"the series adds and changes no KVM selftest of {arch}: name some behind --")
    mutants = counted(trial)
    if trial.wishes.mutants and trial.rows and not mutants["made"]:
        none = "mutants: none, since the series adds no test that passes, or no check to a file of"
        say(f"{none} {arch}")
    if mutants["made"]:
        say(
            f"mutants: {mutants['made']} made, {mutants['noticed']} noticed, "
            f"{mutants['survived']} survived, {mutants['not_testable']} not testable"
            + (f", {mutants['unknown']} unknown" if mutants["unknown"] else "")
            + (
                f"; {mutants['not_compiling']} more do not compile"
                if mutants["not_compiling"]
                else ""
            )
        )
    if trial.kernel and trial.accel:
        why = textwrap.shorten(trial.accel.why, 80, placeholder=" …")
        say(f"Linux {trial.kernel.release}, {trial.accel.name}: {why}")
        for note in trial.kernel.notes:
            say(f"note: {note}")
    if trial.rows:
        say(f"for the cover letter: {trial.folder / 'tested.txt'}")
    say(f"{report.counts(trial.rows)}; logs, KTAP, JUnit and JSON: {trial.folder}")


def _explained(problem: BuildFailed, series: Series) -> BuildFailed:
    """The compiler's lines, with the patch and the template that each is from."""
    from codegen.series.blame import origin

    lines = []
    for finding in problem.findings:
        came = origin(str(finding), series.patches)
        lines.append(f"{finding}\n    {came}" if came else str(finding))
    return BuildFailed(str(problem), [*lines, f"the whole log: {problem.log}"], problem.log)
