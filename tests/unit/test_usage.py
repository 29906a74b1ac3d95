# SPDX-License-Identifier: GPL-2.0-only
"""The words of command lines, and the pages of help: `help/COMMAND.COLUMNS.txt`, word for word.

`UPDATE_GOLDENS=1 pytest tests/unit/test_usage.py` writes the pages anew; read the difference.
"""

from __future__ import annotations

import os
import re
import shlex
from collections import defaultdict
from itertools import permutations
from pathlib import Path

import pytest

from codegen.base.errors import UsageError
from codegen.cli.arguments import COMMANDS
from codegen.cli.main import _command, main
from codegen.cli.usage import parse

_PAGES = Path(__file__).parent / "help"
_UPDATE = bool(os.environ.get("UPDATE_GOLDENS"))


def page(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What a command line with --help prints."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 0
    said = capsys.readouterr()
    assert said.err == ""
    return said.out


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("name", COMMANDS)
def test_help(
    name: str, columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    said = page([*name.split(), "--help"], capsys)
    assert page(["-h", *name.split()], capsys) == said
    expected = _PAGES / f"{name.replace(' ', '-') or 'gen'}.{columns}.txt"
    if _UPDATE:
        expected.write_text(said, encoding="utf-8")
    assert said == expected.read_text(encoding="utf-8")
    assert said.startswith(f"usage: gen {name}".rstrip() + " ")
    assert max(map(len, said.splitlines())) <= columns
    assert "\nexamples:\n" in said


def test_no_page_without_a_command() -> None:
    names = {name.replace(" ", "-") or "gen" for name in COMMANDS}
    assert {path.name.split(".")[0] for path in _PAGES.iterdir()} == names


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--version"], ["check", "--version"], ["--version", "tree"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 0
        assert re.fullmatch(r"gen \d+\.\d+\.\d+\n", capsys.readouterr().out)


EXAMPLES = [line for command in COMMANDS.values() for line, _ in command.examples]


@pytest.mark.parametrize("line", EXAMPLES)
def test_the_examples_are_commands_that_exist(line: str) -> None:
    words = shlex.split(line.partition(" >")[0])
    assert words[0] == "gen"
    assert callable(_command(parse(words[1:]).run))


def test_an_option_takes_a_value_in_all_commands_or_in_none() -> None:
    takes = defaultdict(set)
    for command in COMMANDS.values():
        for argument in command.arguments:
            for name in argument.names:
                takes[name].add(argument.takes_value)
    assert all(len(each) == 1 for each in takes.values()), takes


# Words that belong together, in the order in which they are usual; all orders mean the same,
# but for words by their place, which stay in theirs.
LINES: list[list[list[str]]] = [
    [["explain"], ["--variant", "quirk"], ["--json"], ["--tree=x"]],
    [["check"], ["series/"], ["--tree", "check"], ["--no-build"]],
    [["test"], ["series/"], ["--variant", "test"], ["-k", "kvm.x=1", "--param=y"]],
    [["tree"], ["add"], ["name"], ["place"], ["--json"]],
    [["lint"], ["a.yaml"], ["--json"], ["b.yaml"]],
    [["abi-diff"], ["A"], ["--json"], ["B"]],
]


@pytest.mark.parametrize("parts", LINES, ids=lambda parts: parts[0][0])
def test_an_option_means_the_same_wherever_it_stands(parts: list[list[str]]) -> None:
    usual = parse([word for part in parts for word in part])
    places = [part for part in parts if not part[0].startswith("-")]
    for order in permutations(parts):
        if [part for part in order if not part[0].startswith("-")] != places:
            continue
        assert parse([word for part in order for word in part]) == usual


def test_names_of_tests_stand_behind_two_dashes() -> None:
    for words in (
        ["test", "series/", "--jobs", "2", "--", "--odd", "b"],
        ["--jobs", "2", "test", "series/", "--", "--odd", "b"],
    ):
        options = parse(words)
        assert (options.series, options.jobs) == (Path("series/"), 2)
        assert options.names == ["--odd", "b"]
    assert parse(["test"]).names == []
    assert parse(["lint", "--", "-x.yaml"]).files == ["-x.yaml"]


def test_a_value_that_is_a_command_is_a_value() -> None:
    options = parse(["--variant", "quirk", "--abi", "test"])
    assert (options.run, options.abi) == (COMMANDS[""].run, "test")
    with pytest.raises(UsageError, match="expected one argument"):
        parse(["--variant"])
