# SPDX-License-Identifier: GPL-2.0-only
"""Texts for api.rst: what docutils itself would take for a mistake, or for a reference.

docutils is the judge, as its inline markup depends on the characters around it.  It is only
asked where a character occurs that could be markup at all: it takes longer to load than the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from codegen.vocabulary.rst import doctree, messages
from codegen.vocabulary.rules import Problem

# every inline markup of docutils has one of these (Inliner.init_customizations); addresses are fine
_SUSPECT = re.compile(r"[`*|\\]|_(?!\w)|(?<!\w)_(?=`)")
_LITERAL = re.compile(r"``.*?``", re.S)
# what Sphinx knows and docutils alone does not
_SPHINX = re.compile("Unknown interpreted text role|No role entry")
_UNENDED = re.compile(r"Inline (\w+).* start-string without end-string")
_BEGINS = {"emphasis": "emphasis", "strong": "emphasis", "literal": "code"}
_HINT = "put the code into double backquotes"


def no_markup(value: str) -> Iterator[Problem]:
    """The rule that a text is still one when it stands in a sentence of api.rst."""
    if not _SUSPECT.search(value):
        return
    yield from _misread(value, f"KVM may {' '.join(value.split())}.")
    bare = _LITERAL.sub(lambda match: "x" * len(match[0]), value)
    for slash in re.finditer(r"\\(?=.)", bare):
        yield Problem("api.rst would drop the backslash", slash.start(), _HINT)


def sound_markup(value: str) -> Iterator[Problem]:
    """The rule that paragraphs of api.rst may have markup, and have none by mistake."""
    if _SUSPECT.search(_LITERAL.sub("x", value)):
        yield from _misread(value, value)


def _misread(value: str, text: str) -> Iterator[Problem]:
    """What docutils takes for something else in a value, as it stands in a text."""
    at = 0
    for token, words in _complaints(text):
        found = value.find(token, at)
        found = value.find(token) if found < 0 else found
        at = max(found, 0) + len(token)
        if value.startswith("*/", found):
            continue  # it ends a comment of C: worse, and said already
        shown = "a backquote" if set(token) == {"`"} else f"`{token}`"
        taken, hint = "a reference", f"write ``{token.strip('`')}``, or spell it out"
        if begun := _UNENDED.search(words):
            taken, hint = f"the beginning of {_BEGINS.get(begun[1], 'a name')}", _HINT
        yield Problem(f"api.rst would take {shown} for {taken}", max(found, 0), hint)


def _complaints(text: str) -> Iterator[tuple[str, str]]:
    """What docutils stumbles over in a text, each with its words."""
    from docutils import nodes

    tree = doctree(text)
    marked = {node["refid"]: node.astext() for node in tree.findall(nodes.problematic)}
    for said in messages(tree):
        if not _SPHINX.search(said.astext()):
            yield next((marked[name] for name in said["ids"] if name in marked), ""), said.astext()
    for target in tree.findall(nodes.target):
        yield target.rawsource, ""
