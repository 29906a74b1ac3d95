# SPDX-License-Identifier: GPL-2.0-only
"""Mails as a series: each patch with the files that it changes, on the tree that it is for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from codegen.base.errors import FindingsError, UsageError
from codegen.base.findings import Finding, error
from codegen.base.progress import Report, silent
from codegen.mail.diff import ALREADY, applied
from codegen.mail.mbox import MANIFEST, ORDER, read_mail
from codegen.mail.patch import Posted
from codegen.series.commit import base_commit
from codegen.series.series import Series
from codegen.tree.changed import Changed, NewSpan
from codegen.tree.locate import Folder, TreeLocation
from codegen.tree.scratch import scratch_repository


def read_series(
    files: Mapping[str, bytes], location: TreeLocation, progress: Report = silent
) -> Series:
    """The series that some files are, `codegen.mail.mbox.read_files`, on a tree.

    No working tree is touched.  Raises FindingsError with the patch that does not apply,
    UsageError where there is none, EnvironmentFailure where git fails.
    """
    if isinstance(location.at, Folder):
        progress(0, None, f"reading {location.at.folder}")
    mails = list(_mails(files))
    sent = [mail for _, mail in mails if mail]
    if not sent:
        raise UsageError("there is no patch in this series")
    told = manifest(files)
    said = {each["file"]: each for each in told.get("patches", ())}
    patches = []
    with scratch_repository(location.git_dir) as git_dir:
        base = base_commit(location, git_dir)
        for mail, made in zip(sent, applied(git_dir, base, sent), strict=False):
            if isinstance(made, str):
                raise _refused(mail, made, location)
            mine = said.get(mail.name, {})
            changes = {p: _traced(c, mine.get("sites", ())) for p, c in made.changes.items()}
            patches.append(replace(made, changes=changes, part=mine.get("part", "")))
    cover = next((name for name, mail in mails if mail is None), "")
    return Series(location, tuple(patches), files, cover, told)


def _refused(mail: Posted, said: str, location: TreeLocation) -> FindingsError:
    hint = f"the tree is {location.name}; another one is named by --tree"
    if b"\r\n" in mail.diff:
        hint += "\nlines of the patch end in CR LF"
    what = f"the patch does not apply: {said}"
    if said == ALREADY:
        hint = f"{location.name} has it; an older tree, or the rest of the series, is named instead"
    return error(Finding(what, mail.name, _line_in(mail, said), hint=hint))


def _traced(change: Changed, sites: Sequence[Mapping[str, Any]]) -> Changed:
    """The lines that a patch adds to a file as what is new of it, and the template of each.

    Of its own mails gen has the sites alone: the nearest to where a hunk is in the file before.
    """
    mine = [site for site in sites if site["file"] == change.path]
    starts, new = change.starts, []
    for hunk in change.hunks:
        nearest = min(mine, key=lambda site: abs(site["line"] - hunk.old), default={})
        end = hunk.new - 1 + len(hunk.added)
        if hunk.added and end < len(starts):
            template = str(nearest.get("template", ""))
            new.append(NewSpan(starts[hunk.new - 1], starts[end], template))
    return replace(change, new=tuple(new))


def _line_in(mail: Posted, said: str) -> int:
    """The line of a patch's file that git means, which counts from the diff; 0 for none."""
    found = re.search(r"\b(?:at|on) line (\d+)", said)
    at = mail.raw.find(mail.diff[:4096])
    return mail.raw.count(b"\n", 0, at) + int(found[1]) if found and at >= 0 else 0


def manifest(files: Mapping[str, bytes]) -> Mapping[str, Any]:
    """What gen wrote beside its own series; empty where a person wrote it, or wrote in it."""
    try:
        said = json.loads(files.get(MANIFEST, b"{}"))
        for predicate in said.get("predicates", []):
            _texts({"off_untested": "", **predicate}, "name", "off", "returns", "off_untested")
        for patch in said.get("patches", []):
            _texts({"part": "", **patch}, "file", "part")
            for site in patch["sites"]:
                _texts({"untested": "", "text": "", **site}, "file", "template", "untested", "text")
                if not isinstance(site["line"], int):
                    return {}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
    return dict(said)


def _texts(said: Mapping[str, Any], *keys: str) -> None:
    """ValueError where a value is no text, KeyError where it is not there."""
    if any(not isinstance(said[key], str) for key in keys):
        raise ValueError


def _mails(files: Mapping[str, bytes]) -> Iterable[tuple[str, Posted | None]]:
    problems: list[FindingsError] = []
    for name, raw in files.items():
        if name in (ORDER, MANIFEST):
            continue
        try:
            yield name, read_mail(name, raw)
        except FindingsError as problem:
            problems.append(problem)
    if problems:
        raise error(*(finding for problem in problems for finding in problem.findings))
