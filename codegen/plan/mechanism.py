# SPDX-License-Identifier: GPL-2.0-only
"""The mechanism of a knob on a tree: the first alternative whose sites all resolve."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from codegen.base.errors import FindingsError
from codegen.base.findings import Finding, error
from codegen.c.layout import width
from codegen.c.pattern import filled, holes
from codegen.description.mechanism import Alternative, Edit, Mechanism, Predicate, Stage
from codegen.kernel.survey import Survey
from codegen.plan.templates import Renderer
from codegen.sites import named
from codegen.sites.edit import TextEdit
from codegen.sites.kbuild import kconfig_symbol
from codegen.sites.place import Place, not_found
from codegen.vocabulary.part import Where


@dataclass(frozen=True, slots=True)
class Choice:
    """An alternative with its edits; not `fits` if it names what the tree does not have there.

    `step` is the patch of the mechanism that it is of, `where` its place in the description.
    """

    where: Where
    step: Mechanism | Stage
    alternative: Alternative
    edits: tuple[TextEdit, ...]
    fits: bool = True


def choose(
    survey: Survey,
    key: Where,
    step: Mechanism | Stage,
    first: Callable[[Survey], tuple[TextEdit, ...]],
    compiles: Callable[[Sequence[TextEdit]], bool],
) -> Choice:
    """The alternative of a step that fits the tree, with its edits and those that come `first`.

    `key` is where the step stands below `mechanism`.  `compiles` says whether what the edits name
    is visible there.  Where that holds for none, the first whose places are all found is answered.
    FindingsError with what each one lacks where the places of none are found.
    """
    narrow = Survey(survey.tree, survey.architectures, wide=False)
    for each in (narrow, survey):
        found: list[Choice] = []
        findings: list[Finding] = []
        for number, alternative in enumerate(step.alternatives):
            try:
                _check_lacking(each, alternative)
                for held in alternative.holds:
                    named.matches(each, "mechanism", held.in_, held.statement)
                edits = tuple(edit_of(each, edit) for edit in alternative.edits)
                made = (*first(each), *edits)
            except FindingsError as problem:
                findings += _headed((*key, number + 1), alternative, problem)
                continue
            choice = Choice(("mechanism", *key, "alternatives", number), step, alternative, made)
            if compiles(made):
                return choice
            found.append(replace(choice, fits=False))
        if found:  # the folders are where they were
            return found[0]
    raise error(*findings)


def _check_lacking(survey: Survey, alternative: Alternative) -> None:
    for name in alternative.lacking:
        for found in survey.definitions("function", name):
            where = f"{found.source.path}:{found.source.line(found.extent.start)}"
            what = f"this tree has {name}() at {where}, and the alternative is for one without"
            raise error(Finding(what, site="mechanism"))


def _headed(where: Where, alternative: Alternative, problem: FindingsError) -> Iterator[Finding]:
    *step, number = where
    after = f" of {step[0]}[{step[1]}]" if step else ""
    heading = f"mechanism, alternative {number}{after} ({alternative.tree})"
    for each in problem.findings:
        yield Finding(f"{heading}: {each.message}", hint=each.hint, site=each.site)


def predicate(survey: Survey, asked: Predicate, renderer: Renderer) -> TextEdit:
    """The predicate's definition, before the first of its functions that the tree has."""
    if survey.wide:
        try:
            narrow = Survey(survey.tree, survey.architectures, wide=False)
            return predicate(narrow, asked, renderer)
        except FindingsError:
            pass
    problems: list[Finding] = []
    for name in asked.before:
        try:
            place = named.new_function_before(survey, "predicate", name)
        except FindingsError as problem:
            problems += problem.findings
            continue
        header = place.path.endswith(".h")
        text = renderer.render("common/predicate", header=header)
        # what is declared right above stays apart from it
        declared = survey.tree.read(place.path)[: place.start].endswith(b";\n")
        text = "\n" * declared + text
        return TextEdit("predicate", place, text, "common/predicate")
    raise error(*problems)


def edit_of(survey: Survey, edit: Edit) -> TextEdit:
    """One edit of a description, located and with its text laid out."""
    place = _place(survey, edit)
    put = _put(survey, edit, place)
    if edit.kconfig:
        text = f"\nconfig {edit.kconfig}\n{place.indent}bool\n"
    elif edit.remove_macro:
        text = ""
    elif edit.include:
        text = f"#include {edit.include}\n"
    elif edit.instead_of:
        text = _aligned(survey, place, put)
    else:
        text = _lines(survey, place, edit, put)
    untested = " ".join((edit.untested or "").split())
    return TextEdit("mechanism", place, text, "description", untested)


def _place(survey: Survey, edit: Edit) -> Place:
    site, name = "mechanism", edit.in_ or ""
    if edit.before:
        return named.before(survey, site, name, edit.before)
    if edit.after:
        return named.after(survey, site, name, edit.after)
    if edit.instead_of:
        return named.instead(survey, site, name, edit.instead_of)
    if edit.new_function_before:
        return named.new_function_before(survey, site, edit.new_function_before)
    if edit.new_member_of:
        return named.new_member_of(survey, site, edit.new_member_of)
    if edit.include:
        return named.include(survey, site, name, edit.include)
    if edit.remove_macro:
        return named.remove_macro(survey, site, edit.remove_macro)
    if edit.kconfig:
        return kconfig_symbol(survey)  # type: ignore[no-any-return]
    raise not_found(site, "a place that the edit names", [])


def _put(survey: Survey, edit: Edit, place: Place) -> str:
    """The edit's text in the tree's own names.  Raises FindingsError where one is not found."""
    text = edit.put or ""
    if holes(text):
        known = {**named.parameters(survey, edit.in_ or "", edit.takes), **place.names}
        text = filled(text, known)
        for name in sorted(holes(text)):
            what = f"`${name}` among the parameters of {edit.in_}()"
            right = "quote the parameter as this tree has it"
            raise not_found("mechanism", what, [place.path], right=right)
    if edit.instead_of and named.in_brackets(
        survey, "mechanism", edit.in_ or "", edit.instead_of, text
    ):
        lines = text.rstrip("\n").split("\n")
        return (
            "(" + "\n".join([lines[0], *(f" {line}" if line else "" for line in lines[1:])]) + ")"
        )
    return text


def _aligned(survey: Survey, place: Place, put: str) -> str:
    """A replacement within a line: its further lines begin in the column of the first."""
    source = survey.source(place.path)
    before = source.text(source.line_start(place.start), place.start)
    count = width(before)
    pad = "\t" * (count // 8) + " " * (count % 8)
    if not before.strip():
        pad = before
    lines = put.rstrip("\n").split("\n")
    return "\n".join([lines[0], *(pad + line if line else "" for line in lines[1:])])


def _lines(survey: Survey, place: Place, edit: Edit, put: str) -> str:
    """Whole lines at the indent of the place, with a blank line to the neighbour."""
    lines = put.strip("\n").split("\n")
    text = "".join(f"{place.indent}{line}\n" if line else "\n" for line in lines)
    if edit.tight:
        return text
    if edit.new_member_of:
        return f"\n{text}"
    data = survey.tree.read(place.path)
    if edit.after:
        blank = data[: place.start].endswith(b"\n\n")
        closes = data[place.start :].lstrip(b"\t ").startswith(b"}")
        tail = "" if closes or data[place.start :].startswith(b"\n") else "\n"
        return ("" if blank else "\n") + text + tail
    return text + "\n"
