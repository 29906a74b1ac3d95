# SPDX-License-Identifier: GPL-2.0-only
"""From a knob, a variant and a tree to a plan: every number known, every site found, every text.

Nothing is written here. Each patch is located in the tree that the patches before it left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codegen import mechanism
from codegen.description.load import Description
from codegen.description.model import Alternative
from codegen.edit import Edit, applied
from codegen.errors import FindingsError
from codegen.facts import Reserved, context, numbers, survey_dialect
from codegen.findings import Finding, NotHere, error, merge
from codegen.given import GivenPatch
from codegen.render import Renderer
from codegen.sites import SITES
from codegen.survey import Survey
from codegen.tree.reader import Overlay, Tree
from codegen.uapi.headers import TARGETS
from codegen.variants import PREDICATE, EditSpec, PatchSpec, Variant

_STRUCTS = {"kvm": "struct kvm *", "slot": "const struct kvm_memory_slot *"}
_SUBJECT_COLUMNS = 80  # at most; 75 is the aim (rule R2 of the kernel's own documents)


@dataclass(frozen=True, slots=True)
class PlannedPatch:
    """One patch: its message, its edits and the files as they are behind it."""

    name: str
    subject: str
    message: str
    edits: tuple[Edit, ...]
    files: Mapping[str, bytes]
    author: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A series before anything is written."""

    description: Description
    variant: Variant
    numbers: Mapping[str, int]
    patches: tuple[PlannedPatch, ...]
    alternative: Alternative | None = None
    call: str = ""  # what userspace does to turn the knob on

    @property
    def files(self) -> Mapping[str, bytes]:
        """Every changed file as it is behind the last patch."""
        return {path: data for patch in self.patches for path, data in patch.files.items()}

    @property
    def named_numbers(self) -> Mapping[str, str]:
        """The numbers taken as people say them, `239` or `bit 3`, by what has them in the tree."""
        section = getattr(self.description.knob, self.variant.section)
        return {
            getattr(section, key, key): f"bit {n}" if self.variant.numbers[key].bits else str(n)
            for key, n in self.numbers.items()
        }


def make_plan(
    description: Description,
    variant: Variant,
    tree: Tree,
    templates: Path,
    reserved: Reserved | None = None,
    given: Sequence[GivenPatch] = (),
) -> Plan:
    """Plan a series; `given` are the developer's own patches, which come first.

    Raises NotHere with the reason, FindingsError where a site is not found.
    """
    knob = description.knob
    survey = Survey(tree, knob.architectures)
    if getattr(knob, variant.section, None) is None:
        raise _answer(f"{knob.name} does not describe the variant {variant.name}", variant)
    said = context(survey, description, variant, reserved or Reserved())
    renderer = Renderer(templates, said)
    _check(renderer, description, variant, said)
    taken = numbers(survey, variant, reserved or Reserved())
    said["n"] = taken
    renderer = Renderer(templates, said)
    patches = [PlannedPatch("given", g.subject, g.message, (), g.files, g.author) for g in given]
    overlay: Tree = tree
    for patch in patches:
        overlay = Overlay(overlay, patch.files)
    alternative, edits = mechanism.choose(survey, knob, renderer)
    if edits:
        patches.append(_mechanism_patch(description, alternative, edits, renderer, overlay))
        overlay = Overlay(overlay, patches[-1].files)
    for spec in variant.patches:
        patches.append(_patch(spec, description, variant, renderer, overlay))
        overlay = Overlay(overlay, patches[-1].files)
    call = renderer.inline(variant.call)
    return Plan(description, variant, taken, tuple(patches), alternative, call)


def _answer(reason: str, variant: Variant, hint: str = "") -> NotHere:
    finding = Finding(reason, hint=hint, site=variant.name)
    return NotHere(finding.message, (finding,))


def _check(
    renderer: Renderer, description: Description, variant: Variant, said: Mapping[str, Any]
) -> None:
    """Whether the variant can be on this tree at all."""
    for requirement in variant.requires:
        if not renderer.holds(requirement.unless):
            raise _answer(requirement.reason, variant)
    if variant.needs_argument and not getattr(said["predicate"], variant.needs_argument):
        name, struct = description.knob.predicate.name, _STRUCTS[variant.needs_argument]
        finding = description.finding(
            ("predicate", "args"),
            f"{name}() takes no {variant.needs_argument}, which {variant.name} decides by",
            f"add a `{struct}`",
        )
        raise NotHere(finding.message, (finding,))
    if variant.only_on and variant.only_on not in description.knob.architectures:
        raise _answer(f"{variant.name} exists on {variant.only_on} only", variant)
    if renderer.holds(variant.names_if):
        for key in variant.names:
            name = getattr(said["v"], key)
            if said["tree"].macro(name):
                where = said["tree"].where(name)
                raise _answer(f"{name} is there already: {where}", variant)


