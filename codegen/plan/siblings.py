# SPDX-License-Identifier: GPL-2.0-only
"""Second places: lists that name the siblings of a new name, and not the new one.

A tree may ask twice who is known: a mask behind the mask, a list of what may be enabled before the
switch that enables it, a bound.  Such a list looks like one that the series has extended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from codegen.base.errors import FindingsError
from codegen.base.findings import Finding, error
from codegen.c.lists import NameList, bounds, counted, masks_of, name_lists, within
from codegen.c.outline import Outline, outline
from codegen.description.load import Description
from codegen.kernel.survey import Survey
from codegen.plan.edits import places_of
from codegen.plan.sites import SITES
from codegen.plan.templates import Renderer
from codegen.plan.variants import PREDICATE, Variant
from codegen.sites.place import Place
from codegen.vocabulary.part import attribute

_SHOWN = 6
_Found = tuple[str, NameList, str]  # in which file, what, and what it is like


def check_siblings(
    description: Description, variant: Variant, renderer: Renderer, before: Survey, behind: Survey
) -> None:
    """No list behind the series has most of a list that it has extended, and lacks the new name.

    But for those whose places the variant knows and leaves as they are, and those that the
    description says are `not-in`.  Raises FindingsError.
    """
    section = description.knob.section(variant.section)
    found: list[Finding] = []
    told: Sequence[Place] | None = None
    for key, spec in variant.numbers.items():
        name = getattr(section, attribute(key))
        known = spec.family(before)
        if known.named(name):
            continue
        names = {member.name for member in known.numbered} | {name}
        texts = _texts(behind, spec.prefix)
        second = [*_second(behind, texts, name, names)]
        if known.bits:
            most = max(known.numbers(), default=-1) + 1
            second += _counts(behind, texts, spec.prefix, names, most)
        for path, each, near in second:
            if each.within in description.knob.not_in:
                continue
            if told is None:
                told = tuple(_left_alone(description, variant, renderer, behind))
            if not any(p.path == path and _meets(each, p) for p in told):
                early = _comes_early(variant, renderer, spec.prefix)
                found.append(_finding(behind, path, each, near, name, early))
    if found:
        raise error(*found)


def _texts(survey: Survey, prefix: str) -> Mapping[str, Outline]:
    """The files that may have a list of a family."""
    tests = survey.folders.selftests
    return {
        path: outline(data)
        for path in survey.holding(prefix, (*survey.kvm_prefixes(), tests))
        # a test that names one has no list
        if (data := survey.tree.read(path)).count(prefix.encode()) > path.startswith(tests)
    }


def _second(
    survey: Survey, texts: Mapping[str, Outline], name: str, names: Collection[str]
) -> Iterator[_Found]:
    """The lists and bounds that lack the name, each with its file and what it is like."""
    tests = survey.folders.selftests
    masks = masks_of(texts.values(), names)
    lists = [
        (path, each)
        for path, text in texts.items()
        for each in name_lists(text, names, masks)
        # what a selftest adds up is what it takes for valid; any other is what it tries
        if not path.startswith(tests) or len(each.runs) > 1
    ]
    ours = [
        (each, each.names, each.beside(name))
        for _, each in lists
        if name in each.names and len(each.names) > 1
    ]
    for path, each in lists:
        names_of = each.names
        if name in names_of:
            continue
        for mine, their, near in ours:
            common, others = len(names_of & their), len(their) - 1
            if common > 1 and 2 * common > others and (not near or near & names_of):
                like = f"has {common} of the {others} that stand with {name} in "
                yield path, each, f"{like}{mine.within or 'a list'}"
                break
    aliases = frozenset(_aliases(texts.values(), names)) - set(names)
    for path, text in texts.items():
        for ordered in (names, aliases) if not path.startswith(tests) else ():
            for other, at in bounds(text, ordered):
                each = NameList(within(text, at), (frozenset((other,)),), at, at + len(other))
                yield path, each, f"asks for the order of {other}, and {name} is behind all others"


def _counts(
    survey: Survey, texts: Mapping[str, Outline], prefix: str, names: Collection[str], most: int
) -> Iterator[_Found]:
    """Where something is compared with how many bits the family had, or with the last of them.

    A macro says so by such a number, and by a name with all words of the family's prefix.
    """
    words = prefix.strip("_").split("_")
    numbers = {str(most), str(most - 1)}
    counts = {
        macro: made[-1].body.strip(" \t()")
        for text in texts.values()
        for macro, made in text.macros.items()
        if made[-1].parameters is None and made[-1].body.strip(" \t()") in numbers
        if macro not in names and all(f"_{word}" in f"_{macro}" for word in words)
    }
    for path, text in texts.items():
        for other, at in counted(text, counts) if survey.folders.selftests not in path else ():
            each = NameList(within(text, at), (frozenset((other,)),), at, at + len(other))
            yield path, each, f"asks for bits up to {other}, which is {counts[other]}"


def _aliases(texts: Collection[Outline], names: Collection[str]) -> Iterator[str]:
    """The macros that are another name for one of them, such as `KVM_CAP_LAST`."""
    for text in texts:
        for name, made in text.macros.items():
            if any(macro.body.strip(" \t()") in names for macro in made):
                yield name


def _left_alone(
    description: Description, variant: Variant, renderer: Renderer, survey: Survey
) -> Iterator[Place]:
    """The places that the variant knows by what they mean, and does not edit for this knob."""
    for spec in (spec for patch in variant.patches for spec in patch.edits):
        asked = spec.site != PREDICATE and SITES[spec.site].holds
        if asked and not (spec.text and renderer.holds(spec.when)):
            try:
                for _, places in places_of(spec, description, renderer, survey):
                    yield from places
            except FindingsError:
                continue


def _meets(each: NameList, place: Place) -> bool:
    return each.start <= place.end and place.start <= each.end


def _finding(
    survey: Survey, path: str, each: NameList, near: str, name: str, early: bool
) -> Finding:
    line = survey.tree.read(path).count(b"\n", 0, each.start) + 1
    names = sorted(each.names)
    more = f" and {len(names) - _SHOWN} more" if names[_SHOWN:] else ""
    what = f"{path}:{line}: {each.within or 'a list'} names {', '.join(names[:_SHOWN])}{more}"
    by = "by an edit or a patch of the mechanism, or by hand" if early else "by hand"
    leave = f"`not-in: [{each.within}]`"
    hints = [f"it {near}"]
    if each.within:
        hints += [
            f"to mend: if it refuses what it does not name, {name} does nothing without it:",
            f"add it {by} behind the series, which {leave} lets gen make",
            f"only if it need not know {name}: say {leave}, and nothing is left to do",
        ]
    else:
        hints += [f"to mend: if it refuses what it does not name, give it a name, and add {name}"]
    return Finding(f"{what}, and not {name}", hint="\n".join(hints))


def _comes_early(variant: Variant, renderer: Renderer, prefix: str) -> bool:
    """Whether the mechanism may use the new name of a family, which is then defined before it."""
    edits = (edit for patch in variant.patches for edit in patch.edits if edit.early)
    return any(renderer.inline(str(e.with_.get("prefix", ""))) == prefix for e in edits)
