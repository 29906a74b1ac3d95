# SPDX-License-Identifier: GPL-2.0-only
"""Whether something is a kernel source with KVM, and which version it says it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from codegen.base.errors import UsageError
from codegen.base.files import read_file
from codegen.tree.plumbing import git_command, run_git

MARKS = ("include/uapi/linux/kvm.h",)  # folders are renamed, what userspace includes is not
_MAX_MAKEFILE = 1 << 20


def version_at(git_dir: Path, commit: str, where: str) -> str:
    """The version of the kernel source at a commit; UsageError if it is none."""

    def makefile() -> bytes:
        done = run_git(git_command(git_dir, "cat-file", "blob", f"{commit}:Makefile"))
        return done.stdout[:_MAX_MAKEFILE] if done.returncode == 0 else b""

    def missing() -> list[str]:
        done = run_git(git_command(git_dir, "ls-tree", "-z", "--name-only", commit, "--", *MARKS))
        have = done.stdout.decode("utf-8", "replace").split("\0")
        return [mark for mark in MARKS if mark not in have]

    return _version(makefile, missing, where)


def version_in(folder: Path) -> str:
    """The version of the kernel source unpacked in a folder; UsageError if it is none."""

    def makefile() -> bytes:
        try:
            return read_file(folder / "Makefile", _MAX_MAKEFILE)
        except (OSError, UsageError):
            return b""

    return _version(
        makefile,
        lambda: [mark for mark in MARKS if not (folder / mark).exists()],
        str(folder),
    )


def _version(makefile: Callable[[], bytes], missing: Callable[[], list[str]], where: str) -> str:
    text = makefile().decode("utf-8", "replace")
    fields: dict[str, str] = dict(
        re.findall(r"(?m)^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION) *= *(\S*)", text)
    )
    lacks = [] if text else ["Makefile"]
    lacks += [
        f"{key} in Makefile" for key in ("VERSION", "PATCHLEVEL") if text and key not in fields
    ]
    lacks += missing()
    if lacks:
        raise UsageError(
            f"{where}: no kernel source with KVM, it lacks {', '.join(lacks)}; "
            "name the top folder of a kernel tree"
        )
    numbers = [fields[key] for key in ("VERSION", "PATCHLEVEL", "SUBLEVEL") if fields.get(key)]
    return ".".join(numbers) + fields.get("EXTRAVERSION", "")
