# SPDX-License-Identifier: GPL-2.0-only
"""Run make: its words to a log, its progress to the caller, its failure as the compiler's lines."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from codegen.architectures.toolchain import Toolchain
from codegen.base import whole
from codegen.base.errors import EnvironmentFailure, FindingsError
from codegen.run.program import version_line
from codegen.sandbox import made, sandbox
from codegen.sandbox.limits import BUILD, LimitHit, size
from codegen.sandbox.view import Room

TOOLS = {"make": "make", "flex": "flex", "bison": "bison", "bc": "bc", "ld": "binutils"}


@dataclass(frozen=True)
class Step:
    """Objects made so far and expected in all (an estimate; never less than `done`)."""

    done: int
    total: int | None
    what: str


Progress = Callable[[Step], None]


class BuildFailed(FindingsError):
    """A tree that does not build: `findings` are the compiler's own errors, `log` the whole log."""

    def __init__(self, message: str, findings: Sequence[str], log: Path) -> None:
        super().__init__(message, findings)
        self.log = log


_OBJECT = re.compile(r"^  (?:CC|AS|HOSTCC)\b.* (\S+)$|^\S*.* -o (\S+)$")
_ERROR = re.compile(
    r"^[^\s:]+:\d+(:\d+)?: (fatal )?error: |: undefined reference to |: multiple definition of "
    r"|^ERROR: |^(error|ld|ld\.lld): (?!.*: in function)|Kconfig\S*:\d+:.*error|: Permission denied"
)
_MAKE_ERROR = re.compile(r"^make(\[\d+\])?: \*\*\* ")
_NEXT = re.compile(r"^(\S+:\d+|make|collect2|In file| {2}[A-Z]{2,})|: (In function|At top level)")
# What is not made of objects, and is made again wherever it is missing or old.
_CONFIGURATION = {".config", "include", "scripts", ".gen-build.json", ".gen-configured"}
_CONFIGURATION |= {".gen-selftests"}
_LONGEST = 1 << 16  # bytes of a line
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_NO_SPACE = "No space left on device"


def error_lines(log: Sequence[str], strip: Sequence[str] = ()) -> tuple[str, ...]:
    """The compiler's errors in make's output, each with the source line and caret that follow it.

    `strip` are prefixes of paths to leave out.  Where no line looks like an
    error, what make said last is all there is.
    """
    found: list[str] = []
    for number, line in enumerate(log):
        if not _ERROR.search(line):
            continue
        rest = log[number + 1 : number + 4]
        stop = next((i for i, text in enumerate(rest) if _NEXT.search(text)), len(rest))
        found.append("\n".join([line, *rest[:stop]]))
    if not found:
        found = [line for line in log if _MAKE_ERROR.match(line)] or list(log[-20:])
    for prefix in strip:
        found = [text.replace(prefix, "") for text in found]
    return tuple(dict.fromkeys(found))


