# SPDX-License-Identifier: GPL-2.0-only
"""What the command line takes: every command with its options and examples, as data."""

from __future__ import annotations

from collections.abc import Mapping

from codegen.cli.arguments import looking, making, matrix, trying
from codegen.cli.arguments.command import Command

__all__ = ["COMMANDS", "Command", "below"]

# in the order in which `gen --help` lists them
_LISTS = (making.COMMANDS, trying.COMMANDS, matrix.COMMANDS, looking.COMMANDS)
COMMANDS: Mapping[str, Command] = {each.name: each for some in _LISTS for each in some}


def below(command: Command) -> tuple[Command, ...]:
    """The commands that are one word longer, such as `tree add` below `tree`."""
    lead = f"{command.name} ".lstrip()
    return tuple(
        each
        for name, each in COMMANDS.items()
        if name and name.startswith(lead) and " " not in name[len(lead) :]
    )
