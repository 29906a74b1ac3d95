# SPDX-License-Identifier: GPL-2.0-only
"""Where the section of an ioctl speaks of its flags: a table, a list, or a sentence to correct."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from codegen.base.errors import FindingsError
from codegen.c.layout import filled, indent_of
from codegen.kernel.survey import Survey
from codegen.sites.place import Place
from codegen.sites.registry import site
from codegen.sites.rst import Document, Section, described, end_of, last_of_most, paragraphs
from codegen.style.filters import listing
from codegen.style.table import table_row

_BORDER = re.compile(r"\s*=+ +=+\s*$")
# What is no longer so with one flag more: that there is none or no other, that all bits are 0, or
# one alone.
_NONE = (
    r"No flags are (?:defined|specified|supported)(?: yet| so far)?"
    r"(?:, the (?:corresponding )?field must be (?:set to )?zero)?\.",
    r"(?:The )?[`\"']*{member}[`\"']*(?: field)?(?: is [a-z ]+ and)?"
    r" must (?:currently )?be '?(?:zero|0)'?\.",
)
_ZEROS = r"((?:``\w+``, |``\w+`` and )*)``{member}``((?:, ``\w+``)*(?: and ``\w+``)?) must be 0\."
_OTHER = r"No other flags are (?:currently )?(?:valid|defined|supported)(?: in [^.]+)?\."
_ONE = re.compile(r"The\s+only\s+\w+\s+defined\s+at\s+this\s+time\s+is\s+(\w+),\s+which\b")


@site("api-flag-table")
def api_flag_table(survey: Survey, *, ioctl: str, family: str) -> tuple[Place, ...]:
    """The table of the ioctl's flags, from its first border to its last; nowhere where none is."""
    document, section = described(survey, "api-flag-table", ioctl)
    for first, last in paragraphs(document, section):
        lines = document.lines[first:last]
        bordered = len(lines) > 2 and _BORDER.match(lines[0]) and _BORDER.match(lines[-1])
        if bordered and any(line.lstrip().startswith(family) for line in lines):
            return (document.place(first, last, f"the table of {family}*"),)
    return ()


@site("api-flag")
def api_flag(survey: Survey, *, ioctl: str, family: str) -> tuple[Place, ...]:
    """Behind the last flag of the ioctl's definition list of them, or the end of its section."""
    document, section = described(survey, "api-flag", ioctl)
    names, end, how = {"term": "", "indent": ""}, end_of(document, section), "its end"
    for first, last in paragraphs(document, section):
        line, *below = document.lines[first:last]
        inner = indent_of(below[0]) if below else ""
        term = re.fullmatch(rf"(\s*){family}\w+(:?)\s*", line)
        if term and len(inner) > len(term[1]):
            names, end = {"term": f"{term[1]}${term[2]}", "indent": inner}, last
            how = f"behind the last {family}* of its list"
        elif names["term"] and len(indent_of(line)) >= len(names["indent"]):
            end = last  # one more paragraph of it
        elif names["term"]:
            break
    return (document.place(end, end, f"{section.title}: {how}", **names),)


@site("api-flag-define")
def api_flag_define(
    survey: Survey, *, ioctl: str, family: str, capability: str
) -> tuple[Place, ...]:
    """Behind the last `#define` of a flag in the sections of the ioctl and of the capability that
    tells of its flags; nowhere where none is.
    """
    return tuple(
        document.place(last + 1, last + 1, "behind the last flag", sibling=sibling.rstrip("\n"))
        for word in (ioctl, capability)
        for document, _, last in _listed(survey, word, family)
        for sibling in [document.lines[last]]
    )


@site("api-flag-told")
def api_flag_told(survey: Survey, *, family: str, capability: str) -> tuple[Place, ...]:
    """The end of the section of the capability that tells of the flags, if it lists them."""
    return tuple(
        document.place(end, end, f"{section.title}: its end")
        for document, section, _ in _listed(survey, capability, family)
        for end in [end_of(document, section)]
    )


def _listed(survey: Survey, word: str, family: str) -> Iterator[tuple[Document, Section, int]]:
    """The section of that title with the line of its last `#define` of a flag, if it has some."""
    try:
        document, section = described(survey, "api-flag-define", word)
    except FindingsError:
        return
    defined = [
        index
        for index in range(section.first, section.last)
        if document.lines[index].lstrip().startswith(f"#define {family}")
    ]
    if defined:
        what = f"the definitions of {family}*"
        yield document, section, last_of_most(document, defined, "api-flag-define", what)


@site("api-flag-corrected")
def api_flag_corrected(
    survey: Survey, *, ioctl: str, member: str, family: str
) -> tuple[Place, ...]:
    """The paragraph that says that there is no flag, one alone or no other; nowhere where
    none does.
    """
    document, section = described(survey, "api-flag-corrected", ioctl)
    for first, last in paragraphs(document, section):
        text = "".join(document.lines[first:last])
        one = _ONE.search(text)
        if _with_flags(text, member) != text or (one and one[1].startswith(family)):
            return (document.place(first, last, "what it says of the flags so far"),)
    return ()


def _pattern(text: str, member: str) -> re.Pattern[str]:
    """A sentence, wherever its lines end."""
    return re.compile(text.replace("{member}", re.escape(member)).replace(" ", r"\s+"))


def one_of_several(paragraph: str, member: str) -> str:
    """A paragraph that said that there is no flag, or one alone, without saying so."""
    return filled(_ONE.sub(r"\1", _with_flags(paragraph, member)), 78) + "\n"


def _with_flags(paragraph: str, member: str) -> str:
    """The same of one that said that there is no flag, or no other."""
    bits = f"Bits of ``{member}`` that are not documented must be 0."
    text = _pattern(_ZEROS, member).sub(lambda found: _others(found, bits), paragraph)
    for each in _NONE:
        text = _pattern(each, member).sub(bits, text)
    return _pattern(_OTHER, member).sub(bits.replace("documented", "named here"), text)


def _others(found: re.Match[str], bits: str) -> str:
    """What must be 0 beside the flags."""
    names = re.findall(r"``\w+``", found[1] + found[2])
    return f"{listing(names, 'and')} must be 0.  {bits}" if names else bits


def flag_row(table: str, name: str, text: str) -> str:
    """A table of flags with one row more, indented as it was."""
    indent = indent_of(table)
    return textwrap.indent(table_row(textwrap.dedent(table), name, text), indent)
