# SPDX-License-Identifier: GPL-2.0-only
"""Rules for texts: how one says what is wrong and where, and how pydantic gets to know."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from codegen.vocabulary.characters import refused_characters

KIND = "problems"  # the type of the errors whose context has Problems

_MOST = 20  # of one text; nobody reads more, and each costs time


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a text, at which character of it, and what would be right."""

    message: str
    at: int = 0
    hint: str = ""


Rule = Callable[[str], Iterable[Problem]]


def holds(*rules: Rule) -> AfterValidator:
    """A validator that says everything that any of the rules has to say."""

    def validate(value: str) -> str:
        said = (problem for rule in rules for problem in rule(value))
        problems = tuple(islice(said, _MOST))
        if problems:
            raise PydanticCustomError(KIND, "problems", {"problems": problems})
        return value

    return AfterValidator(validate)


def characters(allowed: str = "") -> Rule:
    """The rule that no character leaves the line or the reading direction unseen."""

    def rule(value: str) -> Iterator[Problem]:
        for at, message in refused_characters(value, allowed):
            yield Problem(message, at)

    return rule


def not_empty(value: str) -> Iterator[Problem]:
    """The rule that a text says something."""
    if not value.strip():
        yield Problem("the text is empty")


def no_template(hint: str = "") -> Rule:
    """The rule that no text could be taken for a template, whoever renders it."""

    def rule(value: str) -> Iterator[Problem]:
        for found in re.finditer(r"\{\{|\{%|\{#", value):
            message = f"`{found[0]}` begins template code, which no text holds"
            yield Problem(message, found.start(), hint)

    return rule


def no_continuation(value: str) -> Iterator[Problem]:
    """The rule that no line swallows the next: a backslash at its end would continue a macro."""
    for found in re.finditer(r"\\[ \t]*(?=\n|\Z)", value):
        yield Problem("a backslash at the end of a line would join it with the next", found.start())
