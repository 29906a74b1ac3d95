# SPDX-License-Identifier: GPL-2.0-only
"""A cell as a job: data that any machine with the same gen can run, and the name of its result.

A job says what it is `made_of`: who runs it compares that with what is there, so that a machine
with another compiler than its label says answers nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

from codegen.architectures import ARCHITECTURES
from codegen.architectures.record import Architecture
from codegen.base.errors import EnvironmentFailure, UsageError
from codegen.base.files import read_file
from codegen.matrix.asked import Until
from codegen.matrix.cells import Cell
from codegen.run import make
from codegen.run.identity import qemu_id
from codegen.store import owncode
from codegen.store.store import key

VERSION = 1
_LARGE = 64 << 20
# The rooms that take part, and the module that does the steps.
_ROOMS = (
    "base", "architectures", "vocabulary", "c", "tree", "store", "uapi", "kernel", "sites", "style",
    "kinds", "description", "sandbox", "mail", "plan", "series", "run", "check", "matrix",
)  # fmt: skip
_STEPS = "codegen.matrix.steps"


@dataclass(frozen=True)
class TreeWanted:
    """A tree: its name, what a matrix takes for it, its commit, and Debian's version where it has
    one that `spec` does not name."""

    name: str
    spec: str
    commit: str
    version: str = ""


@dataclass(frozen=True)
class Job:
    """What is to be done: `files` are a description with what it names, or a series; `path` is
    how patches call the description; `config` is the whole fragment, empty for gen's own.  With
    `patches` it is of that many of the series, the first ones, and of its last step."""

    cell: Cell
    path: str
    files: Mapping[str, str]
    tree: TreeWanted
    config: str
    until: str
    limit: int
    redundant: bool
    made_of: Mapping[str, str]
    patches: int | None = None

    @cached_property
    def steps(self) -> tuple[Until, ...]:
        """The steps up to the last one."""
        return Until(self.until).steps

    @property
    def done(self) -> tuple[Until, ...]:
        """What is done, in this order: of some patches, what is asked of them and no more."""
        return self.steps if self.patches is None else (Until.GENERATE, Until(self.until))

    @cached_property
    def key(self) -> str:
        """The name of the result: of all that counts for it, and of nothing else.

        An architecture, a compiler and a configuration count where something is built with them.
        """
        steps = self.steps
        arch = self.cell.architecture if Until.BUILD in steps else ""
        config = self.config if Until.KSELFTEST in steps else ""
        some = () if self.patches is None else (self.patches,)
        return key("job", dict(self.made_of), self.tree.commit, arch, config, self.until, *some)

    @property
    def bench(self) -> str:
        """Cells of one bench share checkout and objects, and are built one after the other."""
        return f"{self.tree.name} {self.cell.architecture}"

    def text(self) -> str:
        """The job as JSON."""
        return json.dumps({"job": VERSION, **asdict(self)}, indent=1) + "\n"


def from_text(text: str, path: str = "the job") -> Job:
    """The inverse.  Raises UsageError for what is no job."""
    try:
        said = json.loads(text)
        if said.pop("job") != VERSION:
            raise ValueError
        cell, tree = Cell(**said.pop("cell")), TreeWanted(**said.pop("tree"))
        made = Job(cell=cell, tree=tree, **said)
        Until(made.until)
        texts = (*made.files.items(), *made.made_of.items(), *asdict(cell).items())
        if not all(isinstance(each, str) for pair in texts for each in pair):
            raise TypeError
        if any(name.startswith("/") or ".." in name.split("/") for name in made.files):
            raise ValueError  # they are written below a folder
        some = None if made.patches is None else int(made.patches)
        if some is not None and some < 0:
            raise ValueError
        return replace(made, limit=int(made.limit), redundant=bool(made.redundant), patches=some)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        hint = "`gen matrix --export` and a failing cell write such files"
        raise UsageError(f"{path}: is no job of this gen, version {VERSION}; {hint}") from None


def read_job(path: Path) -> Job:
    """A job from a file.  Raises UsageError where there is none."""
    try:
        return from_text(read_file(path, _LARGE).decode("utf-8", "replace"), str(path))
    except OSError as problem:
        raise UsageError(f"{path}: {problem.strerror}") from None


def own_code() -> str:
    """gen's own part in each result."""
    return owncode.code(_ROOMS, _STEPS)


@lru_cache(maxsize=64)
def compiler_of(arch: str, compiler: str) -> str:
    """What a compiler says that it is.  Raises EnvironmentFailure where there is none."""
    return make.compiler_id(ARCHITECTURES[arch].toolchain(compiler))


def programs(cell: Cell, until: Until) -> dict[str, str]:
    """The programs of this machine that count for a cell, by what they are for.

    Raises EnvironmentFailure where one is missing.
    """
    found = {}
    if Until.BUILD in until.steps:
        found["compiler"] = compiler_of(cell.architecture, cell.compiler)
    if Until.BOOT in until.steps:
        arch: Architecture = ARCHITECTURES[cell.architecture]
        found["qemu"] = qemu_id(arch.machine.qemu.program)
    return found


def verify(job: Job) -> None:
    """Raise EnvironmentFailure where this machine has something else than what the job is for."""
    here = {"gen": own_code(), **programs(job.cell, Until(job.until))}
    for what, wanted in job.made_of.items():
        if what in here and here[what] != wanted:
            told = "another version of gen" if what == "gen" else here[what]
            raise EnvironmentFailure(f"{what}: this machine has {told}, the job is for {wanted}")


def as_text(data: bytes) -> str:
    """Bytes as JSON can hold them."""
    return data.decode("utf-8", "surrogateescape")


def as_bytes(text: str) -> bytes:
    """The inverse."""
    return text.encode("utf-8", "surrogateescape")
