# SPDX-License-Identifier: GPL-2.0-only
"""Kernel trees where they lie: in git objects, or in files; never anybody's working tree."""

from __future__ import annotations

import errno
import os
import re
import stat
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from types import TracebackType
from typing import Self

from codegen.base.errors import DamagedRepository, EnvironmentFailure
from codegen.base.findings import Finding, error
from codegen.tree.git import git_environment

_MOST_SEARCHES = 2  # of a whole tree for a function: some 3 s each
_FOLDER, _LINK, _SUBMODULE = b"40000", b"120000", b"160000"  # modes that are no file's
_MAX_FILE = 32 << 20  # the largest file that any site reads is api.rst, 0.4 MB

_Paths = tuple[str, ...]


class _Searches:
    """What searches of a whole tree found, which take seconds each."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, _Paths], _Paths] = {}

    def of(self, word: str, within: _Paths, search: Callable[[str, _Paths], _Paths]) -> _Paths:
        """The files that hold a word; FindingsError for one word too many."""
        if (word, within) not in self._found:
            functions = [each for each, _ in self._found if each.endswith("(")]
            if word.endswith("(") and len(functions) >= _MOST_SEARCHES:
                others = ", ".join(f"{each})" for each in functions)
                what = f"{word}) is nowhere in KVM's folders"
                raise error(Finding(what, hint=f"the whole tree was searched for {others} alone"))
            self._found[word, within] = search(word, within)
        return self._found[word, within]


def _files(within: tuple[str, ...]) -> list[str]:
    """The C files of some folders, as git matches them; `*` stands for `/` as well."""
    return [
        re.sub(r"([*?\[\\])", r"\\\1", folder) + f"*.{end}" for folder in within for end in "ch"
    ]


def _wanted(word: str) -> list[str]:
    """What `git grep` is asked for."""
    if word.endswith("("):
        return ["-P", "-e", rf"(?<!\w){re.escape(word[:-1])}\s*\("]
    return ["-F", "-w", "-e", word]


def _walk(prefix: str, entries: Callable[[str], Iterable[tuple[str, bool]]]) -> Iterator[str]:
    """The files whose path begins with a prefix, by what each folder holds."""
    top, _, start = prefix.rpartition("/")
    todo = []
    for name, is_folder in entries(top):
        path = f"{top}/{name}" if top else name
        if is_folder and not start:
            todo.append(path)
        elif not is_folder and name.startswith(start):
            yield path
    while todo:
        folder = todo.pop()
        for name, is_folder in entries(folder):
            if is_folder:
                todo.append(f"{folder}/{name}")
            else:
                yield f"{folder}/{name}"


class GitTree:
    """A tree at a commit of a repository, read by one `git cat-file` process."""

    def __init__(self, git_dir: Path, commit: str) -> None:
        self.git_dir = git_dir
        self.commit = commit
        self._complaints = TemporaryFile()  # noqa: SIM115 # closed with the tree
        self._process = subprocess.Popen(
            ["git", f"--git-dir={git_dir}", "cat-file", "--batch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            env=git_environment(),
        )
        self._lock = Lock()
        self._objects: dict[str, tuple[str, bytes] | None] = {}
        self._listed: dict[str, list[tuple[str, bool]]] = {}
        self._ids: dict[str, str] = {}  # of what the listed folders hold
        self._searches = _Searches()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the reading process."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                with suppress(OSError):
                    stream.close()
        self._process.wait()
        self._complaints.close()

    def _object(self, path: str) -> tuple[str, bytes] | None:
        if path not in self._objects:
            name = self._id(path) if path else f"{self.commit}:"
            self._objects[path] = self._asked(name, path or name) if name else None
        return self._objects[path]

    def _id(self, path: str) -> str | None:
        """What git calls a path; None where no folder has it.

        git finds a deep path slowly each time, and most that are asked for are not there.
        """
        folder = ""
        for part in path.split("/"):
            self._entries(folder)
            folder = f"{folder}/{part}" if folder else part
            if folder not in self._ids:
                return None
        return self._ids[folder]

    def _asked(self, name: str, path: str) -> tuple[str, bytes] | None:
        """An object and what it is; `path` is what messages call it."""
        with self._lock:  # git answers one question at a time
            return self._ask(name, path)

    def _ask(self, name: str, path: str) -> tuple[str, bytes] | None:
        pipe_in, pipe_out = self._process.stdin, self._process.stdout
        assert pipe_in and pipe_out
        try:
            pipe_in.write(f"{name}\n".encode())
            pipe_in.flush()
            head = pipe_out.readline().split()
        except OSError:
            head = []
        if not head:
            raise self._damaged(f"git cannot read {path}")
        if len(head) != 3 or head[1] not in (b"blob", b"tree", b"commit"):
            if os.fstat(self._complaints.fileno()).st_size:
                raise self._damaged(f"git cannot read {path}")
            return None
        size = int(head[2])
        if size > _MAX_FILE:
            raise EnvironmentFailure(f"{path}: {size} bytes; no file that gen reads is that large")
        data = pipe_out.read(size)
        pipe_out.read(1)
        if len(data) != size:
            raise self._damaged(f"git stopped while reading {path}")
        return head[1].decode(), data

    def _damaged(self, what: str) -> DamagedRepository:
        self._complaints.seek(0)
        said = self._complaints.read(4096).decode("utf-8", "replace").splitlines()
        return DamagedRepository(self.git_dir, f"{what}: {said[0]}" if said else what)

    def read(self, path: str) -> bytes:
        """See `Tree.read`."""
        found = self._object(path)
        if found is None or found[0] != "blob":
            raise FileNotFoundError(path)
        return found[1]

    def blob(self, name: str) -> bytes:
        """The bytes of a file by the name of its object, be it of this tree or of another one."""
        found = self._asked(name, name)
        if found is None:
            raise self._damaged(f"git cannot read {name}")
        return found[1]

    def paths(self, prefix: str) -> tuple[str, ...]:
        """See `Tree.paths`."""
        return tuple(sorted(_walk(prefix, self._entries)))

    def _entries(self, folder: str) -> list[tuple[str, bool]]:
        """Names of the files in a folder, and of the folders: those are true."""
        if folder not in self._listed:
            self._listed[folder] = self._list(folder)
        return self._listed[folder]

    def _list(self, folder: str) -> list[tuple[str, bool]]:
        found = self._object(folder)
        if found is None or found[0] != "tree":
            return []
        entries: list[tuple[str, bool]] = []
        above = f"{folder}/" if folder else ""
        width = len(self.commit) // 2
        for match in re.finditer(rb"(\d+) ([^\0]+)\0(.{%d})" % width, found[1], re.S):
            mode, name, object_id = match.groups()
            if mode != _SUBMODULE and b"\n" not in name:
                text = name.decode("utf-8", "surrogateescape")
                self._ids[above + text] = object_id.hex()
                if mode != _LINK:
                    entries.append((text, mode == _FOLDER))
        return entries

    def grep(self, word: str, within: tuple[str, ...] = ("",)) -> tuple[str, ...]:
        """See `Tree.grep`."""
        return self._searches.of(word, within, self._grep)

    def _grep(self, word: str, within: tuple[str, ...]) -> tuple[str, ...]:
        command = ["git", f"--git-dir={self.git_dir}", "grep", "-l", "-z"]
        command += [*_wanted(word), self.commit, "--", *_files(within)]
        done = subprocess.run(command, capture_output=True, env=git_environment(), check=False)
        names = done.stdout.decode("utf-8", "surrogateescape").split("\0")
        return tuple(sorted(name.partition(":")[2] for name in names if name))


class FolderTree:
    """An unpacked kernel source that is no repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._searches = _Searches()

    def read(self, path: str) -> bytes:
        """See `Tree.read`. A link that leads out of the folder is no file of the tree."""
        try:
            place = (self.folder / path).resolve()
            if not place.is_relative_to(self.folder):
                raise FileNotFoundError(path)
            status = place.stat()
            if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_FILE:
                raise FileNotFoundError(path)
            return place.read_bytes()
        except (NotADirectoryError, RuntimeError, ValueError):
            raise FileNotFoundError(path) from None
        except PermissionError as error:
            raise EnvironmentFailure(f"{self.folder / path}: {error.strerror}") from None

    def paths(self, prefix: str) -> tuple[str, ...]:
        """See `Tree.paths`."""
        try:
            top = (self.folder / prefix.rpartition("/")[0]).resolve()
        except (OSError, RuntimeError):
            return ()
        if not top.is_relative_to(self.folder):
            return ()
        return tuple(sorted(_walk(prefix, self._entries)))

    def _entries(self, folder: str) -> list[tuple[str, bool]]:
        place = self.folder / folder
        try:
            with os.scandir(place) as entries:
                return [
                    (entry.name, entry.is_dir(follow_symlinks=False))
                    for entry in entries
                    if entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)
                ]
        except (FileNotFoundError, NotADirectoryError, RuntimeError):
            return []
        except OSError as error:
            if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
                return []  # deeper than any file that can be opened
            raise EnvironmentFailure(f"{place}: {error.strerror}") from None

    def grep(self, word: str, within: tuple[str, ...] = ("",)) -> tuple[str, ...]:
        """See `Tree.grep`."""
        return self._searches.of(word, within, self._grep)

    def _grep(self, word: str, within: tuple[str, ...]) -> tuple[str, ...]:
        command = ["git", "-c", "core.quotePath=false", "grep", "--no-index", "-l", "-z"]
        command += [*_wanted(word), "--", *_files(within)]
        environment = git_environment(GIT_CEILING_DIRECTORIES=str(self.folder))
        done = subprocess.run(
            command, capture_output=True, env=environment, cwd=self.folder, check=False
        )
        names = done.stdout.decode("utf-8", "surrogateescape").split("\0")
        return tuple(sorted(name for name in names if name))
