# SPDX-License-Identifier: GPL-2.0-only
"""The series as mail: cover letter, base, recipients, who signs; rules R4 and R18."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from email import message_from_bytes
from email.errors import MessageError
from email.policy import compat32
from email.utils import getaddresses

from codegen.base.errors import EnvironmentFailure
from codegen.check.remark import Remark
from codegen.check.view import View
from codegen.series.commit import MAIL, assisted_by
from codegen.series.recipients import Recipients, recipients

_BASE = re.compile(rb"^base-commit: ([0-9a-f]{40,64})\s*$", re.M)
# What `git format-patch --cover-letter` leaves to the person who sends the series.
_UNWRITTEN = re.compile(rb"\*\*\* (?:SUBJECT|BLURB) HERE \*\*\*")
_ASKED = 40
_NOBODY = "no-such-folder/no-such-file"  # what get_maintainer.pl says of any file at all


def sent(view: View) -> Iterator[Remark]:
    """R4: `base-commit:`, a cover letter for more than one patch, a thread of its own."""
    if all(patch.plain for patch in view.patches):
        return
    if len(view.patches) > 1 and view.series.cover is None:
        hint = "`git format-patch --cover-letter` makes one"
        yield Remark(f"{len(view.patches)} patches and no cover letter", hint=hint)
    mails = [(view.first_name, view.first), *((p.name, p.raw) for p in view.patches)]
    for name, raw in mails:
        for mark in _UNWRITTEN.findall(raw):
            yield Remark(f"`{mark.decode()}` is still to be written", name, _line(raw, mark))
    bases = [(name, found[1].decode()) for name, raw in mails if (found := _BASE.search(raw))]
    base = view.series.tree
    if not bases and not _of_folder(view):
        hint = "`git format-patch --base` writes it; robots and reviewers apply the series there"
        yield Remark("no `base-commit:` says which tree this is for", view.first_name, hint=hint)
    for name, said in bases[:1]:
        if said != base.commit:
            what = f"the series is for {said[:12]}, and is checked on {base.name}"
            yield Remark(what, name, note=True, hint="--tree names another tree")
    for header in ("In-Reply-To", "References"):
        if _header(view.first, header):
            what = f"the first mail has {header}:"
            yield Remark(what, view.first_name, hint="a new version is a new thread")
            break


def _line(raw: bytes, text: bytes) -> int:
    return raw.count(b"\n", 0, raw.index(text)) + 1


def _of_folder(view: View) -> bool:
    """Whether gen made the series for a folder that is no repository, which has no commits."""
    tree = view.series.manifest.get("tree")
    return isinstance(tree, dict) and tree.get("base") is None


def _header(raw: bytes, name: str) -> list[str]:
    try:
        return [str(v) for v in message_from_bytes(raw, policy=compat32).get_all(name, [])]
    except (MessageError, ValueError):
        return []


def signed(view: View) -> Iterator[Remark]:
    """R18: gen signs nothing; its cover letter names the tool, its input and the tests.

    What it wrote has the tag that the tree's own documents ask for, where they do.
    """
    for patch in view.patches:
        if f"Signed-off-by: gen <{MAIL}>" in patch.message:
            what = "signed off by a tool"
            line = patch.line_with("Signed-off-by: gen ")
            yield Remark(what, patch.name, line, "the person who sends the patch signs it off")
    manifest, cover = view.series.manifest, view.series.cover
    yield from _untagged(view)
    description = manifest.get("description")
    if cover is None or not isinstance(description, dict):
        return
    text = " ".join(cover.decode("utf-8", "replace").split())
    for what, said in (("tool", manifest.get("tool")), ("input", description.get("file"))):
        if said and str(said) not in text:
            message = f"the cover letter does not name the {what}, {said}"
            yield Remark(message, view.first_name)
    if "ested:" not in text:
        yield Remark("the cover letter does not say what was tested", view.first_name)


def _untagged(view: View) -> Iterator[Remark]:
    """Patches that gen's manifest says it wrote, without the tag of the tree's documents."""
    tag = assisted_by(view.before.tree)
    listed = view.series.manifest.get("patches")
    entries = (
        [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    )
    wrote = {each.get("file") for each in entries if each.get("sites")}
    for patch in view.patches if tag else ():
        if patch.name in wrote and tag not in patch.message.splitlines():
            what = f"a tool wrote it, and there is no `{tag}`"
            yield Remark(what, patch.name, hint="submitting-patches.rst of the tree asks for it")


def reached(view: View) -> Iterator[Remark]:
    """Every file has a maintainer or a list of its own, and the mails go to all of them."""
    paths = some(path for path in view.series.paths if path.isprintable())
    asked = _asked(view, paths)
    if asked.missing == "perl is not installed":
        raise EnvironmentFailure(f"{asked.missing}; apt-get install perl")
    if asked.missing:
        yield Remark(f"nobody can be asked: {asked.missing}", note=True)
        return
    if len(view.series.paths) > len(paths):
        what = f"get_maintainer.pl was asked about {len(paths)} files of {len(view.series.paths)}"
        yield Remark(what, note=True, hint="some of each folder; it takes a second for ten")
    all_know = everyone(view)
    for patch, change in view.changes():
        if change.path in paths and not owned(view, change.path, all_know):
            hint = "MAINTAINERS needs a line for it"
            yield Remark(f"nobody maintains {change.path}", patch.name, hint=hint)
    yield from _missing(view, asked, all_know)


def some(paths: Iterable[str]) -> list[str]:
    """The paths that get_maintainer.pl is asked about: the first of each folder, then others."""
    seen: Counter[str] = Counter()
    ranked = []
    for path in paths:
        folder = path.rpartition("/")[0]
        ranked.append((seen[folder], path))
        seen[folder] += 1
    return [path for _, path in sorted(ranked)[:_ASKED]]


def _asked(view: View, paths: Sequence[str]) -> Recipients:
    return recipients(view.after.tree, paths, view.before.tree)


def everyone(view: View) -> set[str]:
    """Who gets any patch at all, of whatever file."""
    return _addresses(_asked(view, [_NOBODY]))


def owned(view: View, path: str, all_know: set[str]) -> bool:
    """Whether a file has a maintainer or a list of its own."""
    if not path.isprintable():
        return False  # nothing that MAINTAINERS could name
    return bool(_addresses(_asked(view, [path])) - all_know)


def _missing(view: View, asked: Recipients, all_know: set[str]) -> Iterator[Remark]:
    if all(patch.plain for patch in view.patches):
        return
    first = _receiving(view.first)
    reached = {patch.name: _receiving(patch.raw) or first for patch in view.patches}
    everybody = first.union(*reached.values())
    wanted = _addresses(asked) - all_know
    of_patch = {
        patch.name: _addresses(_asked(view, paths)) - all_know
        for patch in view.patches
        if (paths := some(path for path in patch.changes if path.isprintable()))
    }
    if not everybody:
        hint = f"get_maintainer.pl names: {', '.join(sorted(wanted))}"
        yield Remark("the mails have no recipients yet", view.first_name, hint=hint, note=True)
        for name, people in of_patch.items() if len(of_patch) > 1 else ():
            yield Remark(f"get_maintainer.pl names: {', '.join(sorted(people))}", name, note=True)
        return
    hint = "add them to To: or Cc:"
    absent = wanted - everybody
    if absent:
        what = f"get_maintainer.pl names more: {', '.join(sorted(absent))}"
        yield Remark(what, view.first_name, hint=hint)
    for name, people in of_patch.items():
        left_out = people - reached[name] - absent
        if left_out:
            what = f"get_maintainer.pl names more for this patch: {', '.join(sorted(left_out))}"
            yield Remark(what, name, hint=hint)


def _receiving(raw: bytes) -> set[str]:
    """Who a mail is for."""
    said = [text for name in ("To", "Cc") for text in _header(raw, name)]
    return {address.lower() for _, address in getaddresses(said)}


def _addresses(found: Recipients) -> set[str]:
    return {address.lower() for _, address in getaddresses([*found.to, *found.cc])}
