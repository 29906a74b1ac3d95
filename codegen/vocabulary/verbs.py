# SPDX-License-Identifier: GPL-2.0-only
"""Subjects are commands: they begin with the base form of a verb, told by English morphology.

A word that ends in -ing or -ed behind a vowel is no base form (the condition *v* of Porter's
stemmer: `bring` and `shed` are, `adding` and `added` are not), nor is one that ends in -s, but
for the endings that verbs have of their own (`pass`, `focus`, `alias`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from codegen.architectures import ARCHITECTURES
from codegen.vocabulary.rules import Problem

_BASE_FORMS = frozenset("embed".split())
_GERUND = re.compile(r"\w*[aeiouy]\w*ing")
_PAST = re.compile(r"\w*[aeiouy]\w*(?<!e)ed|made|gave|took|given|taken")
_THIRD = re.compile(r"\w+(?<![siua])s|has|was|is")
_TOPICS = "|".join(topic for each in ARCHITECTURES.values() for topic in each.topics)
_PREFIX = re.compile(rf"\[[^]]*\]|(?:KVM|{_TOPICS}|[\w./-]+/\w+):", re.ASCII)
# verbs that subjects begin with, for the hint alone
_VERBS = frozenset(
    "add allow change disable drop enable expose fix give introduce let make map move permit "
    "provide remove replace return select set skip stop support take update use zap".split()
)
_IRREGULAR = {"made": "make", "gave": "give", "given": "give", "took": "take", "taken": "take"}


def imperative(value: str) -> Iterator[Problem]:
    """The rule for subjects: `Verb …`, capitalised, without a prefix (guide, R1 and R2)."""
    if prefix := _PREFIX.match(value):
        yield Problem(
            f"the prefix `{prefix[0]}` is for gen to add", 0, "`topic` names the subsystem"
        )
        return
    word = value.split(maxsplit=1)[0] if value.strip() else ""
    if _inflected(word.lower()):
        base = _base(word.lower()).capitalize()
        hint = f"such as `{base} …`" if base else "a command, such as `Add …` or `Let …`"
        yield Problem(f"`{word}` is no imperative", value.index(word), hint)
    elif word[:1].islower():
        hint = f"`{word[:1].upper()}{word[1:]} …`" if word.isalpha() else "begin with a verb"
        yield Problem("a subject begins with a capital letter", value.index(word), hint)


def _inflected(word: str) -> bool:
    if word in _BASE_FORMS:
        return False
    return any(pattern.fullmatch(word) for pattern in (_GERUND, _PAST, _THIRD))


def _base(word: str) -> str:
    """The verb that a word is a form of, if it is one of those that subjects begin with."""
    stem = re.sub(r"(ing|ed|es|s)$", "", word)
    undoubled = re.sub(r"(.)\1$", r"\1", stem)
    forms = (_IRREGULAR.get(word, word), stem, undoubled, f"{stem}e")
    return next((form for form in forms if form in _VERBS), "")
