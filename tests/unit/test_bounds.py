# SPDX-License-Identifier: GPL-2.0-only
"""Input that is far too much, or never ends: an answer soon, and one that says the bound."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from codegen.base.errors import FindingsError, UsageError
from codegen.c.candidates import may_define
from codegen.c.pattern import find
from codegen.c.source import Token, lex
from codegen.c.statements import statement_end
from codegen.cli.main import main
from codegen.mail.mbox import read_files, read_mail
from codegen.tree.opened import FolderTree, GitTree
from tests.unit.kit import git

pytestmark = pytest.mark.programs


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
@pytest.mark.parametrize("command", ["lint {}", "explain --variant quirk --abi {}"])
def test_what_is_no_file_is_not_read(
    command: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"pipe": tmp_path / "pipe", "device": Path("/dev/zero"), "folder": tmp_path}
    os.mkfifo(places["pipe"])
    assert main(command.format(places[kind]).split()) == 2
    assert str(places[kind]) in capsys.readouterr().err


def test_a_pipe_among_patches_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "0001-x.patch")
    (tmp_path / "series").write_text("0001-x.patch\n")
    with pytest.raises(UsageError, match="is a pipe"):
        read_files(tmp_path)


def test_a_patch_with_20000_files_is_refused() -> None:
    one = "diff --git a/f{0} b/f{0}\nnew file mode 100644\n--- /dev/null\n+++ b/f{0}\n@@ -0,0 +1 @@\n+x\n"
    text = "From: A <a@b.example>\nSubject: [PATCH] x\n\nx\n---\n"
    text += "".join(one.format(number) for number in range(20_000))
    with pytest.raises(FindingsError, match="20000 files"):
        read_mail("x.patch", text.encode())


def test_a_mailbox_of_many_mails_is_refused(tmp_path: Path) -> None:
    mail = "From 1111 Mon Sep 17 00:00:00 2001\nFrom: A <a@b.example>\nSubject: x\n\nx\n\n"
    (tmp_path / "many.mbox").write_text(mail * 50_000)
    with pytest.raises(UsageError, match="50000 patches"):
        read_files(tmp_path / "many.mbox")


@pytest.mark.parametrize("depth", [2000])
def test_folders_within_folders(depth: int, tmp_path: Path) -> None:
    """In git objects; a folder on disk cannot be opened by its path at that depth."""
    git(tmp_path, "init", "-q", "--template=")
    lines = "commit refs/heads/deep\ncommitter A <a@b.example> 0 +0000\ndata 0\n"
    for path in [*("a/" * number + "b.c" for number in range(0, depth, 100)), "a/" * depth + "b.c"]:
        lines += f"M 100644 inline {path}\ndata 0\n"
    command = ["git", "-C", str(tmp_path), "fast-import", "--quiet"]
    subprocess.run(command, input=lines, text=True, check=True)
    commit = git(tmp_path, "rev-parse", "deep")
    with GitTree(tmp_path / ".git", commit) as tree:
        assert tree.read("a/" * depth + "b.c") == b""
        with pytest.raises(FileNotFoundError):
            tree.read("a/" * 2 * depth + "b.c")
        paths = tree.paths("")
    assert len(paths) == depth // 100 + 1 and max(paths, key=len) == "a/" * depth + "b.c"
    place = tmp_path / "folder"
    place.mkdir()
    here = os.open(place, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("a", dir_fd=here)
        below = os.open("a", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    (place / "b.c").write_text("int b;\n")
    (place / "loop").symlink_to("loop")
    assert FolderTree(place).paths("") == ("b.c",)
    subprocess.run(["rm", "-rf", str(place)], check=True)


def test_statements_within_statements() -> None:
    tokens = lex("if (a) " * 2_000 + ";" + " else ;" * 2_000)
    assert statement_end(tokens, 0) == len(tokens)


def test_many_wildcards() -> None:
    tokens = lex("a b " * 500)
    assert next(find("a ... " * 200 + "b", tokens)).first == 0
    assert not list(find("a ... " * 300 + "; b", lex("a b " * 200 + ";")))


def test_a_short_name_is_defined_in_few_files() -> None:
    assert may_define("function", "x", b"static int\nx(int a)\n/* why */\n\t__must_hold(l)\n{\n}\n")
    assert not may_define("function", "x", b"int max(int a)\n{\n\treturn x(a);\n}\n")
    assert not may_define("function", "u64", b"u64 (*f)(u64 a);\nstruct s { u64 (*g)(void); };\n")
    many = b"x(" * 20_000 + b"y " * 20_000
    assert not may_define("function", "x", many)
    assert not may_define("struct", "x", b"struct x *f(struct x *a);\n" * 20_000)
    assert may_define("struct", "x", b"struct x *f(void);\nstruct __packed x {\n};\n")


@pytest.mark.parametrize(
    "texts",
    [
        ["("] * 30_000 + ["x"] + [")"] * 30_000,
        [*["-", "!"] * 30_000, "x"],
        [*["(", "int", ")"] * 20_000, "x"],
        ["x", *["(", "y", ")"] * 20_000],
        ["("] * 60_000,
    ],
)
def test_an_operand_without_end(texts: list[str]) -> None:
    """Nested, with operators, casts and calls: no recursion, and each token is read a few times."""
    whole = ["f", "=", *texts, "&", "~", "M", ";"]
    found = find("$a & ~M", [Token(text, 0, 0) for text in whole])
    assert bool(list(found)) == (texts[-1] != "(")
