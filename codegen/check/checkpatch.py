# SPDX-License-Identifier: GPL-2.0-only
"""The base tree's own scripts/checkpatch.pl on every mail, never one of a patch: rule R17."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from codegen.base.errors import EnvironmentFailure
from codegen.check.mails import everyone, owned, some
from codegen.check.remark import Remark
from codegen.check.view import View
from codegen.mail.patch import Posted
from codegen.series.commit import MAIL
from codegen.store import answers
from codegen.tree.scratch import scratch_folder

_SCRIPT = "scripts/checkpatch.pl"
_DATA = ("scripts/spelling.txt", "scripts/const_structs.checkpatch")
_OPTIONS = ("--no-tree", "--strict", "--terse", "--show-types", "--no-summary", "--no-color")
_SAID = re.compile(r"^\S+?/(\d+):(\d+): (?:ERROR|WARNING|CHECK):(\w+): (.*)$")
_BITS = re.compile(r"arch/\w+/include/uapi/|include/uapi/")


def checkpatch(view: View) -> Iterator[Remark]:
    """R17: checkpatch.pl --strict has nothing to say.

    Three of its questions are not asked.  BIT_MACRO for uAPI headers: userspace has no BIT().
    FILE_PATH_CHANGES where get_maintainer.pl names somebody for the new file: that is the answer.
    UNKNOWN_COMMIT_ID: it runs without a repository, in which it would look for the commit.
    Raises EnvironmentFailure where there is no perl, or the script dies.
    """
    perl = shutil.which("perl")
    if perl is None:
        raise EnvironmentFailure("checkpatch.pl needs perl; apt-get install perl")
    scripts = []
    with scratch_folder() as name:
        folder = Path(name)
        folder.chmod(0o755)  # the sandbox may be another user's
        for path in (_SCRIPT, *_DATA):
            (folder / path).parent.mkdir(exist_ok=True)
            try:
                scripts.append(view.before.tree.read(path))
                (folder / path).write_bytes(scripts[-1])
            except FileNotFoundError:
                if path == _SCRIPT:
                    yield Remark(f"the tree has no {path}", note=True)
                    return
        for signed in (True, False):
            patches = [(n, p) for n, p in enumerate(view.patches) if _own(p) != signed]
            for number, patch in patches:
                (folder / str(number)).write_bytes(patch.raw)
            if patches:
                options = [] if signed else ["--no-signoff"]
                names = [f"./{number}" for number, _ in patches]
                command = [perl, f"./{_SCRIPT}", *_OPTIONS, *options, *names]
                question = [repr(command).encode(), *scripts, *(p.raw for _, p in patches)]
                said = answers.known("checkpatch", question)
                if not isinstance(said, str):
                    said = _run(command, folder)
                    answers.keep("checkpatch", question, said)
                yield from _remarks(view, said)


def _own(patch: Posted) -> bool:
    """Whether a patch is for somebody else to sign: gen's own, or one without a message."""
    return patch.plain or f"<{MAIL}>" in patch.author


def _run(command: list[str], folder: Path) -> str:
    """checkpatch's words; no configuration and no modules of the user's count."""
    from codegen.run.make import printable
    from codegen.sandbox import sandbox
    from codegen.sandbox.view import Room

    environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "LC_ALL": "C"}
    room = Room(read=(folder,))
    done = sandbox.run(command, room, "checkpatch.pl", env=environment, cwd=folder)
    if done.status not in (0, 1):
        said = printable(done.stderr.decode("utf-8", "replace").strip()).splitlines()
        raise EnvironmentFailure(f"checkpatch.pl failed: {said[-1] if said else done.status}")
    return printable(done.stdout.decode("utf-8", "replace"))


def _remarks(view: View, said: str) -> Iterator[Remark]:
    for line in said.splitlines():
        match = _SAID.match(line)
        if not match:
            continue
        patch, kind = view.patches[int(match[1])], match[3]
        if not _accepted(view, patch, kind, int(match[2])):
            yield Remark(match[4], patch.name, int(match[2]), rule=f"checkpatch:{kind}")


def _accepted(view: View, patch: Posted, kind: str, line: int) -> bool:
    if kind == "BIT_MACRO":
        return bool(_BITS.match(patch.path_at(line)))
    if kind == "FILE_PATH_CHANGES":
        new = [change.path for change in patch.changes.values() if change.before is None]
        return all(owned(view, path, everyone(view)) for path in some(new))
    return kind == "UNKNOWN_COMMIT_ID"
