# SPDX-License-Identifier: GPL-2.0-only
"""Patches as people keep them: mails or plain diffs, alone, in a mailbox or in a folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from codegen.base.errors import UsageError
from codegen.base.files import read_file
from codegen.base.findings import Finding, error
from codegen.mail.envelope import identity, refused
from codegen.mail.patch import NOBODY, Posted
from codegen.tree.plumbing import complaint, run_git
from codegen.tree.scratch import scratch_folder

_PREFIX = re.compile(r"^(\[[^\]]*\]\s*)+")
_DIFF = re.compile(rb"^(diff --git |--- \S)", re.M)
_SUFFIXES = (".patch", ".diff", ".eml", ".mbox", ".mbx")
_WANTED = "it must be a patch as `git format-patch` or `diff -u` writes it"
_BOM = b"\xef\xbb\xbf"
_HEADER = re.compile(rb"From .*\r?\n(?:>?[!-9;-~]+:.*\r?\n)")
_FROM = re.compile(rb"(?:From .*\n)?(?:[!-9;-~]+:.*\n(?:[ \t].*\n)*)*?From:", re.I)
# on its way the mail got the line ends of mails: `git am` takes them off again
_SENT_WITH_CR = re.compile(rb"(?:From .*\r\n)?(?:[!-9;-~]+:.*\r\n(?:[ \t].*\r\n)*)+\r\n")
_NUMBERED = re.compile(r"\[[^\]]*\b0*[1-9]\d*/\d+\]")
MOST_MAILS = 500  # patches in a series
_MOST_FILES = 1000  # that one patch changes
_MAIL = re.compile(rb"^From .*\d\d:\d\d:\d\d", re.M)
_CHANGED = re.compile(rb"^--- \S", re.M)
MOST_BYTES = 16 << 20  # more is no patch that somebody reads
# Beside the mails in a series' folder that gen writes, where `git send-email FOLDER` finds no file.
COVER = "0000-cover-letter.patch"
ORDER = ".gen/series"
MANIFEST = ".gen/manifest.json"


def read_files(place: Path) -> Mapping[str, bytes]:
    """The files of a series: those of a folder, or the mails of one file, by name in their order.

    In a folder the quilt file `series` gives the order, else the names do.  Raises UsageError
    where there is no patch.
    """
    if not place.exists():
        raise UsageError(f"{place}: no such file or folder; a series is a folder of patches")
    try:
        if place.is_dir():
            return _read_folder(place)
        return split(place.name, _read(place))
    except OSError as problem:
        raise UsageError(f"{problem.filename or place}: {problem.strerror}") from None
    except ValueError as problem:
        raise UsageError(f"{place}: {problem}") from None  # a NUL in a name


def _read(path: Path) -> bytes:
    data = read_file(path, MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise UsageError(f"{path}: more than {MOST_BYTES >> 20} MiB, no patch that a person reads")
    return data


def _read_folder(place: Path) -> Mapping[str, bytes]:
    files: dict[str, bytes] = {}
    listing = place / "series"
    if listing.is_file():
        lines = _read(listing).decode("utf-8", "replace").splitlines()
        names = [line.partition("#")[0].split() for line in lines]
        order = [words[0] for words in names if words]
        cover = sorted(p.name for p in place.glob("0000-*.patch"))
        order = [name for name in cover if name not in order] + order
    else:
        order = sorted(p.name for p in place.iterdir() if p.suffix in _SUFFIXES and p.is_file())
    if not order:
        raise UsageError(f"{place}: no patches here: files named {', '.join(_SUFFIXES)}")
    _count(place, len(order))
    for name in order:
        path = (place / name).resolve()
        if not path.is_relative_to(place.resolve()):
            raise UsageError(f"{listing}: {name} is outside of the folder")
        files.update(split(name, _read(path)))
    if (place / MANIFEST).is_file():
        files[MANIFEST] = _read(place / MANIFEST)
    return files


def _count(place: object, number: int) -> None:
    if number > MOST_MAILS:
        raise UsageError(f"{place}: {number} patches; a series has {MOST_MAILS} at most")


def split(name: str, data: bytes) -> Mapping[str, bytes]:
    """The mails of a mailbox; a file with one mail keeps its name."""
    if data.startswith(_BOM):
        hint = "save it as UTF-8 without one"
        raise error(Finding("the file begins with a byte order mark", name, 1, hint=hint))
    _count(name, len(_MAIL.findall(data)))
    with scratch_folder() as folder:
        done = run_git(["git", "mailsplit", "-b", "--keep-cr", f"-o{folder}"], stdin=data)
        parts = sorted(Path(folder).iterdir()) if not done.returncode else []
        mails = [part.read_bytes() for part in parts]
    if len(mails) < 2:
        return {name: data}
    at = 0
    for mail in mails:
        if not _HEADER.match(mail):
            line = data.count(b"\n", 0, at) + 1
            hint = "write `>From`, or another word, at the beginning of the line"
            what = "git takes this line of a message for the beginning of another mail"
            raise error(Finding(what, name, line, hint=hint))
        at += len(mail)
    return {f"{name}#{number}": mail for number, mail in enumerate(mails, start=1)}


def read_mail(name: str, raw: bytes) -> Posted | None:
    """One mail, or one plain diff, as a patch that is to be applied; None for a cover letter,
    which has no diff.

    Raises FindingsError where it is neither, where git would make no commit of it, or where it is
    more than anybody reads.
    """
    number = raw.count(b"\ndiff --git ") or len(_CHANGED.findall(raw))
    if number > _MOST_FILES:
        hint = f"{_MOST_FILES} files at most are looked at"
        raise error(Finding(f"the patch changes {number} files", name, hint=hint))
    if not raw.strip():
        raise error(Finding("the file is empty", name, hint=_WANTED))
    sent = raw.replace(b"\r\n", b"\n") if _SENT_WITH_CR.match(raw) else raw
    with scratch_folder() as name_of:
        folder = Path(name_of)
        paths = (f"{folder}/msg", f"{folder}/patch")
        done = run_git(["git", "mailinfo", "-k", *paths], stdin=sent)
        diff = (folder / "patch").read_bytes() if not done.returncode else b""
        message = (folder / "msg").read_text("utf-8", "replace") if not done.returncode else ""
    head = dict(
        line.split(": ", 1)
        for line in done.stdout.decode("utf-8", "replace").splitlines()
        if ": " in line
    )
    mail = {"Author", "Email"} <= set(head)
    if mail and done.returncode:
        raise refused(name, raw, complaint(done.stderr))
    if not _DIFF.search(diff):
        if mail and "Subject" in head:
            if _NUMBERED.match(head["Subject"]):
                what = "the mail says that it is a patch, and has none"
                raise refused(name, raw, what, "Subject")
            return None
        found = _DIFF.search(raw)
        if found:
            diff = raw[found.start() :]
            return Posted(
                subject=name,
                message="",
                author=NOBODY,
                name=name,
                raw=raw,
                diff=diff,
                changes={},
            )
        raise error(Finding("no mail with a patch, and no diff", name, hint=_WANTED))
    nobody, address = NOBODY.rstrip(">").split(" <")
    if mail or _FROM.match(raw):
        nobody = address = ""
    who, where = head.get("Author", nobody), head.get("Email", address)
    author, date = identity(name, raw, who, where, head.get("Date", ""))
    if "\0" in message:
        raise refused(name, raw, "a NUL byte in the message")
    subject = _PREFIX.sub("", head.get("Subject", name))
    return Posted(
        subject=subject,
        message=message.strip() + "\n",
        author=author,
        date=date,
        name=name,
        raw=raw,
        diff=diff,
        changes={},
    )
