# SPDX-License-Identifier: GPL-2.0-only
"""Objects of git: each is named by what it holds, so that none is asked for twice."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock

from codegen.base.errors import DamagedRepository, EnvironmentFailure
from codegen.tree.git import git_environment

MAX_FILE = 32 << 20  # the largest file that any site reads is api.rst, 0.4 MB
_MOST_KNOWN = 4096  # a series asks for some 1000, 20 MB
_KINDS = (b"blob", b"tree", b"commit")

GitObject = tuple[str, bytes]  # what it is, and what it holds

# By repository and name.  Many trees are opened of one commit, and each reads the same files.
_known: dict[tuple[Path, str], GitObject] = {}


class GitObjects:
    """The objects of a repository, read by one `git cat-file`, which starts when it is needed."""

    def __init__(self, git_dir: Path) -> None:
        self.git_dir = git_dir
        self._lock = Lock()

    @cached_property
    def _process(self) -> subprocess.Popen[bytes]:
        self._complaints = TemporaryFile()  # noqa: SIM115 # closed with the process
        return subprocess.Popen(
            ["git", f"--git-dir={self.git_dir}", "cat-file", "--batch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            env=git_environment(),
        )

    def close(self) -> None:
        """End the reading process, if there is one."""
        process = self.__dict__.pop("_process", None)
        if process is None:
            return
        for stream in (process.stdin, process.stdout):
            with suppress(OSError):
                stream.close()
        process.wait()
        self._complaints.close()

    def get(self, name: str, path: str) -> GitObject | None:
        """An object by its whole name, or by what git says for it; None where there is none.

        `path` is what messages call it.  Raises DamagedRepository, EnvironmentFailure.
        """
        if (found := _known.get((self.git_dir, name))) is None:
            with self._lock:  # git answers one question at a time
                found = self._asked(name, path)
            if len(_known) >= _MOST_KNOWN:
                _known.clear()
            if found is not None:
                _known[self.git_dir, name] = found
        return found

    def _asked(self, name: str, path: str) -> GitObject | None:
        pipe_in, pipe_out = self._process.stdin, self._process.stdout
        assert pipe_in and pipe_out
        try:
            pipe_in.write(f"{name}\n".encode())
            pipe_in.flush()
            head = pipe_out.readline().split()
        except OSError:
            head = []
        if not head:
            raise self.damaged(f"git cannot read {path}")
        if len(head) != 3 or head[1] not in _KINDS:
            if os.fstat(self._complaints.fileno()).st_size:
                raise self.damaged(f"git cannot read {path}")
            return None
        size = int(head[2])
        if size > MAX_FILE:
            raise EnvironmentFailure(f"{path}: {size} bytes; no file that gen reads is that large")
        data = pipe_out.read(size)
        pipe_out.read(1)
        if len(data) != size:
            raise self.damaged(f"git stopped while reading {path}")
        return head[1].decode(), data

    def damaged(self, what: str) -> DamagedRepository:
        """The error that says what is wrong, with what git said of it."""
        said = []
        if "_process" in self.__dict__:
            self._complaints.seek(0)
            said = self._complaints.read(4096).decode("utf-8", "replace").splitlines()
        return DamagedRepository(self.git_dir, f"{what}: {said[0]}" if said else what)
