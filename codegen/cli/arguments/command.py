# SPDX-License-Identifier: GPL-2.0-only
"""A command of the command line, as data."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.cli.options import Argument


@dataclass(frozen=True, slots=True)
class Command:
    """A command: `run` is its function, `module:function` below codegen.commands.

    Without one it stands for those whose names begin with its own.  `behind` names the attribute
    that takes the words behind `--`.
    """

    name: str
    summary: str
    usage: str
    run: str
    arguments: tuple[Argument, ...]
    examples: tuple[tuple[str, str], ...]
    behind: str = ""

    @property
    def takes_words(self) -> bool:
        """Whether it takes words by their place."""
        return any(not each.names[0].startswith("-") for each in self.arguments)
