# SPDX-License-Identifier: GPL-2.0-only
"""What must not be, whatever a description says: a traceback, or a broken text in the series."""

from __future__ import annotations

import re
import subprocess
import traceback
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.utils import parseaddr
from functools import lru_cache
from pathlib import Path

from codegen.base.errors import FindingsError, GenError
from codegen.check.docs import Complaint, complaints, sections
from codegen.description.load import Description, parse
from codegen.mail.patch import Patch
from codegen.plan.make import make_plan
from codegen.plan.plan import Plan
from codegen.plan.templates import Renderer
from codegen.plan.variants import Variant, load_variant
from codegen.series.commit import signed
from codegen.series.mails import cover_letter
from codegen.series.make import cover_sees
from codegen.tree.git import git_environment
from codegen.vocabulary.ccode import unbalanced
from tests.minitree import MemoryTree, minitree
from tests.unit import kit

_TEMPLATE = re.compile(r"\{\{|\{%|\{#")
_INDENT = re.compile(r"[ \t]* \t|[ \t]* {8}")  # checkpatch.pl, CODE_INDENT, which is an ERROR
_TREE = MemoryTree(minitree())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a description: `accepted` by lint, `made` series, and what is wrong."""

    accepted: bool
    made: int
    wrong: tuple[str, ...]


def outcome(data: bytes, folder: Path, *, twice: bool = False) -> Outcome:
    """Lint, and generation for every variant that lint accepts; `folder` is for git to work in."""
    try:
        description = parse(data, "x.yaml")
    except FindingsError as problem:
        return Outcome(False, 0, tuple(_unfit_findings(problem)))
    except Exception:
        return Outcome(False, 0, (traceback.format_exc(),))
    wrong: list[str] = []
    plans: list[tuple[Plan, str]] = []
    for name in kit.VARIANTS:
        variant = load_variant(kit.TEMPLATES, name)
        if description.knob.section(variant.section) is None:
            continue
        try:
            plan = _plan(description, variant)
            plans.append((plan, _cover(plan)))
            if twice and _bytes(plan) != _bytes(_plan(description, variant)):
                wrong.append(f"{name}: made twice, it is not the same")
        except GenError as problem:
            wrong += [f"{name}: {said}" for said in _unfit_error(problem)]
        except Exception:
            wrong.append(f"{name}: {traceback.format_exc()}")
    for plan, _ in plans:
        wrong += [f"{plan.variant.name}: {said}" for said in _files(plan)]
    wrong += _mails(plans, folder)
    return Outcome(True, len(plans), tuple(wrong))


def _plan(description: Description, variant: Variant) -> Plan:
    return make_plan(description, variant, _TREE, kit.TEMPLATES)


def _cover(plan: Plan) -> str:
    return cover_letter(
        Renderer(kit.TEMPLATES, cover_sees(plan)),
        numbers=plan.named_numbers,
        tool="gen",
        source="x.yaml",
        digest="0",
        tree_name="small",
        tree_version="6",
        command="gen",
        tested="not.",
    )


def _bytes(plan: Plan) -> list[object]:
    return [(patch.subject, patch.message, dict(patch.files)) for patch in plan.patches]


def _unfit_findings(problem: FindingsError) -> Iterator[str]:
    for finding in problem.findings:
        said = finding.render()
        if not said.replace("\n", "").replace("\t", "").isprintable():
            yield f"control characters in what is said: {said!r}"
        if finding.source and finding.column > len(finding.source):
            yield f"column {finding.column} is behind the last of the line: {said}"


def _unfit_error(problem: GenError) -> Iterator[str]:
    """An error of generation is an answer, but one about gen's own templates is a fault."""
    for finding in getattr(problem, "findings", ()):
        if finding.path.startswith("templates/"):
            yield finding.render()
    if not str(problem):
        yield "an error that says nothing"


def _files(plan: Plan) -> Iterator[str]:
    """What is broken in the files of a series, patch by patch."""
    files = dict(_TREE.files)
    for patch in plan.patches:
        for path, after in patch.files.items():
            before = files.get(path, b"")
            yield from (f"{path}: {said}" for said in _changed(path, before, after))
            files[path] = after


@lru_cache(maxsize=1000)
def _complaints(text: str) -> tuple[Complaint, ...]:
    return tuple(complaints(text))


@lru_cache(maxsize=1000)
def _changed(path: str, before: bytes, after: bytes) -> tuple[str, ...]:
    return tuple(_broken(path, before.decode(), after.decode()))


def _broken(path: str, before: str, after: str) -> Iterator[str]:
    old = Counter(before.split("\n"))
    added = [line for line, _ in (Counter(after.split("\n")) - old).items()]
    for line in added:
        yield from _line(line)
        if path.endswith((".c", ".h")) and _INDENT.match(line):
            yield f"indented with spaces: {line!r}"
    if not after.endswith("\n") or (after.endswith("\n\n") and not before.endswith("\n\n")):
        yield "the file's end is not one newline"
    if path.endswith((".c", ".h")):
        for problem in unbalanced(after):
            yield f"{problem.message}: {after[problem.at : problem.at + 80]!r}"
    if path.endswith(".rst"):
        known = {text for _, text in sections(before)}
        fine = {c.key for text in known for c in _complaints(text)}
        for _, text in sections(after):
            if text not in known:
                for complaint in _complaints(text):
                    if complaint.key not in fine:
                        yield f"docutils: {complaint.text}: {text.splitlines()[complaint.line - 1 :][:3]}"


