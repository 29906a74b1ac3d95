# SPDX-License-Identifier: GPL-2.0-only
"""The command line: arguments in, one call, what it returned printed; nothing else."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from threading import current_thread, main_thread
from typing import Any, NoReturn

from codegen import __version__
from codegen.errors import EnvironmentFailure, FindingsError, GenError, UsageError
from codegen.subject import series_options, series_or_arguments

DONE, FOUND, FAILED, INTERRUPTED = 0, 1, 2, 130

_EXAMPLES = """\
examples:
  gen --variant memslot-flag                      the reference knob on Debian's 6.12
  gen --variant all --abi small-pages-only        every uAPI for another knob
  gen --variant memslot-flag --tree ~/linux@kvm/next   on a branch of your own repository
  gen explain --variant vm-capability             the plan; nothing is written
  gen apply --variant memslot-flag --tree ~/linux --branch zap-leafs
  gen check my-series/                            what would KVM's maintainers say?
  gen test --variant memslot-flag                 does KVM believe it?
  gen test my-series/ -- set_memory_region_test   that test, on patches that are there
  gen abi-diff debian:6.12 patches/series         what does it change for userspace?
  gen lint my-knob.yaml                           is the description all right?

exit status: 0 done, 1 findings in the description or the tree, 2 usage or environment
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")


def _signoff_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--signoff", action="store_true", help="sign off as git's user.name and user.email"
    )


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = _Parser(
        prog="gen",
        usage="gen --variant V [options]\n       gen COMMAND [options]",
        description="Generate the patch series that gives userspace a KVM knob.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"gen {__version__}")
    series_options(parser)
    _signoff_option(parser)
    _out_option(parser)
    parser.set_defaults(command="make")
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        made.set_defaults(command=name)
        return made

    explain = command("explain", "print the plan of a series: numbers, sites, edits")
    series_options(explain)
    lint = command("lint", "check descriptions")
    lint.add_argument("files", nargs="*", metavar="FILE", help="default: all of abi/")
    lint.add_argument("--json", action="store_true", help="one object for machines")
    schema = command("schema", "print the JSON Schema of descriptions")
    schema.add_argument("--json", action="store_true", help="the schema is JSON anyway")
    apply = command("apply", "put a series into a tree of yours")
    series_options(apply)
    _signoff_option(apply)
    apply.add_argument(
        "--branch", metavar="NAME", help="the new branch (default: gen/KNOB-VARIANT)"
    )
    apply.add_argument(
        "--in-place", action="store_true", help="change the files of a folder that is no repository"
    )
    _check_options(command("check", "what KVM's maintainers would say of a series"))
    _build_options(command("build", "build the kernel and the KVM selftests of a series"))
    test = command("test", "run a series' tests on real KVM, with it, without it, and on mutants")
    _build_options(test)
    _test_options(test)
    abi_diff = command("abi-diff", "what a tree or a series changes in KVM's uAPI")
    abi_diff.add_argument("first", metavar="A", help="a tree, as --tree takes it")
    abi_diff.add_argument(
        "second", metavar="B", help="a tree, or patches on A: a folder, a patch, a mailbox"
    )
    abi_diff.add_argument("--json", action="store_true", help="one object for machines")
    doctor = command("doctor", "what this machine lacks of what gen runs")
    doctor.add_argument("--json", action="store_true", help="one object for machines")
    _tree_commands(command("tree", "kernel trees by name"))
    return parser


def _check_options(parser: argparse.ArgumentParser) -> None:
    series_or_arguments(parser)
    parser.add_argument("--no-build", action="store_true", help="only read; nothing is compiled")
    parser.add_argument(
        "--compiler", default="gcc", metavar="CC", help="gcc or clang, or one such as gcc-12"
    )


def _build_options(parser: argparse.ArgumentParser) -> None:
    series_or_arguments(parser)
    parser.add_argument(
        "--compiler", default="gcc", metavar="CC", help="gcc or clang, or one such as gcc-12"
    )
    parser.add_argument(
        "--jobs", type=_positive, metavar="N", help="for make (default: all processors)"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="results (default: in the cache)")


def _positive(text: str) -> int:
    number = int(text) if text.isdigit() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return number


def _test_options(parser: argparse.ArgumentParser) -> None:
    parser.usage = "gen test [SERIES | --variant V] [options] [-- NAME ...]"
    parser.add_argument("--all", action="store_true", help="every KVM selftest of the tree")
    parser.add_argument(
        "--accel",
        choices=["auto", "kvm", "tcg"],
        default="auto",
        help="what QEMU runs on; auto tries /dev/kvm with a boot (default: %(default)s)",
    )
    parser.add_argument(
        "-k",
        "--param",
        action="append",
        default=[],
        metavar="PARAM",
        help="for the kernel's command line, such as kvm.ignore_msrs=1",
    )
    parser.add_argument(
        "--limit",
        type=_positive,
        default=180,
        metavar="S",
        help="seconds for one test (default: %(default)s)",
    )
    parser.add_argument(
        "--no-baseline", dest="baseline", action="store_false", help="not on the tree without it"
    )
    parser.add_argument(
        "--no-mutants", dest="mutants", action="store_false", help="not on kernels with defects"
    )
    parser.add_argument("--resume", action="store_true", help="keep what an ended run has found")
    parser.add_argument(
        "--format", choices=["table", "ktap", "junit"], default="table", help="of the output"
    )
    parser.set_defaults(names=[])


def _out_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("patches"),
        metavar="DIR",
        help="where TREE/KNOB/VARIANT/ is written (default: %(default)s)",
    )
    parser.add_argument(
        "--force", action="store_true", help="replace what is there, your edits and files included"
    )


