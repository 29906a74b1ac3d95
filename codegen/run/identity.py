# SPDX-License-Identifier: GPL-2.0-only
"""What a build and a trial are made of, as keys of the store: the bytes of the trees, how they are
configured and compiled, on what they are booted, and gen's own part in it."""

from __future__ import annotations

from codegen.base.errors import EnvironmentFailure
from codegen.run import make
from codegen.run.build import Options
from codegen.run.program import version_line
from codegen.store import owncode
from codegen.store.store import key

# The rooms that take part; what a series is made by is in its bytes.
_ROOMS = ("architectures", "sandbox", "run")


def build_key(options: Options, tree: str) -> str:
    """The key of what is found out about a kernel: `tree` is the id of its git tree."""
    return key(*_made_by(options, "codegen.run.objects"), tree)


def trial_key(options: Options, base: str, tip: str) -> str:
    """The key of a trial of a series, by the git trees before and behind it."""
    return key(
        *_made_by(options, "codegen.run.trial"),
        qemu_id(options.arch.machine.qemu.program),
        base,
        tip,
    )


def _made_by(options: Options, start: str) -> tuple[object, ...]:
    """How something is made, by the module that makes it."""
    compiler = make.compiler_id(options.toolchain)
    how = (options.config.read_text(), options.make_args, options.goals)
    return (owncode.code(_ROOMS, start), options.arch.name, compiler, how)


def qemu_id(program: str) -> str:
    """What QEMU says that it is.  Raises EnvironmentFailure where there is none."""
    try:
        return version_line(program)
    except OSError as problem:
        raise EnvironmentFailure(f"cannot run {program}: {problem}") from None
