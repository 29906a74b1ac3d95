# SPDX-License-Identifier: GPL-2.0-only
"""What the command line takes: every command with its options and examples, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from codegen.architectures import DEFAULT, RUN
from codegen.cli.options import (
    ABI,
    ARCH,
    BUILT,
    COMPILER,
    JOBS,
    JSON,
    MADE,
    ONE,
    OUT,
    REDUNDANT,
    RESERVE,
    SIGNOFF,
    TREES,
    TRUST,
    Argument,
    argument,
    number,
)


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

    @property
    def takes_words(self) -> bool:
        """Whether it takes words by their place."""
        return any(not each.names[0].startswith("-") for each in self.arguments)


_LIST = (
    Command(
        "",
        "Generate the patch series that gives userspace a KVM knob.",
        "--variant V [options]",
        "series:make",
        (
            *MADE,
            SIGNOFF,
            argument(
                "--out",
                type=Path,
                default=OUT,
                metavar="DIR",
                help="where TREE/KNOB/VARIANT/ is written (default: %(default)s)",
            ),
            argument(
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
        MADE,
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
            *MADE,
            SIGNOFF,
            argument("--branch", metavar="NAME", help="the new branch (default: gen/KNOB-VARIANT)"),
            argument(
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
            *ONE,
            argument("--no-build", action="store_true", help="only read; nothing is compiled"),
            ARCH,
            COMPILER,
            TRUST,
            argument(
                "--select", action="append", default=[], metavar="R1,…", help="these checks alone"
            ),
            argument(
                "--ignore", action="append", default=[], metavar="R1,…", help="not these checks"
            ),
            argument("--explain", metavar="R1", help="what a check asks and where that is written"),
            argument(
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
        BUILT,
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
            *BUILT,
            argument("--all", action="store_true", help="every KVM selftest of the tree"),
            argument(
                "--accel",
                choices=["auto", "kvm", "tcg"],
                default="auto",
                help="what QEMU runs on; auto tries /dev/kvm with a boot (default: %(default)s)",
            ),
            argument(
                "-k",
                "--param",
                action="append",
                default=[],
                metavar="PARAM",
                help="for the kernel's command line, such as kvm.ignore_msrs=1",
            ),
            argument(
                "--limit",
                type=number,
                default=180,
                metavar="S",
                help="seconds for one test (default: %(default)s)",
            ),
            argument(
                "--no-baseline",
                dest="baseline",
                action="store_false",
                help="not on the tree without it",
            ),
            argument(
                "--no-mutants",
                dest="mutants",
                action="store_false",
                help="not on kernels with defects",
            ),
            argument("--resume", action="store_true", help="keep what an ended run has found"),
            argument(
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
        "compare",
        "Set all variants of a knob side by side, with evidence.",
        "[--abi K] [--tree T ...] [options]",
        "compare:compare",
        (
            ABI,
            TREES,
            argument(
                "--variants",
                metavar="V,…",
                help="these variants alone (default: all)",
            ),
            RESERVE,
            REDUNDANT,
            argument("--quick", action="store_true", help="nothing is built; what was, is shown"),
            COMPILER,
            JOBS,
            argument("--markdown", action="store_true", help="for a mail, in 72 columns"),
            argument("--html", type=Path, metavar="FILE", help="one page for a browser"),
            JSON,
        ),
        (
            ("gen compare --quick", "what needs no build, and what was built before"),
            ("gen compare --tree debian:6.1 --tree debian:6.12", "on two trees"),
            ("gen compare --redundant --html page.html", "everything, as a page"),
            ("gen compare --quick --markdown", "for a cover letter"),
        ),
    ),
    Command(
        "matrix",
        "Try series on many trees, architectures, configurations and compilers.",
        "[FILE] [options]",
        "matrix:matrix",
        (
            argument(
                "file",
                nargs="?",
                type=Path,
                metavar="FILE",
                help="a matrix.yaml; options replace what it says",
            ),
            argument(
                "--abi",
                action="append",
                default=[],
                metavar="NAME|FILE",
                help="one of several descriptions, or `all`",
            ),
            argument(
                "--series",
                action="append",
                default=[],
                metavar="SERIES",
                help="one of several series, as gen check takes one",
            ),
            argument(
                "--variants",
                action="append",
                default=[],
                metavar="V,…",
                help="these variants alone (default: all)",
            ),
            TREES,
            argument(
                "--arch",
                action="append",
                default=[],
                metavar="ARCH",
                help=f"one of several: {', '.join(RUN)} (default: {DEFAULT.name})",
            ),
            argument(
                "--config",
                action="append",
                default=[],
                metavar="FILE",
                help="one of several fragments of a configuration, or `default`",
            ),
            argument(
                "--compiler",
                action="append",
                default=[],
                metavar="CC",
                help="one of several, such as clang or gcc-12 (default: gcc)",
            ),
            argument(
                "--until",
                metavar="STEP",
                help="the last of generate, check, build, kselftest, boot, test (default: test)",
            ),
            REDUNDANT,
            argument("--limit", type=number, metavar="S", help="seconds for one cell"),
            argument(
                "--since",
                metavar="RUN",
                help="only cells that are made of something else than in that run: LAST, or its "
                "folder",
            ),
            argument(
                "--format",
                choices=["table", "ktap", "junit", "kcidb"],
                default="table",
                help="of the output (default: %(default)s)",
            ),
            argument("--html", type=Path, metavar="FILE", help="one page for a browser"),
            argument(
                "--scheduler",
                metavar="ADDRESS",
                help="of a cluster of Dask's, such as tls://host:8786; else this machine works",
            ),
            argument(
                "--scheduler-file", type=Path, metavar="FILE", help="the same, as Dask wrote it"
            ),
            argument(
                "--export",
                choices=["gitlab", "github"],
                help="run nothing: write the jobs, and a pipeline or workflow that runs them",
            ),
            argument(
                "--out",
                type=Path,
                default=Path("matrix-jobs"),
                metavar="DIR",
                help="for --export (default: %(default)s)",
            ),
            JSON,
        ),
        (
            ("gen matrix matrix.yaml", "all cells, on this machine"),
            ("gen matrix --abi all --until check", "every description, nothing is built"),
            (
                "gen matrix --series my-series/ --tree debian:6.1 --tree debian:6.12",
                "patches that a person wrote",
            ),
            ("gen matrix matrix.yaml --since LAST", "only what changed"),
            ("gen matrix matrix.yaml --scheduler tls://ci.example.org:8786", "on a cluster"),
            ("gen matrix matrix.yaml --export gitlab", "for a CI that is there"),
            ("gen matrix status matrix", "from another terminal, while it runs"),
        ),
    ),
    Command(
        "matrix status",
        "Show the last run of a matrix, also while it goes on.",
        "[NAME] [options]",
        "matrix:status",
        (
            argument(
                "name",
                nargs="?",
                default="matrix",
                metavar="NAME",
                help="of the matrix: its file's, less .yaml (default: %(default)s)",
            ),
            argument(
                "--format",
                choices=["table", "ktap", "junit", "kcidb"],
                default="table",
                help="of the output (default: %(default)s)",
            ),
            argument("--html", type=Path, metavar="FILE", help="one page for a browser"),
            JSON,
        ),
        (
            ("gen matrix status nightly", "how far nightly.yaml is"),
            ("gen matrix status nightly --format kcidb", "what it has found, for KCIDB"),
        ),
    ),
    Command(
        "job",
        "One cell of a matrix as a job.",
        "ACTION [options]",
        "",
        (JSON,),
        (("gen job run job.json", "by hand, or in any CI"),),
    ),
    Command(
        "job run",
        "Do a job, unless its result is there.",
        "FILE [options]",
        "job:run",
        (
            argument("job", metavar="FILE", help="a job, as gen matrix writes it"),
            argument("--again", action="store_true", help="also where its result is there"),
            JSON,
        ),
        (("gen job run --again job.json", "a cell that failed, alone"),),
    ),
    Command(
        "drift",
        "Say which places of a knob moved between two trees.",
        "[--abi K] --tree A --tree B [options]",
        "compare:drift",
        (ABI, TREES, RESERVE, REDUNDANT, JSON),
        (
            (
                "gen drift --tree debian:6.1 --tree debian:6.12",
                "file, function, signature; and whether git am -3 takes the one's patches",
            ),
        ),
    ),
    Command(
        "abi-diff",
        "Say what a tree or a series changes in KVM's uAPI.",
        "A B [options]",
        "abi:abi_diff",
        (
            argument("first", metavar="A", help="a tree, as --tree takes it"),
            argument(
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
            argument("files", nargs="*", metavar="FILE", help="default: all of abi/"),
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
        (argument("--json", action="store_true", help="the schema is JSON anyway"),),
        (("gen schema >knob.schema.json", "for your editor"),),
    ),
    Command(
        "doctor",
        "Say what this machine lacks of what gen runs.",
        "[options]",
        "doctor:doctor",
        (
            argument(
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
            argument("name", metavar="NAME", help="a new name, or debian:RELEASE[=VERSION]"),
            argument(
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
        (argument("name", metavar="NAME", help="as `gen tree list` shows it"), JSON),
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
