# SPDX-License-Identifier: GPL-2.0-only
"""Somebody who may read, and not write: root may everything, so that tests become another."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534


@contextmanager
def somebody(folder: Path) -> Iterator[None]:
    """Within the block, root is a user like others, who can get to `folder`."""
    if os.geteuid() != 0:
        yield
        return
    for parent in (folder, *folder.parents):
        if parent.is_relative_to(tempfile.gettempdir()):
            parent.chmod(parent.stat().st_mode | 0o011)
    groups = os.getgroups()
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, 0)
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
        os.setresgid(0, 0, 0)
        os.setgroups(groups)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Within the block, `folder` can be entered and read, and nothing be made in it.

    What is needed must be imported before: another user may not read root's Python.
    """
    folder.chmod(0o555)
    if os.geteuid() != 0:
        yield
        return
    for parent in folder.parents:
        if parent.is_relative_to(tempfile.gettempdir()):
            parent.chmod(parent.stat().st_mode | 0o011)
    os.setresuid(NOBODY, NOBODY, 0)  # access(2) asks the real one
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
