# SPDX-License-Identifier: GPL-2.0-only
"""Mails that people send: what git takes is taken, what it refuses is refused with file and line."""

from __future__ import annotations

import base64
import quopri
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from codegen.base.errors import FindingsError
from codegen.description.load import Description, parse
from codegen.mail.mbox import read_files
from codegen.series.commit import commits_of
from codegen.series.make import generate
from codegen.series.read import read_series
from codegen.series.series import Series
from codegen.tree import resolve
from codegen.tree.git import git_environment
from codegen.tree.scratch import scratch_repository
from tests.unit.kit import git, knob_text

NAME = "0001-x.patch"
NEW = b"diff --git a/new b/new\nnew file mode 100644\n--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+x\n"
MIME = b"MIME-Version: 1.0\nContent-Type: text/plain; charset=%s\nContent-Transfer-Encoding: %s\n"


def mail(
    who: bytes = b"From: A B <a@b.c>\n",
    date: bytes = b"Date: Mon, 1 Jan 2024 10:00:00 +0100\n",
    subject: bytes = b"Subject: [PATCH] x: Do it\n",
    more: bytes = b"",
    body: bytes = b"Do it.\n",
    diff: bytes = NEW,
    code: bytes = b"",
) -> bytes:
    """A mail as `git format-patch` writes it, with some of it otherwise; `code` encodes its body."""
    text = body + b"---\n new | 1 +\n\n" + diff + b"-- \n2.39\n"
    if code:
        more = MIME % (b"utf-8", code)
        text = base64.encodebytes(text) if code == b"base64" else quopri.encodestring(text)
    return (
        b"From %s Mon Sep 17 00:00:00 2001\n" % (b"0" * 40)
        + who
        + date
        + subject
        + more
        + b"\n"
        + text
    )


def applied(raw: bytes, repository: Path, folder: Path) -> Series:
    """What gen makes of a folder with one such mail."""
    folder.mkdir(exist_ok=True)
    (folder / NAME).write_bytes(raw)
    return read_series(read_files(folder), resolve(str(repository)))


def am(raw: bytes, repository: Path) -> str:
    """Author, date, subject and message of the commit that `git am` makes, empty where it fails."""
    env = git_environment(
        {"user.name": "x", "user.email": "x@x"}, GIT_COMMITTER_DATE="@0 +0000"
    )  # fmt: skip
    command = ["git", "-C", str(repository), "am", "-q"]
    done = subprocess.run(command, input=raw, env=env, capture_output=True, check=False)
    if done.returncode:
        return ""
    return git(repository, "log", "-1", "--format=%an <%ae>|%ad|%s|%b", "--date=raw")


TAKEN = {
    "as it is": mail(),
    "no date": mail(date=b""),
    "an empty date": mail(date=b"Date: \n"),
    "a date without a zone": mail(date=b"Date: Mon, 1 Jan 2024 10:00:00\n"),
    "an address alone": mail(who=b"From: a@b.c\n"),
    "two authors": mail(who=b"From: A <a@b.c>, B <b@c.d>\n"),
    "a name in quotes": mail(who=b'From: "B, A" <a@b.c>\n'),
    "an encoded name": mail(who=b"From: =?utf-8?B?w4k=?= <a@b.c>\n"),
    "a long name": mail(who=b"From: " + b"A" * 3000 + b" <a@b.c>\n"),
    "an encoded subject": mail(subject=b"Subject: [PATCH] =?utf-8?q?=C3=A9?=\n"),
    "a folded subject": mail(subject=b"Subject: [PATCH] a\n b\n"),
    "a subject of 10 kB": mail(subject=b"Subject: [PATCH] " + b"x" * 10_000 + b"\n"),
    "Latin 1": mail(more=MIME % (b"iso-8859-1", b"8bit"), body=b"\xe9\n"),
    "base64": mail(code=b"base64"),
    "quoted-printable": mail(code=b"quoted-printable"),
    "CR LF": mail().replace(b"\n", b"\r\n"),
    "From behind >": mail(body=b"a\n>From x Mon Jan 1 10:00:00 2024\nb\n"),
    "--- in the message": mail(body=b"a\n---\nb\n"),
    "scissors": mail(body=b"a\n-- >8 --\nb\n"),
    "an indented diff in the message": mail(body=b"a\n\n  diff --git a/x b/x\nb\n"),
    "a mode": mail(diff=b"diff --git a/Makefile b/Makefile\nold mode 100644\nnew mode 100755\n"),
    "a rename": mail(diff=b"diff --git a/Makefile b/M\nsimilarity index 100%\nrename from Makefile\nrename to M\n"),
    "a copy": mail(diff=b"diff --git a/Makefile b/M\nsimilarity index 100%\ncopy from Makefile\ncopy to M\n"),
    "an empty file": mail(diff=b"diff --git a/e b/e\nnew file mode 100644\nindex 0000000..e69de29\n"),
    "a symbolic link": mail(diff=NEW.replace(b"100644", b"120000")),
    "a submodule": mail(diff=NEW.replace(b"100644", b"160000").replace(b"+x", b"+Subproject commit " + b"0" * 39 + b"1")),
}  # fmt: skip


