# SPDX-License-Identifier: GPL-2.0-only
"""Text for terminals of all widths, and progress on a terminal that is a real one."""

from __future__ import annotations

import os
import pty
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from codegen.base.findings import Finding
from codegen.cli.terminal import command, fill, table

pytestmark = pytest.mark.programs

ROOT = Path(__file__).parents[2]

FILLED = [
    ("short", 40, "short"),
    ("a line that is long", None, "a line that is long"),
    ("gen: there is no such thing", 16, "gen: there is no\n  such thing"),
    ("numbers:  A = 1, B = 23", 22, "numbers:  A = 1, B =\n          23"),
    ("  0001  KVM: x86: Do it", 18, "  0001  KVM: x86:\n        Do it"),
    ("      in: a-b c-d e-f", 14, "      in: a-b\n       c-d e-f"),
    ("see /a/very/long/path/that/does/not/fit", 12, "see\n  /a/very/long/path/that/does/not/fit"),
    ("  gen check aaaa bbbb \\", 12, "  gen check aaaa bbbb \\"),
    ("two words\nof two lines", 9, "two words\nof two\n  lines"),
]


@pytest.mark.parametrize(("text", "columns", "expected"), FILLED)
def test_lines_wrap_between_words(text: str, columns: int | None, expected: str) -> None:
    assert fill(text, columns) == expected


@pytest.mark.parametrize("columns", [20, 40, 80, None])
@pytest.mark.parametrize(
    "line",
    ["gen check 'my series' --tree ~/linux@kvm/next", 'x "a b" c\\ d', "gen", "a" * 60 + " b"],
)
def test_a_command_is_the_same_however_narrow_it_is(line: str, columns: int | None) -> None:
    made = command(line, columns)
    assert shlex.split(made.replace("\\\n", "")) == shlex.split(line)
    assert fill(made, columns) == made
    if columns is not None:
        assert all(len(each) <= columns or len(each.split()) <= 2 for each in made.splitlines())


ROWS = [("one", "1", "a few words"), ("three", "22", "two lines\nof it")]


def test_a_table_is_as_wide_as_it_may_be() -> None:
    head = ("name", "n", "what it is")
    wide = "name   n   what it is\none    1   a few words\nthree  22  two lines\n           of it"
    assert table(head, ROWS, None) == table(head, ROWS, 80) == wide
    narrow = table(head, ROWS, 24)
    assert narrow == (
        "one\n  n  1\n  what it is\n    a few words\nthree\n  n  22\n  what it is\n"
        "    two lines\n    of it"
    )


@pytest.mark.parametrize("columns", [20, 40, 80, None])
@pytest.mark.parametrize("column", [1, 30, 60, 100])
def test_the_caret_stays_under_what_it_means(columns: int | None, column: int) -> None:
    source = "\t" + "".join(chr(33 + number % 90) for number in range(110))
    shown = Finding("odd", "x.yaml", 1, column, source).render(columns).splitlines()
    if columns is not None:
        assert all(len(line.expandtabs()) <= columns for line in shown[1:])
    line, caret = (each.expandtabs() for each in shown[1:3])
    assert line[caret.index("^")] == (source[column - 1].expandtabs(1))


_WORK = """
import time
from codegen.base.progress import progress
with progress(quiet={quiet}) as report:
    for done in range(16):
        report(done, 16, "weighing anchors")
        time.sleep(0.15)
print("done")
"""


def on_terminal(code: str, columns: int = 80, **environment: str) -> str:
    """What a program writes to a terminal of its own, standard error included."""
    primary, secondary = pty.openpty()
    subprocess.run(["stty", "cols", str(columns)], stdin=secondary, check=True)
    env = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, env={**env, "TERM": "xterm-256color", **environment},
        stdin=secondary, stdout=secondary, stderr=secondary,
    )  # fmt: skip
    os.close(secondary)
    said, until = b"", time.monotonic() + 60
    while time.monotonic() < until:
        try:
            more = os.read(primary, 65536)
        except OSError:
            break
        if not more:
            break
        said += more
    os.close(primary)
    assert process.wait() == 0
    return said.decode()


def test_progress_says_what_how_much_and_how_long() -> None:
    said = on_terminal(_WORK.format(quiet=False))
    assert "weighing anchors" in said
    assert re.search(r"\d+/16", said)
    assert re.search(r"\d+ s, \d+ s left", said)
    assert "\x1b[3" in said  # colours
    narrow = on_terminal(_WORK.format(quiet=False), 40, NO_COLOR="1")
    assert re.search(r"weighing a\S* +\d+/16 \d+ s", narrow)
    assert not re.search(r"\x1b\[[34]\d", narrow)


@pytest.mark.parametrize(
    ("quiet", "environment"),
    [(True, {}), (False, {"TERM": "dumb"}), (False, {"TERM": ""})],
    ids=["quiet", "dumb", "unknown"],
)
def test_progress_is_silent_where_it_cannot_be_shown(
    quiet: bool, environment: dict[str, str]
) -> None:
    assert on_terminal(_WORK.format(quiet=quiet), **environment).split() == ["done"]


def test_progress_is_no_part_of_a_pipe() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _WORK.format(quiet=False)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (ran.stdout, ran.stderr) == ("done\n", "")


def test_what_is_quick_has_no_progress() -> None:
    quick = _WORK.format(quiet=False).replace("0.15", "0")
    assert on_terminal(quick).split() == ["done"]


def test_help_of_the_package_shows_what_to_call_and_importing_it_stays_quick() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "pydoc", "codegen"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout  # fmt: skip
    for text in ("generate(description:", "variant:", "tree:", "signer:", "class Series", "Raises"):
        assert text in said, text
    code = "import codegen, sys; print('pydantic' in sys.modules, dir(codegen).count('generate'))"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "False 1\n"
