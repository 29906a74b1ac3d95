# SPDX-License-Identifier: GPL-2.0-only
"""What a foreign program sees: bubblewrap's options for a system that it can only read.

No network, no processes, sockets, keys or home folder of anybody; of the file system the programs
and libraries of the machine, and the folders that the program is for.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from codegen.sandbox.limits import GIB, Limits

# Where programs and libraries are, in Debian and its like, in NixOS and Guix.
_SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"),
    *("/nix/store", "/gnu/store"),
)
# What programs need of /etc to be found and linked; nothing in them is anybody's secret.
_ETC = ("alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "perl", "ccache.conf")
HOME = "/tmp"  # inside
_SCRATCH = GIB  # of /tmp and of /dev/shm, which count as memory


@dataclass(frozen=True)
class Room:
    """The folders and files that a foreign program may `read`, and those it may `write`.

    What it writes to `cache` is never read by anybody but its like.  Programs that are not the
    system's (a compiler of the user's own) are named in `programs`.
    """

    read: tuple[Path, ...] = ()
    write: tuple[Path, ...] = ()
    cache: tuple[Path, ...] = ()
    devices: tuple[Path, ...] = ()
    programs: tuple[str, ...] = ()


def options(
    room: Room, limits: Limits, env: Mapping[str, str], cwd: Path | None, form: Sequence[str]
) -> list[str]:
    """bubblewrap's options; `form` are those that are not for every machine."""
    words = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    words += ["--unshare-cgroup-try", "--die-with-parent", "--cap-drop", "ALL", *form]
    words += ["--hostname", "gen", "--clearenv"]
    for name, value in {**env, "HOME": HOME}.items():
        if name != "TMPDIR":
            words += ["--setenv", name, value]
    for name in _SYSTEM:
        if os.path.islink(name):
            words += ["--symlink", os.readlink(name), name]
        elif os.path.isdir(name):
            words += ["--ro-bind", name, name]
    words += ["--dir", "/etc"]
    for name in _ETC:
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    for home in _homes():
        if _is_system(home):
            words += ["--tmpfs", str(home)]
    scratch = ("--perms", "1777", "--size", str(min(_SCRATCH, limits.memory)), "--tmpfs")
    words += ["--proc", "/proc", "--dev", "/dev", *scratch, "/tmp"]
    for device in room.devices:
        words += ["--dev-bind-try", str(device), str(device)]
    # What is in /proc/sys belongs to root, also to one without any capability.
    words += ["--remount-ro", "/proc"]
    words += ["--remount-ro", "/dev", *scratch, "/dev/shm"]
    binds = _binds(room)
    # Left to bubblewrap, folders on the way are root's alone.
    above = {parent for place in binds for parent in place.parents if not _is_system(parent)}
    for parent in sorted(above - {Path("/")}):
        words += ["--dir", str(parent)]
    for place, option in sorted(binds.items(), key=lambda each: len(each[0].parts)):
        words += [option, str(place.resolve()), str(place)]
    words += ["--remount-ro", "/"]
    return [*words, "--chdir", str(cwd or HOME)]


def _binds(room: Room) -> dict[Path, str]:
    """Place to option.  Paths may go through symlinks: a place is there by both of its names."""
    places: dict[Path, str] = {}
    read = (*room.read, *(path for name in room.programs for path in _program(name)))
    for paths, option in ((read, "--ro-bind"), ((*room.write, *room.cache), "--bind")):
        for path in paths:
            places[Path(os.path.abspath(path))] = places[path.resolve()] = option
    return places


def _homes() -> set[Path]:
    homes = {Path(os.environ[name]) for name in ("HOME",) if os.environ.get(name)}
    with suppress(RuntimeError):
        homes.add(Path.home())
    return {home.resolve() for home in homes if home.is_absolute() and home != Path("/")}


def _is_system(path: Path) -> bool:
    return any(path.is_relative_to(name) for name in _SYSTEM)


def _program(name: str) -> Iterable[Path]:
    """What a program that is not the system's is made of: the folder it was unpacked to, where
    that is one for programs (`PREFIX/bin/NAME`) and nobody's home; else itself."""
    found = shutil.which(name)
    if found is None:
        return
    for path in dict.fromkeys((Path(os.path.abspath(found)), Path(found).resolve())):
        if _is_system(path):
            continue
        prefix = path.parent.parent
        private = any(home.is_relative_to(prefix) for home in _homes())
        shared = path.parent.name == "bin" and (prefix / "lib").is_dir() and not private
        yield prefix if shared and len(prefix.parts) > 1 else path
