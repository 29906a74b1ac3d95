# SPDX-License-Identifier: GPL-2.0-only
"""Who a mail is from and when it was sent, as git takes it; and what git refuses, with its line.

git itself is the judge: what `git mailinfo` and git's own identities (`git var`) do not take,
`git am` would not take either.
"""

from __future__ import annotations

import re

from codegen.base.errors import FindingsError
from codegen.base.findings import Finding, error
from codegen.tree.git import git_environment
from codegen.tree.plumbing import complaint, run_git

_HINTS = {
    "From": "such as `From: A Developer <developer@example.org>`",
    "Date": "such as `Date: Tue, 14 May 2024 10:00:00 +0200`, no earlier than 1970",
    "Content-Type": "a character set that iconv knows: `Content-Type: text/plain; charset=UTF-8`",
    "Subject": "such as `Subject: [PATCH] KVM: x86: Do it`",
    "": "a text without NUL characters",
}
_IDENTITY = re.compile(r"(?P<who>.* <.*>) (?P<when>\d+ [-+]\d{4})")


def refused(name: str, raw: bytes, said: str, header: str = "") -> FindingsError:
    """What git said of a mail as the error to raise: with the file, the line, what would be right.

    `header` is the one that it is about; where it is empty, the message tells.
    """
    if found := re.search(r"NUL byte in '([\w-]+)'", said):
        header = found[1]
    if charset := re.search(r"cannot convert from (\S+)", said):
        header = "Content-Type"
        mark = re.escape(charset[1].encode("utf-8", "replace"))
        line = _line(raw, rb"charset\s*=\s*\"?" + mark + rb"|=\?" + mark + rb"\?")
    elif header:
        line = _line(raw, rb"^" + header.encode() + rb"\s*:")
    else:
        line = _line(raw, rb"\0") if "NUL" in said else 0
    return error(Finding(said, name, line, hint=_HINTS.get(header, "")))


def _line(raw: bytes, pattern: bytes) -> int:
    found = re.search(pattern, raw, re.M | re.I)
    return raw.count(b"\n", 0, found.start()) + 1 if found else 0


def identity(name: str, raw: bytes, author: str, mail: str, date: str) -> tuple[str, str]:
    """`Name <mail>` and `@SECONDS ZONE` as a commit has them; a date that is not given stays empty.

    Raises FindingsError with the header's line for what no commit can have.
    """
    who = {"GIT_AUTHOR_NAME": author, "GIT_AUTHOR_EMAIL": mail}
    if any("\0" in text for text in (author, mail, date)):
        raise refused(name, raw, "a NUL byte in a header", "From")
    done = run_git(
        ["git", "var", "GIT_AUTHOR_IDENT"],
        env=git_environment(**who, GIT_AUTHOR_DATE=date or "@0 +0000"),
    )
    found = _IDENTITY.fullmatch(done.stdout.decode("utf-8", "replace").strip())
    if done.returncode or found is None:
        said = complaint(done.stderr)
        if "date" in said:
            raise refused(name, raw, f"git cannot read the date `{date}`", "Date")
        raise refused(name, raw, f"git takes no commit from `{author or mail or 'nobody'}`", "From")
    return found["who"], f"@{found['when']}" if date else ""
