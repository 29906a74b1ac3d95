# SPDX-License-Identifier: GPL-2.0-only
"""The commands of kernel CI."""

from __future__ import annotations

from pathlib import Path

from codegen.architectures import DEFAULT, RUN
from codegen.cli.arguments.command import Command
from codegen.cli.options import (
    JSON,
    REDUNDANT,
    TREES,
    argument,
    number,
)

# how a run is shown
_SHOWN = (
    argument(
        "--format",
        choices=["table", "ktap", "junit", "kcidb"],
        default="table",
        help="of the output (default: %(default)s)",
    ),
    argument("--html", type=Path, metavar="FILE", help="one page for a browser"),
)

COMMANDS = (
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
                "--bisect",
                metavar="CELL",
                help="name the first patch that breaks a cell, by its name or some words of it",
            ),
            argument(
                "--watch",
                action="store_true",
                help="run what changed whenever a tree's branch moves, Debian has a new package or "
                "a file is edited, until it is ended",
            ),
            argument(
                "--every",
                type=number,
                default=900,
                metavar="S",
                help="seconds between two looks of --watch (default: %(default)s)",
            ),
            argument(
                "--mail",
                type=Path,
                metavar="DIR",
                help="write the report as a mail for git send-email into a folder (with --watch: "
                "matrix-mails)",
            ),
            *_SHOWN,
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
            ('gen matrix matrix.yaml --bisect "my-series/ debian:6.1"', "which patch breaks it"),
            ("gen matrix matrix.yaml --watch --mail reports", "a mail whenever something is new"),
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
            *_SHOWN,
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
)
