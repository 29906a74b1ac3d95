# SPDX-License-Identifier: GPL-2.0-only
"""Places in KVM's api.rst, by its sections and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codegen.base.nearest import nearest
from codegen.kernel.survey import Survey
from codegen.sites.language import Sections
from codegen.sites.place import Place, ambiguous, not_found

_ANCHOR = re.compile(r"(\.\. _[^:]+:)?")  # a label belongs to the title that follows; or no text
_NUMBER = re.compile(r"^\d[\d.]*[a-z]?\.?\s+")
_UNDERLINE = re.compile(r"([=\-^~\"'.#*+])\1{2,}$")


@dataclass(frozen=True, slots=True)
class Section:
    """A section: its title, the character that underlines it, its first and last+1 line."""

    title: str
    mark: str
    first: int
    last: int

    def number(self) -> str:
        """The number at the beginning of the title, such as `7.36`; empty where there is none."""
        found = re.match(r"(\d+(?:\.\d+)*)\.?\s", self.title)
        return found[1] if found else ""


class Document:
    """api.rst, or a document that it includes, as lines and sections."""

    def __init__(self, survey: Survey, path: str = "") -> None:
        self.path = path or survey.folders.api
        try:
            text = survey.tree.read(self.path).decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            raise not_found("api.rst", f"the file {self.path}", [self.path]) from None
        self.lines = text.splitlines(keepends=True)
        self.sections = tuple(_sections([line.rstrip("\n") for line in self.lines]))

    def titled(self, word: str) -> tuple[Section, ...]:
        """The section whose title is the word and a number at most, else all that have the word."""
        titled = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
        found = tuple(each for each in self.sections if titled.search(each.title))
        # a capability may have one in each of two chapters: the first says how it is enabled
        own = tuple(each for each in found if _NUMBER.sub("", each.title).strip(" .`") == word)
        return own[:1] or found

    def inside(self, chapter: Section) -> Iterator[Section]:
        """The sections of a chapter, one below it: by their numbers, else by their underlines."""
        deeper = [s for s in self.sections if chapter.first < s.first < chapter.last]
        numbered = [s for s in deeper if s.number().count(".") == 1]
        yield from numbered or [s for s in deeper if s.mark == deeper[0].mark]

    def included(self, survey: Survey) -> Iterator[Document]:
        """The documents beside it that it includes, or names in a table of contents."""
        folder = self.path.rpartition("/")[0]
        named = {line.split()[-1].removesuffix(".rst") for line in self.lines if line.strip()}
        for path in survey.files(f"{folder}/"):
            stem = path.removeprefix(f"{folder}/").removesuffix(".rst")
            if path.endswith(".rst") and path != self.path and stem in named:
                yield Document(survey, path)

    def place(self, first: int, last: int, how: str, **names: str) -> Place:
        """The lines from `first` to before `last` as a place."""
        start = len(_bytes("".join(self.lines[:first])))
        old = "".join(self.lines[first:last])
        return Place(self.path, start, start + len(_bytes(old)), first + 1, how, old, "", names)


def described(survey: Survey, site_name: str, word: str) -> tuple[Document, Section]:
    """The document and the section of it whose title has the word, or an error.

    Of several, the one whose title is nothing else is meant.
    """
    api = Document(survey)
    searched = []
    for document in (api, *(() if api.titled(word) else api.included(survey))):
        found = document.titled(word)
        if len(found) > 1:
            where = [f"`{each.title}` at {document.path}:{each.first + 1}" for each in found]
            right = f"give one of them a title that is {word} alone"
            raise ambiguous(site_name, f"a section about {word}", where, right)
        if found:
            return document, found[0]
        searched.append(document)
    near = nearest(word, sorted({s.title for document in searched for s in document.sections}))
    paths = [document.path for document in searched]
    raise not_found(site_name, f"a section about {word}", paths, near=near)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _sections(lines: list[str]) -> Iterator[Section]:
    heads = [
        (index, lines[index], lines[index + 1][0])
        for index in range(len(lines) - 1)
        if lines[index].strip()
        and not lines[index].startswith((" ", "\t"))
        and _UNDERLINE.fullmatch(lines[index + 1])
        and len(lines[index + 1]) >= len(lines[index].rstrip()) - 2
        and (index == 0 or not lines[index - 1].strip())
    ]
    order: list[str] = []
    for _, _, mark in heads:
        if mark not in order:
            order.append(mark)
    for position, (index, title, mark) in enumerate(heads):
        rank = order.index(mark)
        following = (i for i, _, m in heads[position + 1 :] if order.index(m) <= rank)
        yield Section(title, mark, index, next(following, len(lines)))


def end_of(document: Document, section: Section) -> int:
    """The line behind the last one of a section, before those within it, that is not blank."""
    nested = (s.first for s in document.sections if section.first < s.first < section.last)
    last = min(nested, default=section.last)
    while last > section.first and _ANCHOR.fullmatch(document.lines[last - 1].strip()):
        last -= 1
    return last


def chapters(survey: Survey) -> Iterator[tuple[Document, Section]]:
    """The chapters of api.rst and of what it includes: sections that no other one holds."""
    api = Document(survey)
    for document in (api, *api.included(survey)):
        last = 0
        for section in document.sections:
            if section.first >= last and any(document.inside(section)):
                last = section.last
                yield document, section


def chapter_with(survey: Survey, asked: Sections) -> tuple[Document, Section] | None:
    """The chapter that has most of such sections; None where none has any."""
    counts = [(len(list(_such(d, s, asked))), d, s) for d, s in chapters(survey)]
    best = max(counts, key=lambda each: each[0], default=(0, None, None))
    return (best[1], best[2]) if best[0] and best[1] and best[2] else None


def _such(document: Document, chapter: Section, asked: Sections) -> Iterator[Section]:
    for section in document.inside(chapter):
        text = "".join(document.lines[section.first : section.last])
        fits = all(word in text for word in asked.having)
        if asked.titled in section.title and fits and not any(w in text for w in asked.lacking):
            yield section


def new_section(survey: Survey, site_name: str, document: Document, chapter: Section) -> Place:
    """Behind the last section of a chapter, with the number and the underline of the next one.

    The number is empty where sections have none.  Raises FindingsError where there are none.
    """
    inside = list(document.inside(chapter))
    if not inside:
        raise not_found(site_name, f"a section in chapter {chapter.title}", [document.path])
    numbers = [int(s.number().split(".")[1]) for s in inside if s.number().count(".") == 1]
    following = f"{chapter.number()}.{max(numbers) + 1} " if numbers else ""
    end = end_of(document, inside[-1])
    how = f"end of chapter {chapter.title}"
    return document.place(end, end, how, number=following, mark=inside[-1].mark)


def paragraphs(document: Document, section: Section) -> Iterator[tuple[int, int]]:
    """The first and last+1 line of each paragraph of a section."""
    return apart(document.lines, section.first, section.last)


def apart(lines: Sequence[str], begin: int, end: int) -> Iterator[tuple[int, int]]:
    """The first and last+1 of lines that blank ones part, among those from `begin` to `end`."""
    first = None
    for index in range(begin, end + 1):
        blank = index == end or not lines[index].strip()
        if blank and first is not None:
            yield first, index
            first = None
        elif not blank and first is None:
            first = index


def last_of_most(document: Document, lines: Sequence[int], site_name: str, what: str) -> int:
    """Of some lines, the last one in the block that has most of them.

    Text that is not indented parts blocks.  Where two have as many, the last one is meant if no
    line is in both.  Raises FindingsError otherwise.
    """
    blocks: list[list[int]] = []
    for line in lines:
        between = document.lines[blocks[-1][-1] : line] if blocks else ["text"]
        if any(text.strip() and not text[0].isspace() for text in between):
            blocks.append([])
        blocks[-1].append(line)
    most = max(map(len, blocks))
    best = [block for block in blocks if len(block) == most]
    said = {tuple(document.lines[line].split()[:2]) for block in best for line in block}
    if len(said) < most * len(best):
        where = [f"{document.path}:{block[0] + 1}" for block in best]
        raise ambiguous(site_name, f"a block with most of its kind ({what})", where)
    return best[-1][-1]
