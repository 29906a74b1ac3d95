# SPDX-License-Identifier: GPL-2.0-only
"""What a job does, step by step, until one fails: generate, check, build, kselftest, boot, test.

What the maintainers would say stops no build: a series may have a long line and a bug.  A mistake
of the series is a verdict; what this machine lacks is raised.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from codegen.base.errors import EnvironmentFailure, FindingsError
from codegen.base.findings import Finding
from codegen.base.progress import Report, silent
from codegen.check import run as checks
from codegen.check.registry import CHECKS
from codegen.mail.mbox import MANIFEST
from codegen.matrix.asked import Until
from codegen.matrix.job import Job, verify
from codegen.matrix.outcome import Outcome
from codegen.matrix.trees import located
from codegen.matrix.work import Ended, Work
from codegen.run import kept, report
from codegen.run.bench import Bench
from codegen.run.guestlog import Verdict
from codegen.run.make import BuildFailed, Step
from codegen.run.selftests import FOLDER, build_all
from codegen.run.touched import touched_tests
from codegen.run.trial import Trial, Wishes
from codegen.run.verdict import TestResult
from codegen.series.blame import origin
from codegen.series.commit import commits_of
from codegen.tree.scratch import scratch_folder

_LOG = 1 << 20  # bytes kept of a log, its end
_LIMIT_S = 600  # of one test; several guests at once may be slow


def generate(work: Work) -> None:
    """The series is made, or applies to the tree."""
    if work.own:
        said = json.loads(work.files.get(MANIFEST, b"{}"))
        mails = {each["file"]: work.files[each["file"]] for each in said.get("patches", ())}
    else:
        mails = {patch.name: patch.raw for patch in work.whole.patches}
    work.patches = tuple(mails)
    digests = (hashlib.sha256(mail).hexdigest() for mail in mails.values())
    work.patchset = hashlib.sha256("".join(f"{each}\n" for each in digests).encode()).hexdigest()


def check(work: Work) -> None:
    """What the maintainers would say of it, as far as nothing is built."""
    _judge(work, checks.check(work.series, compiler=None, progress=work.report))


def build(work: Work) -> None:
    """Each patch compiles by itself, without new warnings."""
    asked = [each for each in CHECKS if each.run is None]
    found = checks.check(
        work.series,
        archs=(work.options.arch,),
        compiler=work.options.compiler,
        progress=work.report,
        checks=asked,
        stranger=work.stranger,
    )
    _judge(work, found)


def _judge(work: Work, found: checks.Checked) -> None:
    told = "".join(f"{remark.render()}\n" for remark in found.remarks)
    if told:
        name = f"{'build' if Until.BUILD in work.seconds else 'check'}.log"
        work.logs[name] = told.encode()
    if found.findings:
        first = found.findings[0]
        lines = [remark.render() for remark in found.findings]
        raise Ended(Verdict.FAIL, first.message.partition("\n")[0], lines, first.patch)


def kselftest(work: Work) -> None:
    """The kernel and all of its KVM selftests build with the series."""
    bench = work.bench
    commits = commits_of(work.series, bench.git_dir)
    kernel = bench.kernel(commits.tip, _steps(work, "the kernel"))
    work.notes += kernel.notes
    touched = touched_tests(work.series, kernel)
    tests = build_all(kernel, touched, _steps(work, "the selftests"))
    work.notes += (f"{name} does not build in this tree" for name in tests.broken)


def boot(work: Work) -> None:
    """The tests that the series adds, with it and without it."""
    _try(work, Wishes(mutants=False, resume=True, brief=True, limit_s=_LIMIT_S), Until.BOOT)


def test(work: Work) -> None:
    """The same, all tests that it changes, and kernels that lack one of its checks."""
    _try(work, Wishes(resume=True, limit_s=_LIMIT_S), Until.TEST)


def _try(work: Work, wishes: Wishes, step: Until) -> None:
    if not any(path.startswith(f"{FOLDER}/") and path.endswith(".c") for path in work.whole.paths):
        what = "built, and not booted: the series adds and changes no KVM selftest"
        raise Ended(Verdict.SKIP, what)
    some = work.job.patches is not None
    if some:  # the tests of all patches, on the kernel of some
        wishes = replace(wishes, baseline=False, mutants=False, patches=work.job.patches)
    bench = work.bench
    commits = commits_of(work.whole, bench.git_dir)
    name = kept.key_of(bench.options, commits)
    known = None if wishes.mutants or some or work.stranger else kept.recall(kept.TRIAL, name)
    if known:
        work.known.append(step)
        rows = [report.from_dict(row) for row in known.said["results"]]
        logs = {each: known.read(each) for each in known.files}
    else:
        trial = _tried(work, wishes, bench)
        rows, logs = trial.rows, kept.logs_of(trial)
    work.logs.update(logs)
    work.logs[f"{step}.ktap"] = report.ktap(rows).encode()
    _judge_rows(rows)


def _tried(work: Work, wishes: Wishes, bench: Bench) -> Trial:
    commits = commits_of(work.whole, bench.git_dir)
    folder = bench.folder / "results" / f"{commits.tip[:12]}-matrix-{work.job.key[:8]}"
    folder.mkdir(parents=True, exist_ok=True)
    trial = Trial(bench, work.whole, commits, wishes, folder, work.report)
    trial.run()
    kept.keep(trial)
    return trial


def _judge_rows(rows: Sequence[TestResult]) -> None:
    """The worst of the rows; no row at all is no pass."""
    if not rows:
        raise Ended(Verdict.SKIP, "no test ran")
    for verdict in (Verdict.CRASH, Verdict.FAIL, Verdict.INFRA):
        for row in rows:
            if row.verdict is verdict:
                if verdict is Verdict.INFRA:
                    raise EnvironmentFailure(f"{row.name}: {row.reason}")
                raise Ended(verdict, f"{row.name}: {row.reason}", row.log)


def _steps(work: Work, what: str) -> Callable[[Step], None]:
    return lambda step: work.report(step.done, step.total, f"building {what}")


STEPS: Mapping[Until, Callable[[Work], None]] = {
    Until.GENERATE: generate,
    Until.CHECK: check,
    Until.BUILD: build,
    Until.KSELFTEST: kselftest,
    Until.BOOT: boot,
    Until.TEST: test,
}


def do(job: Job, report: Report = silent) -> tuple[Outcome, Mapping[str, bytes]]:
    """Do a job; its outcome and its logs.

    Raises EnvironmentFailure, UsageError or OSError for what is not the series' fault.
    """
    verify(job)
    location = located(job.tree, report)
    with scratch_folder() as folder, ExitStack() as held:
        work = Work(job, location, Path(folder), report, held)
        told: dict[Until, Ended] = {}
        for step in job.done:
            ended = _done(step, work)
            if ended:
                told[step] = ended
            if ended and step is not Until.CHECK:
                break
    step, ended = _worst(told) or (step, Ended(Verdict.PASS, ""))
    outcome = Outcome(
        ended.verdict,
        step.value,
        ended.patch,
        ended.reason,
        ended.lines,
        dict(work.seconds),
        tuple(work.known),
        tuple(dict.fromkeys(work.notes)),
        work.patchset,
        work.patches,
    )
    # of the last step first
    return outcome, {name: data[-_LOG:] for name, data in reversed(work.logs.items())}


def _done(step: Until, work: Work) -> Ended | None:
    """Do a step; what ended it."""
    start = time.monotonic()
    work.seconds[step] = 0.0
    try:
        STEPS[step](work)
    except Ended as end:
        return end
    except BuildFailed as problem:
        return _not_built(problem, work)
    except FindingsError as problem:
        return _refused(problem)
    finally:
        work.seconds[step] = round(time.monotonic() - start, 3)
    return None


def _worst(told: Mapping[Until, Ended]) -> tuple[Until, Ended] | None:
    """The step that decides: what is only said of a series gives way to what it does."""
    order = sorted(told, key=lambda step: (told[step].verdict is Verdict.SKIP, step is Until.CHECK))
    return (order[0], told[order[0]]) if order else None


def _not_built(problem: BuildFailed, work: Work) -> Ended:
    """A build that failed: the compiler's lines, and the patch that the first is from."""
    with open(problem.log, "rb") as log:
        work.logs["build.log"] = log.read()[-_LOG:]
    patches = work.series.patches
    lines, patch = [], ""
    for finding in problem.findings:
        came = origin(str(finding), patches)
        lines += [str(finding), *([f"    {came}"] if came else [])]
        patch = patch or _named(came, [each.name for each in patches])
    return Ended(Verdict.FAIL, str(problem).partition("\n")[0], lines, patch)


def _named(text: str, names: Sequence[str]) -> str:
    return next((name for name in names if name in text), "")


def _refused(problem: FindingsError) -> Ended:
    """What was found instead of a series that applies, with the patch that it is in."""
    findings = [each for each in problem.findings if isinstance(each, Finding)]
    lines = [each.render() for each in findings] or [str(each) for each in problem.findings]
    patch = findings[0].path if findings else ""
    return Ended(Verdict.FAIL, str(problem).partition("\n")[0], lines, patch)
