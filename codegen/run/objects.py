# SPDX-License-Identifier: GPL-2.0-only
"""What KVM became in a kernel that was built: the size of its objects, the instructions of its
functions, the layout of its structs.  Asked once of the same bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from codegen.base.errors import EnvironmentFailure
from codegen.run import make
from codegen.run.build import KernelBuild, Options
from codegen.run.identity import build_key
from codegen.run.layout import StructLayout, layouts
from codegen.sandbox import sandbox
from codegen.sandbox.limits import BUILD
from codegen.sandbox.view import Room
from codegen.store.store import store

_KIND = "objects"
STRUCTS = ("kvm_arch", "kvm_memory_slot")
_AT_ONCE = 8  # objects that are disassembled: what a program may say is limited
_FUNCTION = re.compile(r"[0-9a-f]+ <([^>]+)>:$")
_INSTRUCTION = re.compile(r"\s+[0-9a-f]+:\t")


@dataclass(frozen=True)
class Objects:
    """What is known of a kernel's KVM.

    `text` has bytes by the path of the source file, `instructions` counts by the same and by
    the function, `structs` layouts by name.
    """

    text: Mapping[str, int]
    instructions: Mapping[str, Mapping[str, int]]
    structs: Mapping[str, StructLayout]


def recall(options: Options, tree: str) -> Objects | None:
    """What is known of the kernel of a git tree; None where nobody has asked."""
    kept = store().get(_KIND, build_key(options, tree))
    try:
        return _read(kept.said) if kept else None
    except (LookupError, TypeError, AttributeError):
        return None


def objects(kernel: KernelBuild, options: Options, tree: str) -> Objects:
    """The same, asked now if need be.  Raises EnvironmentFailure where a program is missing."""
    if known := recall(options, tree):
        return known
    found = _asked(kernel)
    store().put(_KIND, build_key(options, tree), asdict(found))
    return found


def _read(said: Mapping[str, Mapping[str, Mapping[str, int]]]) -> Objects:
    structs = {name: StructLayout(**each) for name, each in said["structs"].items()}
    return Objects(said["text"], said["instructions"], structs)  # type: ignore[arg-type]


def _asked(kernel: KernelBuild) -> Objects:
    folders = (f"arch/{kernel.arch.name}/kvm", "virt/kvm")
    paths = {
        str(path.relative_to(kernel.out).with_suffix(".c")): path
        for folder in folders
        for path in sorted((kernel.out / folder).rglob("*.o"))
        if (kernel.source / path.relative_to(kernel.out)).with_suffix(".c").is_file()
    }
    if not paths:
        raise EnvironmentFailure(f"{kernel.out} has no objects of KVM")
    return Objects(_text(kernel, paths), _instructions(kernel, paths), layouts(kernel, STRUCTS))


def _text(kernel: KernelBuild, paths: Mapping[str, Path]) -> Mapping[str, int]:
    rows = (line.split() for line in _said(kernel, "size", (), paths)[1:])
    return dict(zip(paths, (int(row[0]) for row in rows), strict=True))


def _instructions(
    kernel: KernelBuild, paths: Mapping[str, Path]
) -> Mapping[str, Mapping[str, int]]:
    names = {str(path): name for name, path in paths.items()}
    found: dict[str, dict[str, int]] = {name: {} for name in paths}
    counts: dict[str, int] = {}
    function = ""
    for line in _disassembled(kernel, paths):
        path, _, head = line.partition(":     file format ")
        if head:
            counts, function = found[names[path]], ""
        elif match := _FUNCTION.match(line):
            function = match[1]
            counts.setdefault(function, 0)
        elif function and _INSTRUCTION.match(line):
            counts[function] += 1
    return found


def _disassembled(kernel: KernelBuild, paths: Mapping[str, Path]) -> Iterator[str]:
    every = list(paths.items())
    for at in range(0, len(every), _AT_ONCE):
        some = dict(every[at : at + _AT_ONCE])
        yield from _said(kernel, "objdump", ("-d", "--no-show-raw-insn"), some)


def _said(
    kernel: KernelBuild, program: str, options: Sequence[str], paths: Mapping[str, Path]
) -> list[str]:
    """The lines that a program of the binutils says of objects."""
    command = [f"{kernel.tools.prefix}{program}", *options, *map(str, paths.values())]
    env = make.environment(None)
    room = Room(read=tuple(paths.values()))
    done = sandbox.run(command, room, program, env=env, limits=BUILD)
    if done.status:
        why = make.printable(done.stderr.decode(errors="replace")).strip()
        raise EnvironmentFailure(f"{command[0]} cannot read the objects of {kernel.out}: {why}")
    return list(filter(None, done.stdout.decode(errors="replace").split("\n")))
