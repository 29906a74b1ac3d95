# SPDX-License-Identifier: GPL-2.0-only
"""The patches of a plan: each with its subject, its message and its edits of the tree before it."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import chain

from codegen.base.errors import FindingsError
from codegen.base.findings import Finding, NotHere, error, merge
from codegen.c.outline import outline
from codegen.description.load import Description
from codegen.description.mechanism import Stage
from codegen.description.model import Knob
from codegen.kernel.survey import Survey
from codegen.mail.patch import Patch
from codegen.plan.called import asks
from codegen.plan.context import merged_as
from codegen.plan.corrections import corrections, with_corrections
from codegen.plan.edits import check_held, edits_of
from codegen.plan.mechanism import Choice
from codegen.plan.templates import Renderer
from codegen.plan.variants import PatchSpec, Variant
from codegen.sites.edit import TextEdit, changed
from codegen.tree.reader import Overlay, Tree

_SUBJECT_COLUMNS = 80  # at most; 75 is the aim (rule R2 of the kernel's own documents)


def mechanism_patch(
    knob: Knob,
    choice: Choice,
    constants: Mapping[str, Sequence[TextEdit]],
    so_far: str,
    renderer: Renderer,
    tree: Tree,
) -> Patch:
    """The patch of a step of the mechanism, with the `constants` that are defined as early."""
    step = choice.step
    subject = _subject(step.topic if isinstance(step, Stage) else knob.topic, step.subject)
    early = tuple(chain(*constants.values()))
    names = list(dict.fromkeys(name for edit in early for name in _defined(edit)))
    message = renderer.render(
        "common/mechanism",
        step=step,
        alternative=choice.alternative,
        constants=names,
        called=bool(knob.predicate and asks(choice.edits, knob.predicate.name)),
        so_far=renderer.inline(so_far),
    )
    edits = (*choice.edits, *early)
    changes = changed(tree, edits)
    return Patch(
        subject=subject,
        message=message.strip() + "\n",
        author=knob.author or "",
        changes=changes,
        part="mechanism",
        edits=edits,
        tags=tuple(
            f'Fixes: {each.commit[:12]} ("{each.title}")' for each in choice.alternative.fixes
        ),
    )


def _defined(edit: TextEdit) -> Iterator[str]:
    """What C defines for others: macros, structs as `struct x`, and a member that stands alone."""
    text = outline(edit.text.encode())
    yield from text.macros
    yield from (f"struct {name}" for name in re.findall(r"^struct (\w+) \{", text.text, re.M))
    if edit.place.path.endswith(".h"):
        members = re.findall(r"^\s*\w+ (\w+);$", edit.text, re.M) if "{" not in edit.text else []
        yield from members


def _subject(topic: str | None, text: str) -> str:
    """`KVM: <topic>: Verb …` (Documentation/process/maintainer-kvm-x86.rst)."""
    subject = f"KVM: {topic}: {text.strip()}" if topic else f"KVM: {text.strip()}"
    if len(subject) > _SUBJECT_COLUMNS:
        raise error(
            Finding(
                f"the subject `{subject}` has {len(subject)} columns, "
                f"{_SUBJECT_COLUMNS} are the most",
                hint="shorten the mechanism's subject or the title of the description",
            )
        )
    return subject


def _common(topic: str, paths: Sequence[str]) -> str:
    """The first parent of a topic, `x86/mmu`, that all the code is of which a patch touches.

    Documentation/process/maintainer-kvm-x86.rst, "Shortlog".
    """
    arch, _, part = topic.partition("/")
    code = [path for path in paths if path.startswith(f"arch/{arch}/") and path.endswith(".c")]
    other = [path for path in code if not re.search(rf"/{re.escape(part)}[/._]", path)]
    return arch if part and other else topic


def variant_patch(
    spec: PatchSpec,
    description: Description,
    variant: Variant,
    renderer: Renderer,
    tree: Tree,
    early: Container[str],
) -> Patch:
    """One patch of the variant, without the edits that are in the mechanism's already."""
    knob = description.knob
    survey = Survey(tree, knob.architectures)
    edits: list[TextEdit] = []
    problems: list[FindingsError] = []
    asked = [
        each
        for each in spec.edits
        if renderer.holds(each.when) and not (each.early and each.text in early)
    ]
    for each in asked:
        try:
            edits += edits_of(each, description, variant, renderer, survey)
        except NotHere:
            raise
        except FindingsError as problem:
            problems.append(problem)
    first = spec.name == variant.patches[0].name
    together = merge(problems)
    if together:
        raise together
    if first:
        edits = with_corrections(edits, corrections(description, variant, survey))
    folder = variant.name
    topic = knob.topic if spec.topic is None else renderer.inline(spec.topic)
    generic = survey.folders.code[0]
    if spec.topic is None and any(edit.place.path.startswith(generic) for edit in edits):
        topic = None  # the first parent of all that the patch touches
    elif topic:
        topic = _common(topic, [edit.place.path for edit in edits])
    subject = _subject(topic or None, renderer.render(f"{folder}/{spec.name}.subject"))
    message = renderer.render(f"{folder}/{spec.name}.message", edits=edits).strip() + "\n"
    if first:
        for merged in merged_as(knob, variant):
            message += f"\n{renderer.render('common/merged', merged=merged).strip()}\n"
    changes = changed(tree, edits)
    behind = Survey(
        Overlay(tree, {path: made.after for path, made in changes.items()}), knob.architectures
    )
    check_held(asked, edits, changes, description, renderer, behind)
    return Patch(
        subject=subject,
        message=message,
        changes=changes,
        part=spec.name,
        edits=tuple(edits),
    )
