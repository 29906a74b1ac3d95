# SPDX-License-Identifier: GPL-2.0-only
"""The commands that look at trees, descriptions and this machine."""

from __future__ import annotations

from codegen.architectures import COMPILED, DEFAULT
from codegen.cli.arguments.command import Command
from codegen.cli.options import (
    ABI,
    JSON,
    REDUNDANT,
    RESERVE,
    TREES,
    argument,
)

COMMANDS = (
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
                "--arch",
                metavar="ARCH",
                help=f"{', '.join(COMPILED)} (default: {DEFAULT.name})",
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
