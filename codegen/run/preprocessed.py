# SPDX-License-Identifier: GPL-2.0-only
"""What the compiler saw of a file: the command that kbuild kept of it, stopped before compiling."""

from __future__ import annotations

import shlex
from pathlib import Path

from codegen.run import make
from codegen.run.build import KernelBuild
from codegen.sandbox import made, sandbox
from codegen.sandbox.limits import BUILD


def preprocessed(kernel: KernelBuild, path: str) -> bytes | None:
    """The text of the C file `path` of the tree that was built, without what the configuration
    leaves out; None where kbuild kept no command of it, or that says nothing.

    The file `.NAME.o.cmd` is written by scripts/Kbuild.include (if_changed_dep).
    """
    command = compile_command(kernel, path)
    if command is None:
        return None
    asked = [*command, "-E", str(kernel.source / path)]
    env = make.environment(kernel.ccache)
    read = (kernel.source, kernel.out)
    room = make.room(kernel.tools, kernel.cc, read, (), kernel.ccache)
    done = sandbox.run(asked, room, asked[0], env=env, cwd=kernel.out, limits=BUILD)
    return done.stdout if done.status == 0 else None


def compile_command(kernel: KernelBuild, path: str) -> list[str] | None:
    """The command that compiles a C file of the tree, without its source, its target and `-c`;
    None where kbuild kept none."""
    target = (kernel.out / path).with_suffix(".o")
    kept = target.with_name(f".{target.name}.cmd")
    if not kept.is_file():
        return None
    words = _words(made.text(kept))
    if "-c" not in words or "-o" not in words:
        return None
    at = words.index("-o")
    # -MMD would write the file that make reads its dependencies from.
    asked = [word for word in (*words[:at], *words[at + 2 :]) if not word.startswith("-Wp,-MMD")]
    asked.remove("-c")
    return [word for word in asked if not word.endswith(f"/{Path(path).name}")]


def _words(kept: str) -> list[str]:
    """The first command in the first line, which is a make variable."""
    line = kept.partition("\n")[0].partition(":=")[2].partition(" ; ")[0]
    try:
        return shlex.split(line.replace("$$", "$").replace("$(pound)", "#"))
    except ValueError:
        return []
