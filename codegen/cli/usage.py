# SPDX-License-Identifier: GPL-2.0-only
"""Words of a command line become options; every command has a page of help.

The first words that are no option and no option's value name the command, so that an option means
the same before it and behind it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

from codegen import __version__
from codegen.base.errors import UsageError
from codegen.base.nearest import did_you_mean
from codegen.cli.arguments import COMMANDS, Command, below
from codegen.cli.terminal import definitions, fill, width, wrap

_STATUS = """\
exit status:
  0    done
  1    findings: in the description, the tree, the series
  2    usage or environment
  130  interrupted"""
_EVERYWHERE = ("-h", "--help", "--version")
_COLUMNS, _WIDEST = 80, 100


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The options of a command line, its `command`, and `run`: the function that it asks for.

    Raises UsageError; SystemExit for --help and --version, which are printed.
    """
    at = words.index("--") if "--" in words else len(words)
    options, others = _apart(words[:at])
    behind = list(words[at + 1 :])
    command = COMMANDS[""]
    while others and (name := f"{command.name} {others[0]}".lstrip()) in COMMANDS:
        command = COMMANDS[name]
        others.pop(0)
    for option in options:
        if option.name not in _names(command):
            raise _wrong(command, f"{_called(command)} takes no {option.name}")
    asked = any(option.name in _EVERYWHERE for option in options)
    if not asked and below(command) and not (command.run and (command.takes_words or not others)):
        raise _unknown(command, others)
    if not command.behind:
        others += behind
    given = [word for option in options for word in option.words]
    odd = ["--"] if any(word.startswith("-") for word in others) else []
    parsed = _parser(command).parse_args([*given, *odd, *others])
    if command.behind:
        setattr(parsed, command.behind, behind)
    parsed.run, parsed.command = command.run, command.name
    return parsed


@dataclass(frozen=True, slots=True)
class _Option:
    name: str
    words: tuple[str, ...]


def _apart(words: Sequence[str]) -> tuple[list[_Option], list[str]]:
    """Options with their values, and the other words."""
    values = {
        name: argument.takes_value
        for command in COMMANDS.values()
        for argument in command.arguments
        for name in argument.names
        if name.startswith("-")
    } | dict.fromkeys(_EVERYWHERE, False)
    options: list[_Option] = []
    others: list[str] = []
    rest = iter(words)
    for word in rest:
        if not word.startswith("-") or word == "-":
            others.append(word)
            continue
        name = word.partition("=")[0] if word.startswith("--") else word[:2]
        if name not in values:
            near = did_you_mean(name, values)
            raise UsageError(f"there is no option {name}{near}; see gen --help")
        more = tuple(_next(rest)) if values[name] and name == word else ()
        options.append(_Option(name, (word, *more)))
    return options, others


def _next(rest: Iterator[str]) -> Iterator[str]:
    for word in rest:
        yield word
        return


def _called(command: Command) -> str:
    return f"gen {command.name}".rstrip()


def _names(command: Command) -> set[str]:
    return {name for argument in command.arguments for name in argument.names} | {*_EVERYWHERE}


def _wrong(command: Command, message: str) -> UsageError:
    return UsageError(f"{message}; see {_called(command)} --help")


def _unknown(command: Command, others: Sequence[str]) -> UsageError:
    known = [each.name.rpartition(" ")[2] for each in below(command)]
    there = f"; there are: {', '.join(known)}"
    if not others:
        return _wrong(command, f"{_called(command)} needs one more word{there}")
    near = did_you_mean(others[0], known) or there
    return _wrong(command, f"there is no command {_called(command)} {others[0]}{near}")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")


class _Page(argparse.RawDescriptionHelpFormatter):
    """Texts are wrapped already; those of options never within a word."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return wrap(" ".join(text.split()), width)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        """`-k, --param PARAM`, whatever the version of Python."""
        if not action.option_strings:
            return super()._format_action_invocation(action)
        value = "" if action.nargs == 0 else f" {self._format_args(action, action.dest.upper())}"
        return ", ".join(action.option_strings) + value


def _parser(command: Command) -> argparse.ArgumentParser:
    columns = min(width(sys.stdout) or _COLUMNS, _WIDEST)
    lead = f"usage: {_called(command)} "
    usage = fill(f"{lead}{command.usage}", columns)
    if command.name == "":
        usage += "\n       gen COMMAND [options]"
    made = _Parser(
        prog=_called(command),
        usage=usage.removeprefix("usage: "),
        description=_described(command, columns),
        epilog=_epilog(command, columns),
        formatter_class=lambda prog: _Page(prog, width=columns),
        allow_abbrev=False,
    )
    version = f"gen {__version__}"
    made.add_argument("--version", action="version", version=version, help="print the version")
    for argument in command.arguments:
        made.add_argument(*argument.names, **argument.how)
    return made


def _described(command: Command, columns: int) -> str:
    parts = wrap(command.summary, columns)
    if under := below(command):
        parts += ["", "commands:", definitions([(c.name, c.summary) for c in under], columns)]
    return "\n".join(parts)


def _epilog(command: Command, columns: int) -> str:
    lines = ["examples:", definitions(command.examples, columns, commands=True)]
    if command.name == "":
        where = "Options may stand before the command or behind it."
        lines += ["", *wrap(where, columns), "", fill(_STATUS, columns)]
    return "\n".join(lines)
