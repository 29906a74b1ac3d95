# SPDX-License-Identifier: GPL-2.0-only
"""What can go wrong, by whose turn it is next: the caller's, the machine's, the series'."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


class GenError(Exception):
    """Base of every error that is reported without a traceback.

    `commands` are lines for a shell that mend it.
    """

    def __init__(self, message: str, commands: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.commands = tuple(commands)


class UsageError(GenError):
    """The command line or a description is wrong; exit status 2."""


class EnvironmentFailure(GenError):
    """The machine lacks something, or something of it broke; exit status 2."""


class FindingsError(GenError):
    """The work was done and found defects; exit status 1.

    `findings` holds them, one `codegen.base.findings.Finding` or message each.
    """

    def __init__(self, message: str, findings: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


class DamagedRepository(EnvironmentFailure):
    """Objects of the repository `git_dir` are missing or broken."""

    def __init__(self, git_dir: Path, why: str) -> None:
        super().__init__(f"{git_dir} is damaged: {why}; `git fsck` says more")
        self.git_dir = git_dir
