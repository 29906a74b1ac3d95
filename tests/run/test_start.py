# SPDX-License-Identifier: GPL-2.0-only
"""What a tree or a series brings is started by the sandbox alone; whoever starts else is known."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import codegen

PACKAGE = Path(codegen.__file__).parent
# Module to the programs that it starts, which are the machine's or gen's own.
STARTS = {
    "base/forked.py": "gen itself, to work on more than one CPU",
    "c/apart.py": "gen's own helper for libclang",
    "cli/commands/series.py": "git, for the user's own name",
    "cli/watch.py": "gen itself",
    "matrix/pool.py": "gen itself, a process for each job",
    "run/checkout.py": "git, on a repository of gen's own",
    "run/doctor.py": "programs of the machine, for their version",
    "sandbox/guard.py": "du",
    "run/initramfs.py": "the compiler on gen's own init, and that init",
    "sandbox/made.py": "rm",
    "run/make.py": "none: a constant that the sandbox takes",
    "run/program.py": "the compiler and QEMU, for their version",
    "sandbox/process.py": "what the modules named here ask for",
    "sandbox/confined.py": "bwrap, chown",
    "sandbox/sandbox.py": "bwrap, for its version",
    "series/branch.py": "git",
    "series/mails.py": "git",
    "tree/apt.py": "apt",
    "tree/importer.py": "git",
    "tree/plumbing.py": "git",
    "tree/objects.py": "git",
    "tree/opened.py": "git",
    "tree/unpack.py": "dpkg-deb, xz, tar",
}
_MODULES = {"subprocess", "multiprocessing", "pty", "asyncio"}
_OS = ("exec", "spawn", "posix_spawn", "fork", "popen", "system")
_CALLS = tuple(f"os.{name}" for name in _OS)


def starters(path: Path) -> Iterator[str]:
    """What a module could start programs by."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.partition(".")[0] in _MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {alias.name for alias in node.names}
            if node.module.partition(".")[0] in _MODULES:
                yield node.module
            elif node.module == "codegen.sandbox.process" and "child" in names:
                yield "child"
            elif node.module == "os" and any(name.startswith(_OS) for name in names):
                yield "os"
        elif isinstance(node, ast.Attribute) and ast.unparse(node).startswith(_CALLS):
            yield ast.unparse(node)


def test_nobody_else_starts_programs() -> None:
    found = {str(p.relative_to(PACKAGE)) for p in PACKAGE.rglob("*.py") if any(starters(p))}
    assert found == set(
        STARTS
    ), "run what is foreign by codegen.sandbox.sandbox, else say here what it is"


def test_these_would_be_found(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    for text in (
        "import subprocess",
        "from subprocess import run",
        "import os\nos.system('true')",
        "from os import execv",
        "import os\nos.posix_spawn('true', [], {})",
        "from codegen.sandbox.process import child",
        "import multiprocessing.pool",
    ):
        module.write_text(text)
        assert list(starters(module)), text
    module.write_text("import os\nos.getpid()\nfrom codegen.sandbox.process import threads")
    assert not list(starters(module))
