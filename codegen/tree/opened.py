# SPDX-License-Identifier: GPL-2.0-only
"""Kernel trees where they lie: in git objects, or in files; never anybody's working tree."""

from __future__ import annotations

import errno
import os
import re
import stat
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Self

from codegen.base.errors import EnvironmentFailure
from codegen.base.findings import Finding, error
from codegen.tree.git import git_environment
from codegen.tree.objects import MAX_FILE, GitObjects

_MOST_SEARCHES = 2  # of a whole tree for a function: some 3 s each
_FOLDER, _LINK, _SUBMODULE = b"40000", b"120000", b"160000"  # modes that are no file's

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


@dataclass(frozen=True, slots=True)
class _GitFolder:
    """What a folder holds: names of objects, and what `_walk` asks for."""

    ids: Mapping[str, str]
    entries: tuple[tuple[str, bool], ...]


_NO_FOLDER = _GitFolder({}, ())


@lru_cache(maxsize=1024)
def _git_folder(data: bytes, width: int) -> _GitFolder:
    """A folder from its object, which names others by that many bytes."""
    ids: dict[str, str] = {}
    entries: list[tuple[str, bool]] = []
    for match in re.finditer(rb"(\d+) ([^\0]+)\0(.{%d})" % width, data, re.S):
        mode, name, object_id = match.groups()
        if mode != _SUBMODULE and b"\n" not in name:
            text = name.decode("utf-8", "surrogateescape")
            ids[text] = object_id.hex()
            if mode != _LINK:
                entries.append((text, mode == _FOLDER))
    return _GitFolder(ids, tuple(entries))


class GitTree:
    """A tree at a commit of a repository, read by `codegen.tree.objects`."""

    def __init__(self, git_dir: Path, commit: str) -> None:
        self.git_dir = git_dir
        self.commit = commit
        self._objects = GitObjects(git_dir)
        self._folders: dict[str, _GitFolder] = {}
        self._paths: dict[str, _Paths] = {}
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
        self._objects.close()

    def _id(self, path: str) -> str | None:
        """What git calls a path; None where no folder has it.

        git finds a deep path slowly each time, and most that are asked for are not there.
        """
        if not path:
            return f"{self.commit}:"
        folder, _, name = path.rpartition("/")
        if folder not in self._folders:  # from the top: a path may be deeper than Python calls
            for end in (match.start() for match in re.finditer("/", folder)):
                self._folder(folder[:end])
        return self._folder(folder).ids.get(name)

    def read(self, path: str) -> bytes:
        """See `Tree.read`."""
        name = self._id(path)
        found = self._objects.get(name, path) if name else None
        if found is None or found[0] != "blob":
            raise FileNotFoundError(path)
        return found[1]

    def blob(self, name: str) -> bytes:
        """The bytes of a file by the name of its object, be it of this tree or of another one."""
        found = self._objects.get(name, name)
        if found is None:
            raise self._objects.damaged(f"git cannot read {name}")
        return found[1]

    def paths(self, prefix: str) -> tuple[str, ...]:
        """See `Tree.paths`."""
        if prefix not in self._paths:
            found = _walk(prefix, lambda folder: self._folder(folder).entries)
            self._paths[prefix] = tuple(sorted(found))
        return self._paths[prefix]

    def _folder(self, path: str) -> _GitFolder:
        """What a folder holds; nothing where there is none."""
        if path not in self._folders:
            name = self._id(path)
            found = self._objects.get(name, path or name) if name else None
            if found is None or found[0] != "tree":
                self._folders[path] = _NO_FOLDER
            else:
                self._folders[path] = _git_folder(found[1], len(self.commit) // 2)
        return self._folders[path]

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
            if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_FILE:
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
