# SPDX-License-Identifier: GPL-2.0-only
"""Build a tree's KVM selftests, static and out of tree, against the headers of its own kernel."""

import hashlib
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from codegen.architectures import Architecture
from codegen.architectures.toolchain import Toolchain
from codegen.base.errors import EnvironmentFailure, UsageError
from codegen.base.lock import locked
from codegen.base.nearest import did_you_mean
from codegen.run import make
from codegen.run.build import KernelBuild
from codegen.sandbox import made, sandbox
from codegen.sandbox.view import Room

FOLDER = "tools/testing/selftests/kvm"
# Asks the tree's own Makefile, whatever it includes and calls its folders.
LIST_RULE = 'gen-list: ; @printf "gen:%s\\n" $(TEST_GEN_PROGS)'


@dataclass(frozen=True)
class SelftestBuild:
    """The programs that were asked for, by the name in the tree, e.g. "x86/fix_hypercall_test".

    `broken` names those that do not build in this tree, which only a build of
    all tolerates: stable trees ship such.
    """

    out: Path
    programs: Mapping[str, Path]
    broken: tuple[str, ...]
    objects: int
    seconds: float


def told(arch: Architecture, tools: Toolchain, out: Path | str) -> list[str]:
    """What the selftests' Makefile is told of an architecture and its compiler."""
    more = (word.format(out=out) for word in arch.kernel.selftests)
    return [f"ARCH={arch.name}", *tools.make, *more]


def names_in(kernel: KernelBuild, out: Path) -> tuple[str, ...]:
    """The names of all compiled KVM selftests for the kernel's architecture, as the tree's Makefile
    gives them."""
    source, rule = kernel.source, f"--eval={LIST_RULE}"
    words = [f"OUTPUT={out}", *told(kernel.arch, kernel.tools, out)]
    command = ["make", "-s", "-C", str(source / FOLDER), *words, rule, "gen-list"]
    env = make.environment(None)
    room = Room(read=(source,), write=(out,))
    done = sandbox.run(command, room, "the selftests' Makefile", env=env)
    if done.status:
        why = make.printable(done.stderr.decode(errors="replace").strip())
        raise EnvironmentFailure(f"cannot list the selftests of {source}: {why}")
    prefix = f"gen:{out}/"
    lines = make.printable(done.stdout.decode(errors="replace")).splitlines()
    return tuple(line[len(prefix) :] for line in lines if line.startswith(prefix))


def resolve(wanted: Iterable[str], known: Sequence[str], arch: str) -> tuple[str, ...]:
    """Full names for names given with or without their folder.

    Raises UsageError for a name that is not there, with those that are close to it.
    """
    by_base = {name.rsplit("/", 1)[-1]: name for name in known}
    found: list[str] = []
    for name in wanted:
        if name not in known and name not in by_base:
            hint = did_you_mean(name.rsplit("/", 1)[-1], by_base)
            raise UsageError(f"there is no KVM selftest {name!r} for {arch} in this tree{hint}")
        found.append(name if name in known else by_base[name])
    return tuple(dict.fromkeys(found))


def build_selftests(
    kernel: KernelBuild,
    names: Iterable[str] | None = None,
    progress: make.Progress | None = None,
    *,
    jobs: int | None = None,
) -> SelftestBuild:
    """Build the selftests `names` (None: all) of the tree that `kernel` was built from.

    They go to a folder beside the kernel's, and only what changed is compiled.
    Raises UsageError for a name that the tree does not have, make.BuildFailed.
    """
    start = time.monotonic()
    source = kernel.source
    out = kernel.out.with_name(f"{kernel.out.name}.selftests")
    log = out.with_name(f"{out.name}.log")
    with locked(out.with_name(f"{out.name}.lock")):
        log.unlink(missing_ok=True)
        _forget_stale(kernel, out)
        known = names_in(kernel, out)
        chosen = known if names is None else resolve(names, known, kernel.arch.name)
        include = kernel.headers / "include"
        args = [
            *("-C", str(source / FOLDER), f"OUTPUT={out}"),
            *told(kernel.arch, kernel.tools, out),
            f"CC={kernel.cc}",
            # The first is what newer trees ask, the second what older ones do.
            f"KHDR_INCLUDES=-isystem {include}",
            f"INSTALL_HDR_PATH={kernel.headers}",
            # Without debug information they fit into the guest's memory.
            "USERLDFLAGS=-static -Wl,-S",
        ]
        args += ["-k"] if names is None else [str(out / name) for name in chosen]
        env = make.environment(kernel.ccache)
        read = (source, kernel.out)
        room = make.room(kernel.tools, kernel.cc, read, (out,), kernel.ccache)
        broken: tuple[str, ...] = ()
        objects = 0
        try:
            with make.resumed(out):
                objects = make.run_make(
                    args,
                    log,
                    env,
                    room,
                    what="the selftests",
                    jobs=jobs,
                    total=make.planned(args, env, room) if progress else None,
                    progress=progress,
                    strip=(f"{source}/",),
                )
        except make.BuildFailed as error:
            broken = _broken(error.log.read_text(errors="replace"), out)
            if names is not None or not broken or not set(broken) < set(known):
                raise
    programs = {name: out / name for name in chosen if name not in broken}
    return SelftestBuild(out, programs, broken, objects, time.monotonic() - start)


def build_all(
    kernel: KernelBuild,
    touched: Sequence[str],
    progress: make.Progress | None = None,
    *,
    jobs: int | None = None,
) -> SelftestBuild:
    """Build every selftest.  Of those that a series has touched, all must build: BuildFailed."""
    if touched:
        build_selftests(kernel, touched, progress, jobs=jobs)
    return build_selftests(kernel, None, progress, jobs=jobs)


def _broken(log: str, out: Path) -> tuple[str, ...]:
    """The programs, or objects of them, that make says it could not make."""
    failed = re.findall(rf"\*\*\* \[(?:[^]\n]*: )?{re.escape(str(out))}/(\S+)\] Error", log)
    return tuple(dict.fromkeys(name.removesuffix(".o") for name in failed))


def _forget_stale(kernel: KernelBuild, out: Path) -> None:
    """Empty `out` where it was made by another compiler, or by headers that make does not watch."""
    makefiles = sorted((kernel.source / FOLDER).glob("Makefile*"))
    watched = any("-MD" in made.text(path) for path in makefiles)
    identity = hashlib.sha256(f"{kernel.source} {make.compiler_id(kernel.tools)}".encode())
    if not watched:
        for path in _headers(kernel):
            identity.update(made.read(path))
    mark = out / ".gen-selftests"
    if out.exists() and mark.exists() and made.text(mark) == identity.hexdigest():
        return
    if out.exists() and any(out.iterdir()) and not mark.exists():
        raise UsageError(f"{out} is not empty and was not made by gen")
    if out.exists():
        made.remove(out)
    out.mkdir(parents=True)
    mark.write_text(identity.hexdigest())


def _headers(kernel: KernelBuild) -> list[Path]:
    folders = [kernel.source / FOLDER / "include", kernel.source / "tools/include"]
    found = [path for folder in folders for path in folder.rglob("*.h")]
    found += (kernel.source / "tools/testing/selftests").glob("*.h")
    found += (kernel.headers / "include").rglob("*.h")
    return sorted(found)