def _line(line: str) -> Iterator[str]:
    if line != line.rstrip():
        yield f"white space at the end: {line!r}"
    if any(
        unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") and char != "\t" for char in line
    ):
        yield f"control characters: {line!r}"
    if _TEMPLATE.search(line):
        yield f"a template's remnant: {line!r}"


def _mails(plans: Sequence[tuple[Plan, str]], folder: Path) -> Iterator[str]:
    """What git changes of the mails' subject, author and message on their way."""
    for plan, cover in plans:
        for patch in plan.patches:
            for line in f"{patch.subject}\n{patch.message}".split("\n"):
                yield from (f"message: {said}" for said in _line(line))
                if line.startswith("#"):
                    yield f"git commit would drop the line {line!r}"
        for line in cover.split("\n"):
            yield from (f"cover letter: {said}" for said in _line(line))
    if plans:
        yield from _through_git(plans, folder)


def _through_git(plans: Sequence[tuple[Plan, str]], folder: Path) -> Iterator[str]:
    git_dir = folder / "fuzz.git"
    if not git_dir.exists():
        _git(folder, "init", "-q", "--bare", "--template=", str(git_dir))
    patches = [patch for plan, _ in plans for patch in plan.patches]
    _git(git_dir, "fast-import", "--quiet", "--force", stdin=b"".join(_import(plans)))
    log = _git(git_dir, "log", "--format=%(trailers)%x00", "--all", "--not", "refs/heads/base")
    if trailers := log.replace(b"\0", b"").strip():
        yield f"git takes for trailers: {trailers.decode()!r}"
    mails: list[bytes] = []
    for number, (plan, cover) in enumerate(plans):
        out = folder / "mails"
        _git(
            git_dir, "format-patch", "-q", f"-o{out}", "--cover-letter", "--no-signature",
            "--cover-from-description=subject", f"base..series{number}",
            config={f"branch.series{number}.description": cover},
        )  # fmt: skip
        paths = sorted(out.iterdir())
        if len(paths) != 1 + len(plan.patches):
            yield f"{len(paths)} mails instead of {1 + len(plan.patches)}"
            return
        data = [path.read_bytes() for path in paths]
        yield from _cover_mail(data[0], cover, len(plan.patches))
        mails += data[1:]
        for path in paths:
            path.unlink()
    for patch, mail in zip(patches, mails, strict=True):
        yield from _read_back(patch, mail, folder)


def _import(plans: Sequence[tuple[Plan, str]]) -> Iterator[bytes]:
    yield b"reset refs/heads/base\ncommit refs/heads/base\ncommitter x <x@x> 0 +0000\n"
    yield b"data 4\nbase\nM 100644 inline f\ndata 2\n0\n\n"
    for number, (plan, _) in enumerate(plans):
        ref = f"refs/heads/series{number}"
        yield f"reset {ref}\nfrom refs/heads/base\n\n".encode()
        for count, patch in enumerate(plan.patches, 1):
            name, address = parseaddr(signed(patch, None).author)
            message = f"{patch.subject}\n\n{patch.message}".encode()
            yield f"commit {ref}\nauthor {name} <{address}> 0 +0000\n".encode()
            yield f"committer x <x@x> 0 +0000\ndata {len(message)}\n".encode() + message
            yield f"\nM 100644 inline f\ndata 2\n{count}\n\n".encode()


def _cover_mail(raw: bytes, cover: str, count: int) -> Iterator[str]:
    head, _, body = raw.decode().partition("\n\n")
    subject, _, text = cover.partition("\n")
    shown = re.search(r"^Subject: ((?:.|\n[ \t])*)", head, re.M)
    plain = " ".join((shown[1] if shown else "").split())
    wanted = f"[PATCH 0/{count}] {subject.strip()}"
    if plain != wanted and "=?UTF-8?" not in plain:
        yield f"the cover letter's subject is {plain!r}, not {wanted!r}"
    if not body.strip().startswith(text.strip()):
        yield f"the cover letter says {body[:200]!r}, not {text[:200]!r}"


def _read_back(patch: Patch, mail: bytes, folder: Path) -> Iterator[str]:
    message, diff = folder / "message", folder / "diff"
    said = _git(folder, "mailinfo", str(message), str(diff), stdin=mail, check=False)
    head = dict(line.split(": ", 1) for line in said.decode().splitlines() if ": " in line)
    author, address = parseaddr(signed(patch, None).author)
    for name, wanted in (
        ("Subject", " ".join(patch.subject.split())),
        ("Author", author),
        ("Email", address),
    ):
        if head.get(name) != wanted:
            yield f"git mailinfo has {name} {head.get(name)!r} instead of {wanted!r}"
    if message.read_text().strip() != patch.message.strip():
        yield f"git mailinfo reads the message {message.read_text()!r}, not {patch.message!r}"
    if b"\ndiff --git a/f b/f\n" not in diff.read_bytes():
        yield f"git mailinfo finds no patch in {patch.message!r}"


def _git(
    folder: Path, *command: str, stdin: bytes = b"", config: dict[str, str] | None = None,
    check: bool = True,
) -> bytes:  # fmt: skip
    where = [f"--git-dir={folder}"] if folder.suffix == ".git" else []
    env = git_environment(
        config or {},
        GIT_COMMITTER_NAME="x",
        GIT_COMMITTER_EMAIL="x@x",
        GIT_COMMITTER_DATE="@0 +0000",
    )
    done = subprocess.run(
        ["git", *where, *command], input=stdin, capture_output=True, check=False, env=env
    )
    if check and done.returncode:
        raise AssertionError(f"git {command[0]}: {done.stderr.decode()}")
    return done.stdout
