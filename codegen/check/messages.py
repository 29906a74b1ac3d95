# SPDX-License-Identifier: GPL-2.0-only
"""Subjects and messages: rules R1 to R3, from Documentation/process/maintainer-kvm-x86.rst."""

from __future__ import annotations

import re
from collections.abc import Iterator

from codegen.architectures import ARCHITECTURES, Architecture
from codegen.c.source import CSource
from codegen.check.remark import Remark
from codegen.check.view import View, is_kvm, is_selftest
from codegen.mail.patch import Posted

WIDTH, LIMIT = 75, 80
_TOPIC = re.compile(r"KVM: (?:(?P<topic>[^\s:][^:]{0,30}): )?(?:[\w/-]+: )?(?P<rest>.*)")
_FILE = re.compile(r"[\w/-]+\.(?:c|h|S|rst)|kvm_main")
# Architectures that have written down which topics they want.
_ASKING = [each for each in ARCHITECTURES.values() if each.process]
# Verbs that end like another form of a verb, in lower case.
_IMPERATIVE = {"bring", "need", "feed", "embed", "shed", "exceed", "proceed", "speed", "seed"}
_NOT_PLURAL = ("ss", "us", "is", "as")
_PRONOUN = re.compile(
    r"(?<![\w'’`/.-])(?:[Ww]e|I(?![/.])|[Oo]urs?|(?<!\d )us|[Mm]y|[Yy]ours?|[Yy]ou)(?![\w`/-]|\.\w)"
    r"|\b[Tt]his (?:patch|commit|series|change)\b"
)
_BACKGROUND = re.compile(
    r"(?:Currently|Right now|At the moment|At present|As of now|Today|Historically|Previously"
    r"|Since commit|Until now|So far|In the current)\b"
)
_TRAILER = re.compile(r"[A-Z][\w-]+: |\[|Link:|---$")
_CODE = re.compile(r"\b[a-z_]\w*_\w+\b(?!\()")


def topic(view: View) -> Iterator[Remark]:
    """R1: `KVM: <topic>: Verb …`, with the topic of what the patch changes."""
    for patch in _written(view):
        said = _wrong_topic(patch)
        if said:
            message, hint = said
            yield Remark(message, patch.name, _subject_line(patch), hint)


def _wrong_topic(patch: Posted) -> tuple[str, str] | None:
    subject = patch.subject
    paths = list(patch.changes)
    for name in (each.name for each in _ASKING):
        swapped = re.match(rf"(?i)({name}/kvm|kvm/{name}|{name}: kvm)\b", subject)
        if swapped and any(map(is_kvm, paths)):
            hint = f"`{name}/kvm` is for Linux as a guest; `KVM: {name}: …`"
            return f"the subject begins with {subject.split(':')[0]!r}", hint
    if not paths or not all(is_kvm(path) or is_selftest(path) for path in paths):
        return None  # the subsystem that has the other files may want its own prefix
    if re.match(r"Documentation|docs", subject) and all("Documentation/" in p for p in paths):
        return None
    match = _TOPIC.fullmatch(subject)
    if subject.startswith('Revert "'):
        return None
    if not match:
        asking = tuple(f"arch/{each.name}/" for each in _ASKING)
        foreign = [p for p in paths if p.startswith("arch/") and not p.startswith(asking)]
        return None if foreign else ("the subject does not begin with `KVM: `", "")
    found = match["topic"] or ""
    if _FILE.fullmatch(found):
        known = ", ".join(topic for each in _ASKING for topic in each.topics)
        return f"the topic {found!r} is a file's name", f"name what is changed: {known}, …"
    return _misfit(found, paths)


def _misfit(topic: str, paths: list[str]) -> tuple[str, str] | None:
    selftests = [is_selftest(path) for path in paths]
    if all(selftests):
        return None if topic == "selftests" else ("only selftests are changed", "KVM: selftests: …")
    if topic == "selftests":
        path = paths[selftests.index(False)]
        return f"the topic is selftests, but {path} is changed", "split the patch"
    return next(filter(None, (_misfit_of(arch, topic, paths) for arch in _ASKING)), None)