@pytest.mark.parametrize("raw", TAKEN.values(), ids=TAKEN)
def test_what_git_am_takes_is_taken_alike(raw: bytes, repository: Path, tmp_path: Path) -> None:
    series = applied(raw, repository, tmp_path / "s")
    made = series.patches[0]
    with scratch_repository(series.tree.git_dir) as git_dir:
        tip = commits_of(series, git_dir).tip
        tree = git(git_dir, "show", "-s", "--format=%T|%an <%ae>", tip)
    author, date, subject, message = am(raw, repository).split("|", 3)
    assert made.author == author
    assert not made.date or made.date == f"@{date}"
    assert (made.subject, made.message.strip()) == (subject, message.strip())
    assert tree == f"{git(repository, 'show', '-s', '--format=%T')}|{author}"


REFUSED = {
    "a bad date": (mail(date=b"Date: yesterday-ish\n"), 3, "git cannot read the date `yesterday-ish`"),
    "a date before 1970": (mail(date=b"Date: Mon, 1 Jan 1960 10:00:00 +0000\n"), 3, "cannot read the date"),
    "an empty From": (mail(who=b"From: \n"), 2, "git takes no commit from `nobody`"),
    "a From of signs": (mail(who=b"From: ., <a@b.c>\n"), 2, "git takes no commit from `.,`"),
    "a NUL in From": (mail(who=b"From: A\0B <a@b.c>\n"), 2, "git takes no commit"),
    "an encoded NUL": (mail(subject=b"Subject: =?utf-8?q?a=00b?=\n"), 4, "NUL byte in 'Subject'"),
    "a NUL in the message": (mail(body=b"a\0b\n"), 6, "a NUL byte in the message"),
    "a charset of nobody": (mail(more=MIME % (b"x-unknown", b"8bit")), 6, "cannot convert from x-unknown"),
    "a charset of nobody in a header": (mail(subject=b"Subject: =?x-foo?q?x?=\n"), 4, "cannot convert from x-foo"),
    "From in the message": (mail(body=b"a\nFrom x Mon Jan 1 10:00:00 2024\nb\n"), 7, "the beginning of another mail"),
    "a diff in the message": (mail(body=b"a\n\ndiff --git a/x b/x\nb\n"), 15, "does not apply"),
    "a number and no patch": (mail(subject=b"Subject: [PATCH 2/3] x\n", diff=b""), 4, "says that it is a patch"),
    "a byte order mark": (b"\xef\xbb\xbf" + mail(), 1, "a byte order mark"),
    "nothing": (b"", 0, "the file is empty"),
    "no words": (b"\xff\xfe\0\1" * 50, 0, "no mail with a patch"),
    "a corrupt hunk": (mail(diff=NEW.replace(b"+1 @@", b"+1,9 @@")), 17, "corrupt patch"),
    "a binary file without its bytes": (mail(diff=b"diff --git a/b b/b\nnew file mode 100644\nindex 0000000..f76dd23\nBinary files /dev/null and b/b differ\n"), 0, "binary patch"),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "line", "said"), REFUSED.values(), ids=REFUSED)
def test_what_git_refuses_is_refused_with_its_place(
    raw: bytes, line: int, said: str, repository: Path, tmp_path: Path
) -> None:
    assert not raw or not am(raw, repository)  # git says nothing of an empty mailbox
    with pytest.raises(FindingsError) as caught:
        applied(raw, repository, tmp_path / "s")
    (finding,) = caught.value.findings
    assert (finding.path, finding.line) == (NAME, line)
    assert said in finding.message
    assert finding.hint
    assert "/tmp" not in finding.render() and str(tmp_path) not in finding.render()


def own(raw: bytes, folder: Path) -> Description:
    """A knob whose mechanism is such a mail."""
    folder.mkdir(exist_ok=True)
    (folder / NAME).write_bytes(raw)
    mechanism = {"patches": [NAME]}
    text = knob_text("quirk", mechanism=mechanism)
    (folder / "k.yaml").write_text(text)
    return replace(parse(text.encode(), "k.yaml"), folder=folder)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (mail(date=b"Date: never\n"), f"{NAME}:3: git cannot read the date `never`"),
        (mail(who=b"From: \n"), f"{NAME}:2: git takes no commit from `nobody`"),
        (mail(body=b"a\0b\n"), f"{NAME}:6: a NUL byte in the message"),
        (mail(more=MIME % (b"x-unknown", b"8bit")), f"{NAME}:6: cannot convert from x-unknown"),
        (mail(diff=NEW.replace(b"100644", b"120000")), "the patch makes new a symbolic link"),
        (mail(diff=NEW.replace(b"100644", b"100755")), "the patch makes new executable"),
        (mail(diff=NEW.replace(b"100644", b"160000").replace(b"+x", b"+Subproject commit " + b"0" * 39 + b"1")), "the patch makes new a submodule"),
        (mail(diff=TAKEN["a mode"].split(b"\n\n", 2)[2].split(b"-- ")[0]), "the patch makes Makefile executable"),
        (mail(diff=NEW.replace(b"a/new b/new", b'"a/n\\033w" "b/n\\033w"').replace(b"+++ b/new", b'+++ "b/n\\033w"')), "no name for a file"),
        (b"", f"{NAME}: the file is empty"),
    ],
)  # fmt: skip
def test_a_mechanism_of_such_mails(raw: bytes, said: str, repository: Path, tmp_path: Path) -> None:
    with pytest.raises(FindingsError) as caught:
        generate(own(raw, tmp_path / "d"), "quirk", resolve(str(repository)))
    (finding,) = caught.value.findings
    assert said in finding.message
    assert finding.path == "k.yaml" and finding.line
    assert "/tmp" not in finding.render()
