# SPDX-License-Identifier: GPL-2.0-only
"""What the YAML parser complains of, in words of somebody who writes a description."""

from __future__ import annotations

import yaml

from codegen.base.findings import Finding
from codegen.description.source import Source

_QUOTE = "put a text that holds such signs into quotes, or behind `|` on lines of its own"
# What libyaml says: the same as a message and a hint.
_WORDS = {
    "mapping values are not allowed in this context": (
        "a `:` where no key can be",
        f"{_QUOTE}; keys of one section begin in the same column",
    ),
    "could not find expected ':'": (
        "a line before this one is neither a key with `:` nor part of a text",
        "further lines of a text are indented more than its key",
    ),
    "did not find expected key": (
        "no key begins here",
        "keys of one section begin in the same column, and nothing follows a closing quote",
    ),
    "did not find expected '-' indicator": (
        "a list goes on without `-`",
        "items of one list begin with `- ` in the same column",
    ),
    "did not find expected ',' or ']'": ("a list in `[…]` is not closed", "close it with `]`"),
    "did not find expected ',' or '}'": ("a mapping in `{…}` is not closed", "close it with `}`"),
    "did not find expected node content": ("a value is missing here", _QUOTE),
    "found unexpected end of stream": ("a quoted text is not closed", "close its quotes"),
    "found unexpected document indicator": (
        "a line `---` or `...` in the middle of a quoted text",
        "close its quotes, or indent the line",
    ),
    "found unknown escape character": (
        "an escape that double quotes do not know",
        "use single quotes, or write the backslash twice",
    ),
    "found invalid Unicode character escape code": ("an escape of a character that is none", ""),
    "did not find expected hexdecimal number": ("an escape without its hexadecimal digits", ""),
    "found a tab character where an indentation space is expected": (
        "a tab in the indentation",
        "YAML is indented with spaces; a tab can follow them in a text of C",
    ),
    "found a tab character that violates indentation": (
        "a tab in the indentation",
        "YAML is indented with spaces; a tab can follow them in a text of C",
    ),
    "did not find expected whitespace or line break": (
        "a value that begins with `!` would be a tag",
        "put it into quotes",
    ),
    "block sequence entries are not allowed in this context": (
        "a list cannot begin on the line of its key",
        "begin the next line with `- `, or write `[…]`",
    ),
    "did not find expected comment or line break": (
        "a text that `|` or `>` begins starts on the next line",
        "break the line behind it",
    ),
    "did not find expected <document start>": (
        "this does not belong to the description any more",
        "all its keys begin in the same column",
    ),
    "found unknown directive name": ("YAML directives are not used in descriptions", ""),
    "found incompatible YAML document": ("YAML directives are not used in descriptions", ""),
    "found undefined tag handle": ("tags are not used in descriptions", _QUOTE),
}
_NO_TOKEN = "found character that cannot start any token"


def in_plain_words(problem: yaml.MarkedYAMLError, source: Source) -> Finding:
    """The parser's complaint as a finding at the position that it is about."""
    mark = problem.problem_mark or problem.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    said = problem.problem or problem.context or ""
    if said == _NO_TOKEN:
        message, hint = _no_token(source.line(line)[column - 1 : column])
    else:
        message, hint = _WORDS.get(said, (f"this is no YAML: {said}", ""))
    opened = problem.context_mark
    if _bracket_in_a_value(source.line(line), column) and "not closed" in message:
        message = f"a text with `{source.line(line)[column - 1]}` within `[…]` or `{{…}}`"
        hint = "put the text into quotes, such as ['a[0]']"
    elif opened and ("not closed" in message or "a tag" in message):
        line, column = opened.line + 1, opened.column + 1
    elif "neither a key" in message and opened:
        line, column = opened.line + 1, opened.column + 1
        message = message.replace("a line before this one", "this line")
    return source.finding(line, column, message, hint)


def _bracket_in_a_value(line: str, column: int) -> bool:
    """Whether a bracket goes on with a text that has no quotes."""
    return (
        line[column - 1 : column] in ("[", "{") and line[column - 2 : column - 1].strip(", ") != ""
    )


def _no_token(char: str) -> tuple[str, str]:
    if char == "\t":
        return "a tab where YAML wants spaces", "indent with spaces"
    return f"a value cannot begin with `{char}`", "put it into quotes"
