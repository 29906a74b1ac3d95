# SPDX-License-Identifier: GPL-2.0-only
"""What the command line takes: every command with its options and examples, as data."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codegen.architectures import DEFAULT, RUN

OUT = Path("patches")


@dataclass(frozen=True, slots=True)
class Argument:
    """An option, or a word by its place: its names, and what argparse is to make of it."""

    names: tuple[str, ...]
    how: Mapping[str, Any]

    @property
    def takes_value(self) -> bool:
        """Whether the word behind the option is its value; the same for all options of a name."""
        return self.how.get("action", "store") in ("store", "append")


@dataclass(frozen=True, slots=True)
class Command:
    """A command: `run` is its function, `module:function` below codegen.commands.

    Without one it stands for those whose names begin with its own.  `behind` names the attribute
    that takes the words behind `--`.
    """

    name: str
    summary: str
    usage: str
    run: str
    arguments: tuple[Argument, ...]
    examples: tuple[tuple[str, str], ...]
    behind: str = ""


def _argument(*names: str, **how: Any) -> Argument:
    return Argument(names, how)


def _number(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return number


JSON = _argument("--json", action="store_true", help="one object for machines, errors as well")
_SIGNOFF = _argument(
    "--signoff", action="store_true", help="sign off as git's user.name and user.email"
)
# Which series gen makes.
_MADE = (
    _argument("--variant", metavar="V", help="a variant, or `all`"),
    _argument(
        "--abi",
        default="zap-leafs-only",
        metavar="NAME|FILE",
        help="the knob: a description of abi/ by name, or a file (default: %(default)s)",
    ),
    _argument(
        "--tree",
        metavar="TREE",
        help="debian:6.12 (the default), a name of `gen tree`, a folder, or a repository[@REV]",
    ),
    _argument(
        "--reserve",
        action="append",
        default=[],
        metavar="PREFIX=N,…",
        help="numbers claimed elsewhere, such as KVM_CAP_=239,240 or KVM_MEM_=3",
    ),
    _argument(
        "--redundant",
        action="store_true",
        help="make a series that adds nothing to what the tree has, to compare; it says so",
    ),
    JSON,
)
# The same for commands on one series: one that is there, or one that gen makes for it.
_ONE = (
    _argument(
        "series",
        nargs="?",
        type=Path,
        metavar="SERIES",
        help="a folder of patches, one patch or a mailbox, whoever wrote it; else name --variant",
    ),
    *_MADE,
)
_COMPILER = _argument(
    "--compiler", default="gcc", metavar="CC", help="gcc or clang, or one such as gcc-12"
)
_ARCH = _argument(
    "--arch",
    metavar="ARCH",
    help=f"for {' or '.join(RUN)} (default: {DEFAULT.name}, or else what the series changes)",
)
_TRUST = _argument(
    "--trust",
    action="store_true",
    help="run what a series brings that gen did not make, also where there is no sandbox",
)
_BUILT = (
    *_ONE,
    _ARCH,
    _COMPILER,
    _TRUST,
    _argument("--jobs", type=_number, metavar="N", help="for make (default: all processors)"),
    _argument("--out", type=Path, metavar="DIR", help="results (default: in the cache)"),
)

_LIST = (
    Command(
        "",
        "Generate the patch series that gives userspace a KVM knob.",
        "--variant V [options]",
        "series:make",
        (
            *_MADE,
            _SIGNOFF,
            _argument(
                "--out",
                type=Path,
                default=OUT,
                metavar="DIR",
                help="where TREE/KNOB/VARIANT/ is written (default: %(default)s)",
            ),
            _argument(
                "--force",
                action="store_true",
                help="replace what is there, your edits and files included",
            ),
        ),
        (
            ("gen --variant memslot-flag", "the reference knob on Debian's 6.12"),
            ("gen --variant all --abi small-pages-only", "every uAPI for another knob"),
            (
                "gen --variant memslot-flag --tree ~/linux@kvm/next",
                "on a branch of your own repository",
            ),
            ("gen explain --variant vm-capability", "the plan; nothing is written"),
            ("gen check my-series/", "what would KVM's maintainers say?"),
            ("gen test --variant memslot-flag", "does KVM believe it?"),
            ("gen lint my-knob.yaml", "is the description all right?"),
        ),
    ),
    Command(
        "explain",
        "Print the plan of a series: numbers, sites, edits.",
        "--variant V [options]",
        "series:explain",
        _MADE,
        (
            ("gen explain --variant quirk --tree debian:6.1", "what a series would be, and where"),
            ("gen explain --variant all --json", "every variant's plan, for a program"),
        ),
    ),
    Command(
        "apply",
        "Put a series into a tree of yours.",
        "--variant V --tree DIR [options]",
        "series:apply",
        (
            *_MADE,
            _SIGNOFF,
            _argument(
                "--branch", metavar="NAME", help="the new branch (default: gen/KNOB-VARIANT)"
            ),
            _argument(
                "--in-place",
                action="store_true",
                help="change the files of a folder that is no repository",
            ),
        ),
        (
            (
                "gen apply --variant memslot-flag --tree ~/linux --branch zap-leafs",
                "a new branch on HEAD; nothing else is touched",
            ),
            (
                "gen apply --variant quirk --abi my-knob.yaml --tree ./linux-6.12 --in-place",
                "the files of an unpacked kernel are changed",
            ),
        ),
    ),
    Command(
        "check",
        "Say what KVM's maintainers would say of a series.",
        "[SERIES | --variant V] [options]",
        "check:check",
        (
            *_ONE,
            _argument("--no-build", action="store_true", help="only read; nothing is compiled"),
            _ARCH,
            _COMPILER,
            _TRUST,
            _argument(
                "--select", action="append", default=[], metavar="R1,…", help="these checks alone"
            ),
            _argument(
                "--ignore", action="append", default=[], metavar="R1,…", help="not these checks"
            ),
            _argument(
                "--explain", metavar="R1", help="what a check asks and where that is written"
            ),
            _argument(
                "--format",
                choices=["text", "github", "sarif"],
                default="text",
                help="of the findings (default: %(default)s)",
            ),
        ),
        (
            ("gen check --variant memslot-flag", "a series that gen makes"),
            ("gen check my-series/ --tree ~/linux@kvm/next", "patches that a person wrote"),
            ("gen check v2.mbox --no-build --tree debian:6.12", "a mailbox, only read"),
            ("gen check --explain R9", "why a finding is one"),
            ("gen check my-series/ --tree ~/linux --format github", "for a CI of GitHub's"),
        ),
    ),
    Command(
        "build",
        "Build the kernel and the KVM selftests of a series.",
        "[SERIES | --variant V] [options]",
        "test:build",
        _BUILT,
        (
            ("gen build --variant memslot-flag", "where the kernel and the tests are, and again"),
            ("gen build my-series/ --tree ~/linux --compiler clang", "patches that are there"),
            ("gen build my-series/ --tree ~/linux --arch arm64", "with a cross compiler"),
        ),
    ),
    Command(
        "test",
        "Run a series' tests on real KVM, with it, without it, and on mutants.",
        "[SERIES | --variant V] [options] [-- NAME ...]",
        "test:test",
        (
            *_BUILT,
            _argument("--all", action="store_true", help="every KVM selftest of the tree"),
            _argument(
                "--accel",
                choices=["auto", "kvm", "tcg"],
                default="auto",
                help="what QEMU runs on; auto tries /dev/kvm with a boot (default: %(default)s)",
            ),
            _argument(
                "-k",
                "--param",
                action="append",
                default=[],
                metavar="PARAM",
                help="for the kernel's command line, such as kvm.ignore_msrs=1",
            ),
            _argument(
                "--limit",
                type=_number,
                default=180,
                metavar="S",
                help="seconds for one test (default: %(default)s)",
            ),
            _argument(
                "--no-baseline",
                dest="baseline",
                action="store_false",
                help="not on the tree without it",
            ),
            _argument(
                "--no-mutants",
                dest="mutants",
                action="store_false",
                help="not on kernels with defects",
            ),
            _argument("--resume", action="store_true", help="keep what an ended run has found"),
            _argument(
                "--format",
                choices=["table", "ktap", "junit"],
                default="table",
                help="of the output (default: %(default)s)",
            ),
        ),
        (
            ("gen test --variant memslot-flag", "a series that gen makes"),
            ("gen test my-series/ --tree ~/linux@kvm/next", "patches that a person wrote"),
            ("gen test my-series/ -- set_memory_region_test", "that test, by its name"),
            ("gen test my-series/ --arch arm64", "on another architecture's KVM, emulated"),
            ("gen test my-series/ --no-mutants --format ktap", "for a CI that reads KTAP"),
        ),
        behind="names",
    ),
    Command(
        "abi-diff",
        "Say what a tree or a series changes in KVM's uAPI.",
        "A B [options]",
        "abi:abi_diff",
        (
            _argument("first", metavar="A", help="a tree, as --tree takes it"),
            _argument(
                "second",
                metavar="B",
                help="a tree, or patches on A: a folder, a patch, a mailbox",
            ),
            JSON,
        ),
        (
            ("gen abi-diff debian:6.1 debian:6.12", "between two kernels"),
            ("gen abi-diff ~/linux@v6.12 my-series/", "by a series"),
        ),
    ),
    Command(
        "lint",
        "Check descriptions.",
        "[FILE ...] [options]",
        "knobs:lint",
        (
            _argument("files", nargs="*", metavar="FILE", help="default: all of abi/"),
            JSON,
        ),
        (
            ("gen lint my-knob.yaml", "where, what, and what would be right"),
            ("gen lint zap-leafs-only", "one that gen ships, by its name"),
        ),
    ),
    Command(
        "schema",
        "Print the JSON Schema of descriptions.",
        "[options]",
        "knobs:schema",
        (_argument("--json", action="store_true", help="the schema is JSON anyway"),),
        (("gen schema >knob.schema.json", "for your editor"),),
    ),
    Command(
        "doctor",
        "Say what this machine lacks of what gen runs.",
        "[options]",
        "doctor:doctor",
        (
            _argument(
                "--arch", metavar="ARCH", help=f"for {' or '.join(RUN)} (default: {DEFAULT.name})"
            ),
            JSON,
        ),
        (
            ("gen doctor", "and the one command that gets it"),
            ("gen doctor --arch arm64", "what building and booting that takes"),
        ),
    ),
    Command(
        "tree",
        "Kernel trees by name.",
        "ACTION [options]",
        "",
        (JSON,),
        (
            ("gen tree add kvm-next ~/linux@kvm/next", "call a branch of yours kvm-next"),
            ("gen --variant quirk --tree kvm-next", "and use it"),
        ),
    ),
    Command(
        "tree list",
        "Show the trees that have a name.",
        "[options]",
        "trees:tree",
        (JSON,),
        (("gen tree list", "names, versions, commits, sizes"),),
    ),
    Command(
        "tree add",
        "Give a tree a name, or fetch debian:RELEASE[=VERSION].",
        "NAME [PATH[@REV]] [options]",
        "trees:tree",
        (
            _argument("name", metavar="NAME", help="a new name, or debian:RELEASE[=VERSION]"),
            _argument(
                "place",
                nargs="?",
                metavar="PATH[@REV]",
                help="a repository, or an unpacked kernel; not for debian:RELEASE",
            ),
            JSON,
        ),
        (
            ("gen tree add debian:6.1", "fetch Debian's 6.1 now"),
            ("gen tree add kvm-next ~/linux@kvm/next", "call a branch of yours kvm-next"),
        ),
    ),
    Command(
        "tree remove",
        "Forget a name, or delete an imported tree.",
        "NAME [options]",
        "trees:tree",
        (_argument("name", metavar="NAME", help="as `gen tree list` shows it"), JSON),
        (
            ("gen tree remove debian:6.1", "delete what was fetched"),
            ("gen tree remove kvm-next", "forget a name; your tree stays as it is"),
        ),
    ),
)
COMMANDS: Mapping[str, Command] = {each.name: each for each in _LIST}


def below(command: Command) -> tuple[Command, ...]:
    """The commands that are one word longer, such as `tree add` below `tree`."""
    lead = f"{command.name} ".lstrip()
    return tuple(
        each
        for name, each in COMMANDS.items()
        if name and name.startswith(lead) and " " not in name[len(lead) :]
    )
