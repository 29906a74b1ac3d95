# SPDX-License-Identifier: GPL-2.0-only
"""The commands that try a series, and set several side by side."""

from __future__ import annotations

from pathlib import Path

from codegen.cli.arguments.command import Command
from codegen.cli.options import (
    ABI,
    BUILT,
    COMPILED_ARCH,
    COMPILER,
    JOBS,
    JSON,
    ONE,
    REDUNDANT,
    RESERVE,
    TREES,
    TRUST,
    argument,
    number,
)

COMMANDS = (
    Command(
        "check",
        "Say what KVM's maintainers would say of a series.",
        "[SERIES | --variant V] [options]",
        "check:check",
        (
            *ONE,
            argument("--no-build", action="store_true", help="only read; nothing is compiled"),
            COMPILED_ARCH,
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
            ("gen check my-series/ --tree ~/linux --arch all", "a table by architecture"),
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
)