def _misfit_of(arch: Architecture, topic: str, paths: list[str]) -> tuple[str, str] | None:
    name = arch.name
    mine = [path.startswith(f"arch/{name}/") for path in paths]
    if all(mine) and not topic:
        topics = [name, *(topics[0] for _, topics in arch.vendors)]
        hint = ", ".join(f"KVM: {topic}: …" for topic in topics)
        return f"only {name} is changed, and no topic says so", hint
    if topic.startswith(name) and not any(mine):
        return f"the topic is {topic}, and nothing of {name} is changed", "generic code: `KVM: …`"
    places = {folder: f"arch/{name}/kvm/{folder}/" for folder, _ in arch.vendors}
    changed = [f for f, place in places.items() if any(p.startswith(place) for p in paths)]
    vendor = next((folder for folder, topics in arch.vendors if topic in topics), "")
    if vendor and changed and vendor not in changed:
        return f"the topic is {topic}, and {places[changed[0]]} is changed", ""
    return None


def subject(view: View) -> Iterator[Remark]:
    """R2: capitalised, imperative, no full stop, 75 columns and 80 at most."""
    for patch in _written(view):
        said = patch.subject
        match = _TOPIC.fullmatch(said)
        line = _subject_line(patch)
        if match and match["rest"]:
            first = re.split(r"[\s(]", match["rest"])[0]
            word = first.lower()
            if re.match(r"[a-z]", first):
                yield Remark(f"{first!r} is not capitalised", patch.name, line)
            elif _other_form(word):
                hint = "Add, not Adds, Added or Adding"
                yield Remark(f"{first!r} is not imperative", patch.name, line, hint)
        if re.search(r"[^.]\.$", said):
            yield Remark("the subject ends with a full stop", patch.name, line)
        if len(said) > WIDTH:
            over = f"the subject is {len(said)} columns wide"
            yield Remark(over, patch.name, line, f"{WIDTH} at most", note=len(said) <= LIMIT)


def _other_form(word: str) -> bool:
    if word in _IMPERATIVE or not word.isalpha() or len(word) < 4:
        return False
    plural = word.endswith("s") and not word.endswith(_NOT_PLURAL)
    return plural or word.endswith(("ing", "ed"))


def message(view: View) -> Iterator[Remark]:
    """R3: what changes comes first and the background behind it, without pronouns."""
    for patch in view.patches:
        if patch.plain:
            what = "a diff without a message: what it says cannot be checked"
            yield Remark(what, patch.name, note=True, hint="`git format-patch` writes one")
            continue
        lines = list(_prose(patch.message))
        if not lines:
            yield Remark("the message is empty", patch.name, hint="say what changes, then why")
            continue
        if found := _BACKGROUND.match(lines[0]):
            what = f"the message begins with background: {found[0]!r}"
            hint = "say what changes first, then what was before"
            yield Remark(what, patch.name, patch.line_with(lines[0]), hint, note=True)
        for line in lines:
            for found in _PRONOUN.finditer(line):
                what = f"{found[0]!r} in the message"
                hint = "name who or what does it, in the imperative: `Add …`, `KVM does …`"
                yield Remark(what, patch.name, patch.line_with(line), hint)
        yield from _functions(patch, lines)


def _functions(patch: Posted, lines: list[str]) -> Iterator[Remark]:
    """Names of functions that the patch's files have, without brackets."""
    sources = [
        CSource(c.path, c.after)
        for c in patch.changes.values()
        if c.path.endswith(".c") and c.after
    ]
    seen: set[str] = set()
    for line in lines:
        for name in _CODE.findall(line):
            if name in seen or not any(source.find("function", name) for source in sources):
                continue
            seen.add(name)
            what = f"{name} is a function: {name}()"
            yield Remark(what, patch.name, patch.line_with(line), note=True)


def _prose(text: str) -> Iterator[str]:
    """The lines of a message that are text: no trailers, no quotes, nothing indented."""
    for line in text.split("\n---\n")[0].splitlines():
        if line.strip() and not line.startswith((" ", "\t", ">")) and not _TRAILER.match(line):
            yield line


def _written(view: View) -> list[Posted]:
    return [patch for patch in view.patches if not patch.plain]


def _subject_line(patch: Posted) -> int:
    return patch.line_with("Subject: ")
