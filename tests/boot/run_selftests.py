# SPDX-License-Identifier: GPL-2.0-only
"""Build a kernel and its KVM selftests, boot it in QEMU and run some of them.

    python tests/boot/run_selftests.py --source DIR --tests a,b
    python tests/boot/run_selftests.py --git-dir G --commit C --tests a,b -k kvm_amd.npt=0

What is built is kept in --cache; the same folder again compiles only what changed.
A test may be given arguments: --tests "set_memory_region_test,dirty_log_test -i 2".
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from codegen.errors import FindingsError, GenError
from codegen.run import accel, report
from codegen.run.build import Options, build
from codegen.run.checkout import sync
from codegen.run.guestlog import Verdict
from codegen.run.initramfs import GuestTest, build_init
from codegen.run.make import Step
from codegen.run.runner import Guest, run_tests
from codegen.run.selftests import build_selftests, resolve
from codegen.run.verdict import TestResult

FORMATS = {"table": report.table, "ktap": report.ktap, "junit": report.junit}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--source", type=Path, help="an unpacked kernel tree; only read")
    parser.add_argument("--git-dir", type=Path, help="a repository, with --commit")
    parser.add_argument("--commit", default="HEAD")
    parser.add_argument("--tests", default="", help="names, separated by commas; none: all")
    parser.add_argument("--cache", type=Path, required=True, help="where builds are kept")
    parser.add_argument("--name", default="tree", help="of the build inside the cache")
    parser.add_argument("--accel", choices=["auto", "kvm", "tcg"], default="auto")
    parser.add_argument("--compiler", default="gcc")
    parser.add_argument("--limit", type=int, default=120, help="seconds for one test")
    parser.add_argument("-k", "--param", action="append", default=[], help="kernel parameter")
    parser.add_argument("--format", choices=[*FORMATS, "json"], default="table")
    parser.add_argument("--results", type=Path, help="JSON lines, appended as they come")
    parser.add_argument("--resume", action="store_true")
    return parser.parse_args()


def show(step: Step) -> None:
    if sys.stderr.isatty() or step.done % 100 == 0:
        print(f"\r{step.done}/{step.total or '?'} {step.what:40.40}", end="", file=sys.stderr)


def say(result: TestResult) -> None:
    print(f"{result.verdict.value:5} {result.name} {result.reason}", file=sys.stderr)


def run(args: argparse.Namespace) -> int:
    cache = args.cache.resolve()
    source = args.source
    if args.git_dir:
        start = time.monotonic()
        checkout = sync(args.git_dir, args.commit, cache / f"{args.name}.src")
        source = checkout.path
        print(f"{checkout.commit} in {time.monotonic() - start:.1f} s", file=sys.stderr)
    options = Options(compiler=args.compiler, ccache=cache / "ccache")
    kernel = build(source, cache / f"{args.name}.{args.compiler}", show, options)
    print(f"\n{kernel.release}: {kernel.objects} objects, {kernel.seconds:.1f} s", file=sys.stderr)
    asked = [words.split() for words in args.tests.split(",") if words.strip()]
    made = build_selftests(kernel, [words[0] for words in asked] or None, show)
    print(f"\nselftests: {made.objects} objects, {made.seconds:.1f} s", file=sys.stderr)
    for name in made.broken:
        print(f"{name} does not build in this tree", file=sys.stderr)
    extra = {resolve([words[0]], list(made.programs))[0]: tuple(words[1:]) for words in asked}
    tests = [
        GuestTest(name, program, extra.get(name, ()), args.limit)
        for name, program in made.programs.items()
    ]
    init = build_init(cache)
    chosen = accel.choose(args.accel, kernel.bzimage, init, cache / "accel.json")
    print(f"accel {chosen.name}: {chosen.why}", file=sys.stderr)
    start = time.monotonic()
    results = run_tests(
        Guest(kernel.bzimage, init, chosen.name, tuple(args.param)),
        tests,
        cache / f"{args.name}.boot",
        results=args.results,
        resume=args.resume,
        listener=say,
    )
    print(f"boot and tests: {time.monotonic() - start:.1f} s", file=sys.stderr)
    print(FORMATS.get(args.format, report.json_text)(results), end="")
    bad = {Verdict.FAIL, Verdict.CRASH, Verdict.INFRA}
    return 1 if any(result.verdict in bad for result in results) else 0


def main() -> int:
    args = arguments()
    if not args.source and not args.git_dir:
        print("one of --source and --git-dir is needed", file=sys.stderr)
        return 2
    try:
        return run(args)
    except FindingsError as error:
        print(f"\n{error}", *error.findings, sep="\n", file=sys.stderr)
        return 1
    except GenError as error:
        print(f"\n{error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
