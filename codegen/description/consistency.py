# SPDX-License-Identifier: GPL-2.0-only
"""How the parts of a description go together.

Each check names the keys that it needs to be well formed, so that one mistake hides no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set

from codegen.base.findings import Finding
from codegen.description.mechanism import Alternative, Stage
from codegen.description.model import TRIES, Knob
from codegen.kinds import kinds
from codegen.vocabulary.lexer import tokens
from codegen.vocabulary.parameters import parameter, pointers
from codegen.vocabulary.part import Find, Where, attribute, twice
from codegen.vocabulary.text import MESSAGE_COLUMNS


def check_together(knob: Knob, sound: Set[str], find: Find) -> Iterator[Finding]:
    """Findings about a knob of whose attributes only the `sound` ones may be looked at."""
    for needs, make in _CHECKS:
        if needs <= sound:
            yield from make(knob, find)
    for name, kind in kinds().items():
        own = attribute(name)
        for needs, check in kind.together.items():
            if {own, *needs} <= sound:
                yield from check(knob.section(name), knob, find)
        if kind.only_on and {own, "architectures"} <= sound:
            yield from _only_on(name, kind.only_on, knob, find)
    if set(map(attribute, kinds())) <= sound:
        yield from _kinds(knob, find)
        if "predicate" in sound:
            yield from _decided_by(knob, find)


def _kinds(knob: Knob, find: Find) -> Iterator[Finding]:
    if all(knob.section(name) is None for name in kinds()):
        names = ", ".join(kinds())
        yield find((), "no variant is described", f"describe at least one of: {names}")


def _only_on(name: str, arch: str, knob: Knob, find: Find) -> Iterator[Finding]:
    if knob.section(name) is not None and arch not in knob.architectures:
        yield find((name,), f"`{name}` exists on {arch} only", f"add {arch} to `architectures`")


def _architectures(knob: Knob, find: Find) -> Iterator[Finding]:
    for index in twice(knob.architectures):
        name = knob.architectures[index]
        yield find(("architectures", index), f"`{name}` is given twice", "")


def _title(knob: Knob, find: Find) -> Iterator[Finding]:
    yield from _subject(knob.topic, ("title",), knob.title, find)


def _mechanism_subject(knob: Knob, find: Find) -> Iterator[Finding]:
    if knob.mechanism:
        for where, step in knob.mechanism.steps:
            topic = step.topic if isinstance(step, Stage) else knob.topic
            yield from _subject(topic, ("mechanism", *where, "subject"), step.subject, find)


def _subject(topic: str | None, where: Where, text: str, find: Find) -> Iterator[Finding]:
    prefix = f"KVM: {topic}: " if topic else "KVM: "
    columns = len(prefix) + len(text.strip())
    if columns > MESSAGE_COLUMNS:
        message = f"the subject `{prefix}{text.strip()}` has {columns} columns"
        yield find(
            where,
            message,
            f"at most {MESSAGE_COLUMNS}, so {MESSAGE_COLUMNS - len(prefix)} for the text",
        )


def _mechanism(knob: Knob, find: Find) -> Iterator[Finding]:
    if knob.mechanism is None and not knob.rfc:
        hint = "describe it, or say `rfc: true` for plumbing alone"
        yield find((), "`mechanism` is missing", hint)


def _predicate_placed(knob: Knob, find: Find) -> Iterator[Finding]:
    """gen defines it, unless patches or commits of the developer's do."""
    if (
        knob.predicate
        and not knob.predicate.before
        and knob.mechanism
        and knob.mechanism.alternatives
    ):
        hint = "functions of the tree: it is defined before the first that there is"
        yield find(("predicate",), "`before` is missing in `predicate`", hint)


def _predicate_called(knob: Knob, find: Find) -> Iterator[Finding]:
    if knob.mechanism is None or knob.predicate is None:
        return
    name = knob.predicate.name
    hint = "the mechanism acts on the knob by calling it"
    if knob.mechanism.then:
        steps = knob.mechanism.steps
        if not any(_calls(each, name) for _, step in steps for each in step.alternatives):
            message = f"no edit of the mechanism calls the predicate {name}()"
            yield find(("mechanism", "then"), message, hint)
        return
    for number_, alternative in enumerate(knob.mechanism.alternatives):
        if not _calls(alternative, name):
            message = f"no edit of this alternative calls the predicate {name}()"
            yield find(("mechanism", "alternatives", number_), message, hint)


def _calls(alternative: Alternative, name: str) -> bool:
    texts = (edit.put for edit in alternative.edits if edit.put)
    return any(token.text == name for text in texts for token in tokens(text))


def _decided_by(knob: Knob, find: Find) -> Iterator[Finding]:
    """Whether there is a predicate for a kind to answer, and none for one that does something
    itself.  What a kind decides by is a parameter of it; a vCPU has its VM at hand.
    """
    for name, kind in kinds().items():
        section = knob.section(name)
        if section is None:
            continue
        answers = kind.answers(section)
        if answers and not knob.predicate:
            hint = "the function that the mechanism asks"
            yield find((), f"`predicate` is missing, which `{name}` answers", hint)
        if knob.predicate and not answers:
            hint = f"leave it out, or describe `{name}` in a file of its own"
            yield find(("predicate",), f"`{name}` answers no predicate", hint)
        struct = kind.decides_by(section) if answers and knob.predicate else ""
        if struct and knob.predicate and not pointers(knob.predicate.args)[struct]:
            takes = f"{knob.predicate.name}() takes no `struct {struct} *`"
            message = f"{takes}, which `{name}` decides by"
            yield find(("predicate", "args"), message, f"add `{parameter(struct)}`")


def _code(knob: Knob, find: Find) -> Iterator[Finding]:
    test = knob.test
    if test.code is None and not test.unseen and not knob.rfc:
        hint = "C that observes the mechanism, or in `unseen` why nothing can; `rfc: true` for none"
        yield find(("test",), "`code` is missing in `test`", hint)
    if test.code and test.unseen:
        yield find(("test", "unseen"), "`code` observes it", "leave one of the two out")
    if test.requires in ("false", "0"):
        hint = "why no selftest can see it, in `unseen` instead of `code`"
        yield find(("test", "requires"), "no host has that, and the test never runs", hint)


def _guarantee_tried(knob: Knob, find: Find) -> Iterator[Finding]:
    """What is guaranteed is tested for what could break it."""
    if knob.contract == "guarantee" and knob.test.code and not knob.test.tried:
        message = f"a guarantee, and the snippet does not define {TRIES}()"
        hint = (
            f"`static bool {TRIES}(struct kvm_vm *vm, struct kvm_vcpu *vcpu, …)`: do what could "
            "break the guarantee, and say whether it holds"
        )
        yield find(("test", "code"), message, hint)


_Check = Callable[[Knob, Find], Iterator[Finding]]
_CHECKS: tuple[tuple[frozenset[str], _Check], ...] = tuple(
    (frozenset(needs.split()), make)
    for needs, make in (
        ("architectures", _architectures),
        ("title topic", _title),
        ("mechanism topic", _mechanism_subject),
        ("mechanism rfc", _mechanism),
        ("mechanism predicate", _predicate_placed),
        ("mechanism predicate", _predicate_called),
        ("test rfc", _code),
        ("test contract", _guarantee_tried),
    )
)