def environment(ccache: Path | None) -> dict[str, str]:
    """A small environment, so that nothing the user has set for other builds reaches this one."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    fixed = {
        "LC_ALL": "C",
        "KBUILD_BUILD_TIMESTAMP": "@0",
        "KBUILD_BUILD_USER": "gen",
        "KBUILD_BUILD_HOST": "gen",
        "KBUILD_BUILD_VERSION": "1",
        "LOCALVERSION": "",
    }
    if ccache:
        # Depend mode saves the separate preprocessor run of each miss.
        fixed |= {"CCACHE_DIR": str(ccache), "CCACHE_DEPEND": "1"}
    return {**kept, **fixed}


# Nearly all that another series compiles again is KVM's own.  Through ccache, the rest would make
# a build from nothing 13 % longer, for objects that are never asked for again.
_WRAPPER = """\
#!/bin/sh
for last; do :; done
case $last in
*/kvm/*.c) exec ccache {compiler} "$@" ;;
esac
exec {compiler} "$@"
"""


def compiler_command(tools: Toolchain, ccache: Path | None, scripts: Path | None = None) -> str:
    """The value of CC: KVM's objects through ccache, where there is one and a folder for it.

    Writes a script to the folder `scripts`, which is beside the cache where nothing is said: what
    is compiled can write to the cache.
    """
    if not ccache or not shutil.which("ccache"):
        return tools.command
    ccache.mkdir(parents=True, exist_ok=True)
    script = (scripts or ccache.parent) / f"cc-{tools.name}"
    text = _WRAPPER.format(compiler=tools.command)
    if not script.exists() or script.read_text() != text:
        whole.write(script, text, 0o777)
    return str(script)


def compiler_id(tools: Toolchain) -> str:
    """The first line of `compiler --version`; raises EnvironmentFailure where it does not run."""
    name = tools.program
    try:
        return version_line(name)
    except OSError as error:
        what = f"the compiler {name!r} does not run: {error}"
        raise EnvironmentFailure(f"{what} (Debian: {tools.package})") from error


def check_tools() -> None:
    """Raise EnvironmentFailure where a program is missing that every kernel build needs."""
    missing = [name for name in TOOLS if not shutil.which(name)]
    if missing:
        packages = " ".join(sorted({TOOLS[name] for name in missing}))
        raise EnvironmentFailure(f"missing: {', '.join(missing)} (apt-get install {packages})")


def jobs_default() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0))


def room(
    tools: Toolchain, cc: str, read: Sequence[Path], write: Sequence[Path], ccache: Path | None
) -> Room:
    """What make may see: folders to read and to write, the compiler (`cc` is CC) and its cache."""
    programs = (tools.program,)
    if ccache is None or cc == tools.command:
        return Room(tuple(read), tuple(write), programs=programs)
    return Room((*read, Path(cc)), tuple(write), (ccache,), programs=programs)


def planned(args: Sequence[str], env: Mapping[str, str], room: Room) -> int:
    """How many objects `make args` would make; only for makefiles that call no other make."""
    command = ["make", "-n", *args]
    done = sandbox.run(command, room, "make", env=env, limits=BUILD)
    lines = done.stdout.decode(errors="replace").splitlines()
    return sum(bool(_OBJECT.match(line)) for line in lines)


def run_make(
    args: Sequence[str],
    log: Path,
    env: Mapping[str, str],
    room: Room,
    *,
    what: str,
    jobs: int | None = None,
    total: int | None = None,
    progress: Progress | None = None,
    strip: Sequence[str] = (),
) -> int:
    """Run `make args` in the sandbox, adding what it says to `log`; returns how many objects it
    made.

    What it has left in the folders that it may write can be read as any file.  Raises BuildFailed
    with the compiler's lines, EnvironmentFailure on a full disk, and LimitHit, after which it has
    left nothing.
    """
    command = ["make", f"-j{jobs or jobs_default()}", *args]
    lines: list[str] = []
    done = 0
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with log.open("a", errors="replace") as out:
            print("$", shlex.join(command), file=out, flush=True)
            with sandbox.foreign(command, room, BUILD, subprocess.PIPE, env=env) as running:
                for line in _lines(running.process.stdout, BUILD.told, what):
                    print(line, file=out)
                    lines.append(line)
                    found = _OBJECT.match(line)
                    done += bool(found)
                    if found and progress:
                        name = (found[1] or found[2]).rsplit("/", 1)[-1]
                        progress(Step(done, None if total is None else max(total, done), name))
                status = running.status
        running.check(what)
        for folder in room.write:
            made.tidy(folder, (*room.read, *room.write))
    except (LimitHit, made.Unreadable):
        for folder in room.write:
            made.remove(folder)
        raise
    if not status:
        return done
    if any(_NO_SPACE in line for line in lines):
        raise EnvironmentFailure(f"{what}: {_NO_SPACE} (log: {log})")
    raise BuildFailed(f"cannot build {what}", error_lines(lines, strip), log)


def _lines(output: IO[bytes] | None, most: int, what: str) -> Iterator[str]:
    """What make says, line by line, without control characters; LimitHit where it is too much."""
    assert output
    told = 0
    while raw := output.readline(_LONGEST):
        told += len(raw)
        if told > most:
            raise LimitHit(f"{what} said more than {size(most)}, and was ended")
        yield printable(raw.decode(errors="replace").rstrip("\n"))


def printable(text: str) -> str:
    """Text of a stranger without what a terminal obeys."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


@contextmanager
def resumed(out: Path) -> Iterator[None]:
    """Make in `out`: what a run that was killed has written there is removed first.

    Half an object is newer than its source, so that make would take it for a whole one.
    """
    mark = out / ".gen-making"
    if mark.exists():
        since = mark.stat().st_mtime
        for path in out.rglob("*"):
            half = path.is_file() and not path.is_symlink() and path.stat().st_mtime >= since
            if half and not _CONFIGURATION & set(path.relative_to(out).parts):
                path.unlink()
    mark.touch()
    try:
        yield
    except BuildFailed:
        mark.unlink(missing_ok=True)  # make has cleaned up
        raise
    mark.unlink(missing_ok=True)


def set_mtime(path: Path, seconds: float) -> None:
    """Set the file's time, in seconds since the epoch."""
    os.utime(path, (seconds, seconds))