def _tree_commands(tree: argparse.ArgumentParser) -> None:
    actions = tree.add_subparsers(metavar="ACTION", dest="action", required=True)
    listing = actions.add_parser("list", help="the trees that have a name")
    add = actions.add_parser("add", help="give a tree a name, or fetch debian:RELEASE[=VERSION]")
    add.add_argument("name", metavar="NAME")
    add.add_argument("place", nargs="?", metavar="PATH[@REV]")
    remove = actions.add_parser("remove", help="forget a name, delete an imported tree")
    remove.add_argument("name", metavar="NAME")
    for each in (listing, add, remove):
        each.add_argument("--json", action="store_true", help="one object for machines")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in given
    if current_thread() is main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # to be ended is as a Ctrl-C
    try:
        options = _parse(given)
        return _command(options.command)(options)
    except GenError as problem:
        return _report(problem, as_json)
    except KeyboardInterrupt:
        print("gen: interrupted; nothing half-written is left", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return FAILED
    except (MemoryError, OSError) as problem:
        return _report(EnvironmentFailure(str(problem) or type(problem).__name__), as_json)


def _parse(given: list[str]) -> argparse.Namespace:
    """What stands behind `--` are names of tests, for the command that takes some."""
    at = given.index("--") if "--" in given else len(given)
    parser, names = build_parser(), given[at + 1 :]
    _command_first(parser, given[:at])
    options = parser.parse_args(given[:at])
    if names and not hasattr(options, "names"):
        raise UsageError(f"nothing goes behind -- here: {names[0]}")
    if names:
        options.names = names
    return options


def _command_first(parser: argparse.ArgumentParser, given: list[str]) -> None:
    """UsageError for options before the command: argparse would forget them."""
    if not given or given[0] in _COMMANDS:
        return
    for number, word in enumerate(given):
        if word not in _COMMANDS:
            continue
        try:
            parser.parse_args(given[:number])
        except UsageError:
            continue  # the word is an option's value, or another command's argument
        before = " ".join(given[:number])
        raise UsageError(f"options go behind the command: gen {word} {before} …")


# Only the module of the command that runs is imported.
_COMMANDS = {
    "make": "series:make",
    "explain": "series:explain",
    "lint": "knobs:lint",
    "schema": "knobs:schema",
    "apply": "series:apply",
    "tree": "trees:tree",
    "abi-diff": "abi:abi_diff",
    "check": "check:check",
    "build": "test:build",
    "test": "test:test",
    "doctor": "doctor:doctor",
}


def _command(name: str) -> Callable[[argparse.Namespace], int]:
    module, _, function = _COMMANDS[name].partition(":")
    found: Callable[[argparse.Namespace], int]
    found = getattr(import_module(f"codegen.commands.{module}"), function)
    return found


def _report(problem: GenError, as_json: bool) -> int:
    status = FOUND if isinstance(problem, FindingsError) else FAILED
    findings: Sequence[Any] = getattr(problem, "findings", ())
    if as_json:
        said = [f.as_json() if hasattr(f, "as_json") else {"message": str(f)} for f in findings]
        error = {"message": str(problem), "status": status, "findings": said}
        print(json.dumps({"ok": False, "error": error}, indent=2, ensure_ascii=False))
    elif findings:
        for finding in findings:
            text = finding.render() if hasattr(finding, "render") else str(finding)
            print(text, file=sys.stderr)
    else:
        print(f"gen: {problem}", file=sys.stderr)
    return status
