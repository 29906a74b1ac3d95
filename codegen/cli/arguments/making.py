# SPDX-License-Identifier: GPL-2.0-only
"""The commands that make a series."""

from __future__ import annotations

from pathlib import Path

from codegen.cli.arguments.command import Command
from codegen.cli.options import (
    MADE,
    OUT,
    SIGNOFF,
    argument,
)

COMMANDS = (
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
)