def _mechanism_patch(
    description: Description,
    alternative: Any,
    edits: Iterable[Edit],
    renderer: Renderer,
    tree: Tree,
) -> PlannedPatch:
    knob = description.knob
    assert knob.mechanism is not None
    subject = _subject(knob.topic, knob.mechanism.subject)
    message = renderer.render("common/mechanism", alternative=alternative).strip() + "\n"
    edits = tuple(edits)
    return PlannedPatch("mechanism", subject, message, edits, applied(tree, edits), knob.author)


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


def _patch(
    spec: PatchSpec, description: Description, variant: Variant, renderer: Renderer, tree: Tree
) -> PlannedPatch:
    knob = description.knob
    survey = Survey(tree, knob.architectures)
    edits: list[Edit] = []
    problems: list[FindingsError] = []
    for each in spec.edits:
        if not renderer.holds(each.when):
            continue
        try:
            edits += _edits(each, description, variant, renderer, survey)
        except NotHere:
            raise
        except FindingsError as problem:
            problems.append(problem)
    together = merge(problems)
    if together:
        raise together
    folder = variant.name
    topic = knob.topic if spec.topic is None else spec.topic
    subject = _subject(topic or None, renderer.render(f"{folder}/{spec.name}.subject"))
    message = renderer.render(f"{folder}/{spec.name}.message").strip() + "\n"
    return PlannedPatch(spec.name, subject, message, tuple(edits), applied(tree, edits))


def _edits(
    spec: EditSpec,
    description: Description,
    variant: Variant,
    renderer: Renderer,
    survey: Survey,
) -> list[Edit]:
    if spec.site == PREDICATE:
        return [_predicate_edit(description, variant, renderer, survey)]
    arguments = {
        key: renderer.inline(value) if isinstance(value, str) else value
        for key, value in spec.with_.items()
    }
    found = []
    for arch in description.knob.architectures if spec.per_arch else (None,):
        more = {"arch": arch} if arch else {}
        for place in SITES[spec.site](survey, **arguments, **more):
            template = spec.text if "/" in spec.text else f"{variant.name}/{spec.text}"
            text = renderer.render(template, place=place, arch=arch)
            if place.old:
                end = "\n" if place.old.endswith("\n") else ""
                text = text.rstrip("\n") + end
            elif place.path.endswith(".rst"):
                text = text.rstrip("\n") + "\n"
            found.append(Edit(spec.site, place, survey_dialect(survey, place.path, text), template))
    return found


def _predicate_edit(
    description: Description, variant: Variant, renderer: Renderer, survey: Survey
) -> Edit:
    """The variant's answer as the predicate's value: replaced, or defined where nothing is yet."""
    knob = description.knob
    value = renderer.inline(renderer.inline("{{ variant.value }}"))
    if knob.mechanism is None:
        edit = mechanism.predicate(survey, knob, renderer, value)
        _check_architectures(edit.place.path, value, description, variant, survey)
        return edit
    arguments = {"name": knob.predicate.name, "off": knob.predicate.off}
    (place,) = SITES["predicate-value"](survey, **arguments)
    _check_architectures(place.path, value, description, variant, survey)
    return Edit("predicate-value", place, value, "common/predicate-value")


def _check_architectures(
    path: str, value: str, description: Description, variant: Variant, survey: Survey
) -> None:
    """What only some architectures have cannot be asked in a file that all of them build."""
    if path.startswith("arch/") or not (variant.only_on or "->arch." in value):
        return
    having = [variant.only_on] if variant.only_on else description.knob.architectures
    kvm = (name for name in TARGETS if survey.folders.arch_kconfig(name))
    lacking = [name for name in kvm if name not in having]
    if lacking:
        raise _answer(
            f"{description.knob.predicate.name}() is defined in {path}, which "
            f"{', '.join(lacking)} build as well, and `{value}` is there on "
            f"{', '.join(having)} only",
            variant,
            "let `predicate: before:` name a function below arch/"
            + ("" if variant.only_on else ", or name them all in `architectures`"),
        )
