# SPDX-License-Identifier: GPL-2.0-only
"""What gen prints below `next:` runs as it is pasted, with a real shell, git, quilt and mailer."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from codegen.base.commandline import quoted
from codegen.mail.mbox import ORDER
from tests.unit.kit import git, knob_text

pytestmark = pytest.mark.programs

ROOT = Path(__file__).parents[2]
HEAD = re.compile(r"(?m)^next:$")


class Desk:
    """A person's folder with a home, a shell and gen on the PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        (self.bin / "gen").symlink_to(Path(sys.executable).parent / "gen")
        home = folder / "home"
        home.mkdir()
        (home / ".gitconfig").write_text(
            "[user]\n\tname = Ada\n\temail = ada@example.org\n[sendemail]\n\tconfirm = never\n"
        )
        self.env = {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "HOME": str(home),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "LC_ALL": "C.UTF-8",
        }

    def run(self, command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """A line as somebody pastes it."""
        return subprocess.run(
            ["bash", "-c", command],
            cwd=cwd or self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def good(self, command: str, cwd: Path | None = None) -> str:
        """The output of a line that must succeed."""
        done = self.run(command, cwd)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def next(self, command: str) -> list[str]:
        """The lines that gen prints below `next:`, without the headings."""
        _, _, steps = self.good(command).partition("\nnext:\n")
        assert steps
        return [line[2:] for line in steps.splitlines() if line.startswith("  ")]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with a description in a folder with a space in its name."""
    (tmp_path / "my knobs").mkdir()
    (tmp_path / "my knobs" / "it's.yaml").write_text(knob_text())
    return Desk(tmp_path)


def one(lines: list[str], start: str) -> str:
    """The one line that begins so."""
    (line,) = (line for line in lines if line.startswith(start))
    return line


ABI = "--abi 'my knobs/it'\\''s.yaml'"


@pytest.mark.parametrize("tree", ["linux", "./linux@main~0", "bare.git"])
def test_lines_for_a_repository(desk: Desk, repository: Path, tree: str) -> None:
    git(desk.folder, "clone", "-q", "--bare", "linux", "bare.git")
    place = desk.folder / tree.partition("@")[0]
    lines = desk.next(f"gen --variant memslot-flag {ABI} --tree {tree} --reserve KVM_CAP_=238")
    folder = shlex.split(lines[0])[1].rpartition("/")[0]
    assert "Subject: [PATCH 0/3]" in desk.good(lines[0])
    assert "3 patches" in desk.run(f"{one(lines, 'gen check')} --no-build").stdout
    assert "KVM_CAP" in desk.good(f"{one(lines, 'gen check')} --no-build --json || true")
    # gen test needs a kernel that can be built: here it gets as far as that
    tried = desk.run(one(lines, "gen test"))
    assert "--tree" not in tried.stderr, tried.stderr
    branch = re.search(r"branch (\S+) at", desk.good(one(lines, "gen apply")))
    assert branch
    made = git(place, "log", "--format=%s", "-3", branch[1])
    assert "Add memslot flag KVM_MEM_SMALL_MAPS" in made
    assert "KVM_CAP_MEMSLOT_SMALL_MAPS	239" in re.sub(
        r"[ \t]+(?=\d)", "\t", git(place, "show", f"{branch[1]}:include/uapi/linux/kvm.h")
    )
    if tree == "linux":
        desk.good(one(lines, "git -C"))
        assert git(place, "rev-parse", "HEAD^{tree}") == git(
            place, "rev-parse", f"{branch[1]}^{{tree}}"
        )
        git(place, "reset", "-q", "--hard", "HEAD~3")
    again = desk.next(one(lines, "gen --variant"))
    assert "From: Ada <ada@example.org>" in desk.good(again[0])
    assert f"cat {folder}/0000" in again[0]


def test_lines_for_an_unpacked_tree(desk: Desk, unpacked: Path) -> None:
    lines = desk.next(f"gen --variant quirk {ABI} --tree unpacked --signoff --out 'my patches'")
    assert all(str(desk.folder) not in line for line in lines)
    assert "Subject: [PATCH 0/3]" in desk.good(lines[0])
    assert "3 patches" in desk.run(f"{one(lines, 'gen check')} --no-build").stdout
    assert "changed in" in desk.good(one(lines, "gen apply"))
    assert "KVM_X86_QUIRK_HUGE_MAPS" in (unpacked / "arch/x86/include/uapi/asm/kvm.h").read_text()
    assert desk.good(one(lines, "git send-email")).count("\nResult: OK") == 4


def checkout(folder: Path) -> Path:
    """A checkout's script `gen`, with the Python of this one: no test may make .venv again."""
    (folder / ".venv").mkdir(parents=True)
    for name in ("gen", "pyproject.toml", "tools"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    for name in ("bin", "lib", "pyvenv.cfg"):
        (folder / ".venv" / name).symlink_to(Path(sys.prefix) / name)
    sums = subprocess.run(
        ["cksum"],
        stdin=(folder / "pyproject.toml").open("rb"),
        capture_output=True,
        text=True,
        check=True,
    )
    (folder / ".venv/stamp").write_text(f"{sums.stdout.strip()} \n")
    return folder / "gen"


@pytest.mark.parametrize("how", ["./gen", "bin/gen", "co/gen", f"{sys.executable} -m codegen"])
def test_lines_have_the_program_as_it_was_called(desk: Desk, repository: Path, how: str) -> None:
    (desk.folder / "gen").symlink_to(checkout(desk.folder / "co"))
    own = str(Path(sys.executable).parent)  # there is a gen, where the environment is activated
    desk.env["PATH"] = ":".join(p for p in os.environ["PATH"].split(":") if p != own)
    desk.env["PYTHONPATH"] = str(ROOT)
    lines = desk.next(f"{how} --variant quirk {ABI} --tree linux")
    assert len([line for line in lines if line.startswith(f"{how} ")]) == 4
    assert "3 patches" in desk.run(f"{one(lines, f'{how} check')} --no-build").stdout


def many(desk: Desk, repository: Path, count: int) -> str:
    """The folder of a series with so many patches, of which the developer's own come first."""
    git(repository, "checkout", "-q", "-b", "own")
    desk.good(f"gen apply --variant quirk {ABI} --tree linux --branch made --signoff")
    git(repository, "cherry-pick", "made~2")  # the mechanism, with the predicate
    for number in range(count - 1):
        with (repository / "virt/kvm/kvm_main.c").open("a") as stream:
            stream.write(f"\nint own_{number};\n")
        git(repository, "commit", "-q", "-a", "-m", f"KVM: Own patch {number}\n\nDo {number}.")
    git(repository, "format-patch", "-q", "-o", str(desk.folder / "my knobs"), "main")
    git(repository, "checkout", "-q", "main")
    mails = sorted(path.name for path in (desk.folder / "my knobs").glob("*.patch"))
    text = yaml.safe_load(knob_text())
    del text["mechanism"]["alternatives"]
    text["mechanism"]["patches"] = mails
    (desk.folder / "my knobs" / "it's.yaml").write_text(yaml.safe_dump(text, sort_keys=False))
    lines = desk.next(f"gen --variant quirk {ABI} --tree linux --signoff --out 'of many'")
    folder = shlex.split(lines[0])[1].rpartition("/")[0]
    assert len(list((desk.folder / folder).glob("*.patch"))) == count + 3, lines
    desk.lines = lines  # type: ignore[attr-defined]
    return folder


def test_ten_patches_and_more(desk: Desk, repository: Path) -> None:
    """One layout for git am, git send-email, git quiltimport and quilt."""
    folder = many(desk, repository, 10)
    lines: list[str] = desk.lines  # type: ignore[attr-defined]
    main, want = git(repository, "rev-parse", "main"), "12"

    desk.good(one(lines, "git -C"))
    assert git(repository, "rev-list", "--count", f"{main}..HEAD") == want
    tree = git(repository, "rev-parse", "HEAD^{tree}")

    # As printed nothing is sent; without --dry-run it is, to a mailer of our own.
    sent = desk.good(one(lines, "git send-email"))
    assert sent.count("\nResult: OK") == 13
    mailer = desk.folder / "mailer"
    mailer.write_text('#!/bin/sh\ncat > "$(mktemp mail.XXXXXXXX)"\n')
    mailer.chmod(0o755)
    desk.good(f"git config --global sendemail.smtpServer {mailer}")
    desk.good(one(lines, "git send-email").replace("--dry-run ", ""))
    mails = [path.read_text() for path in desk.folder.glob("mail.*")]
    subjects = {
        number for mail in mails for number in re.findall(r"(?m)^Subject: \[PATCH (\d+)/12\]", mail)
    }
    assert subjects == {f"{number:02}" for number in range(13)}
    assert {found for mail in mails for found in re.findall(r"(?m)^From: (.*)$", mail)} == {
        "Ada <ada@example.org>"
    }

    git(repository, "checkout", "-q", "-B", "quilt", main)
    of = f"'{desk.folder}/{folder}'"
    desk.good(f"git quiltimport --patches {of} --series {of}/{ORDER}", repository)
    assert git(repository, "rev-parse", "HEAD^{tree}") == tree
    assert git(repository, "rev-list", "--count", f"{main}..HEAD") == want

    for use in (f"QUILT_PATCHES={of} QUILT_SERIES={ORDER}", f"quilt import {of}/0*[1-9]*.patch &&"):
        git(repository, "checkout", "-q", "-B", "quilt", main)
        git(repository, "clean", "-q", "-d", "-f", "-x")
        desk.good(f"{use} quilt push -q -a", repository)
        shutil.rmtree(repository / ".pc")
        shutil.rmtree(repository / "patches", ignore_errors=True)
        git(repository, "add", "-A", "-f")
        assert git(repository, "write-tree") == tree
        git(repository, "reset", "-q", "--hard")


def test_unsigned_is_the_same_for_everybody(desk: Desk, repository: Path) -> None:
    from tests.unit.kit import contents

    desk.good(f"gen --variant quirk {ABI} --tree linux --out a")
    desk.good("git config --global user.name Bob && git config --global user.email b@example.org")
    desk.env["GIT_COMMITTER_NAME"] = desk.env["GIT_AUTHOR_NAME"] = "Eve"
    desk.good(f"gen --variant quirk {ABI} --tree linux --out b")
    assert contents(desk.folder / "a") == contents(desk.folder / "b")


def test_signoff_without_an_identity_says_what_to_type(desk: Desk, repository: Path) -> None:
    (desk.folder / "home/.gitconfig").unlink()
    done = desk.run(f"gen --variant quirk {ABI} --tree linux --signoff")
    assert done.returncode == 2
    for line in (line for line in done.stderr.splitlines() if line.startswith("  ")):
        desk.good(line)
    desk.good(f"gen --variant quirk {ABI} --tree linux --signoff")


@pytest.mark.parametrize(
    "word",
    ["a", "a b", "it's", "$HOME", "`id`", "a\n---\nb", "\x1b[31m", "\t'\\'1", "\x851", "ü", "‮", os.fsdecode(b"x\xff1"), "", "-x", "\n"],
)  # fmt: skip
def test_a_word_is_quoted_on_one_printable_line(word: str) -> None:
    text = quoted(word)
    assert text.isprintable()
    done = subprocess.run(
        ["bash", "-c", f"printf %s {text}"] if not word.startswith("-") else ["bash", "-c", f"printf -- {text}"],
        capture_output=True, check=True, env={"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert done.stdout == os.fsencode(word)
