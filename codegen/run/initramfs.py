# SPDX-License-Identifier: GPL-2.0-only
"""The guest's only file system: a cpio archive with init and the tests, made without root."""

import hashlib
import os
import stat
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from codegen.architectures import DEFAULT, Architecture
from codegen.base.errors import EnvironmentFailure, UsageError
from codegen.sandbox import made

INIT_SOURCE = Path(__file__).with_name("init.c")
MOUNT_POINTS = ("dev", "proc", "sys", "tmp", "gen", "bin", "tests")


@dataclass(frozen=True)
class GuestTest:
    """One program to run in the guest: host file, arguments, time limit in seconds.

    `settings` are files of the guest and what is written to them before, kernel parameters say.
    """

    name: str
    program: Path
    args: tuple[str, ...] = ()
    limit_s: int = 120
    settings: tuple[tuple[str, str], ...] = ()


def build_init(folder: Path, compiler: str = "gcc", arch: Architecture = DEFAULT) -> Path:
    """Compile init.c as a static program of an architecture into `folder`, unless it is there.

    Raises EnvironmentFailure with the compiler's words, e.g. where libc.a is missing.
    """
    tools = arch.toolchain(compiler)
    command = [*tools.command.split(), "-O2", "-static", "-s"]
    identity = f"{INIT_SOURCE.read_text()}{command}"
    out = folder / f"init-{hashlib.sha256(identity.encode()).hexdigest()[:8]}"
    if out.exists():
        return out
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / f"init.{os.getpid()}"
    command += ["-o", str(new), str(INIT_SOURCE)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        what = f"cannot run {tools.program}: {error.strerror}"
        raise EnvironmentFailure(f"{what} (Debian: {tools.package})") from error
    if done.returncode:
        lacks = f"cannot compile the guest's init (Debian: {arch.libc})"
        raise EnvironmentFailure(f"{lacks}:\n{done.stderr.strip()}")
    new.replace(out)
    return out


def clock_params(init: Path, arch: Architecture = DEFAULT) -> tuple[str, ...]:
    """The kernel parameter with the frequency of the host's clock, where the architecture has one
    and init can measure it.  Under TCG, too, the guest's clock is the host's."""
    name = arch.machine.guest.measured
    if not (name and arch.native):
        return ()
    try:
        done = subprocess.run([str(init)], capture_output=True, text=True, check=True, timeout=10)
        return (f"{name}={int(done.stdout)}",)
    except (OSError, ValueError, subprocess.SubprocessError):
        return ()


def cpio(entries: Iterable[tuple[str, int, bytes]]) -> bytes:
    """A cpio archive in the kernel's "newc" format of (path, mode, content) entries.

    The format is described in Documentation/driver-api/early-userspace/buffer-format.rst.
    Owner and times are 0, so that the same content gives the same bytes.
    """
    parts: list[bytes] = []
    for number, (path, mode, content) in enumerate((*entries, ("TRAILER!!!", 0, b"")), start=1):
        name = path.encode() + b"\0"
        links = 2 if stat.S_ISDIR(mode) else 1
        fields = (number, mode, 0, 0, links, 0, len(content), 0, 0, 0, 0, len(name), 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + name
        parts += [head, bytes(-len(head) % 4), content, bytes(-len(content) % 4)]
    return b"".join(parts)


def list_text(tests: Sequence[GuestTest]) -> str:
    """The text of /gen/tests, as init.c reads it."""
    places = _places(tests)
    return "".join(
        "\t".join(
            (
                str(test.limit_s),
                *(f"@{file}={text}" for file, text in test.settings),
                f"/{places[test.program]}",
                *test.args,
            )
        )
        + "\n"
        for test in tests
    )


def _places(tests: Sequence[GuestTest]) -> Mapping[Path, str]:
    """Where each program lies in the guest: once, under the name of the first test that runs it."""
    places: dict[Path, str] = {}
    for test in tests:
        places.setdefault(test.program, f"tests/{test.name}")
    return places


def guest_text(arch: Architecture) -> str:
    """The text of /gen/guest, as init.c reads it."""
    its = arch.machine.guest
    lines = [("report", its.report), ("clock", its.clock)]
    lines += [("flag", flag) for flag in its.flags] + [("param", param) for param in its.paging]
    return "".join(f"{what} {name}\n" for what, name in lines)


def contents(
    init: Path, tests: Sequence[GuestTest], arch: Architecture = DEFAULT
) -> Mapping[str, tuple[int, bytes]]:
    """Path in the guest to (mode, content); a folder has no content.

    Raises UsageError for a name or an argument that the list cannot hold.
    """
    files: dict[str, tuple[int, bytes]] = {}
    for test in tests:
        words = (test.name, *test.args, *(word for setting in test.settings for word in setting))
        if any(set(word) & set("\t\n\0") for word in words):
            raise UsageError(f"test {test.name!r}: tab and newline cannot be passed to a test")
    for program, path in _places(tests).items():
        files[path] = (stat.S_IFREG | 0o755, made.read(program))
    files["init"] = (stat.S_IFREG | 0o755, init.read_bytes())
    files["gen/guest"] = (stat.S_IFREG | 0o644, guest_text(arch).encode())
    files["gen/tests"] = (stat.S_IFREG | 0o644, list_text(tests).encode())
    folders = {str(parent) for path in files for parent in Path(path).parents} - {"."}
    for folder in folders.union(MOUNT_POINTS):
        files[folder] = (stat.S_IFDIR | 0o755, b"")
    # Sorted, a folder comes before what it holds.
    return dict(sorted(files.items()))


def write_initramfs(
    path: Path, init: Path, tests: Sequence[GuestTest], arch: Architecture = DEFAULT
) -> Path:
    """Write the archive to `path`, which is returned."""
    files = contents(init, tests, arch)
    path.write_bytes(cpio((name, mode, data) for name, (mode, data) in files.items()))
    return path
