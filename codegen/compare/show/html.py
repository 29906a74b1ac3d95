# SPDX-License-Identifier: GPL-2.0-only
"""A comparison as one page for a browser: nothing is fetched, no script runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from codegen.compare.model import Code, Page
from codegen.compare.show import sidebyside
from codegen.compare.show.plots import drawn
from codegen.plan.bytecode import CompiledTemplates

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Shown:
    """A patch, and the columns that have the same diff."""

    title: str
    subject: str
    files: tuple[sidebyside.File, ...]


def text(page: Page) -> str:
    """The page as HTML."""
    return framed(
        "page.html",
        page=page,
        patches=_patches(page),
        plots=[(plot, Markup(drawn(plot) if plot.curves else "")) for plot in page.plots],
        code=_coloured,
        light=Markup(sidebyside.style(dark=False)),
        dark=Markup(sidebyside.style(dark=True)),
    )


def framed(template: str, folder: Path = _HERE, css: str = "", **said: Any) -> str:
    """A template of `folder` that extends `frame.html`, as HTML; `css` is its own, behind that of
    all pages.
    """
    styles = [(_HERE / "page.css").read_text(), *([css] if css else [])]
    page = environment(folder).get_template(template)
    return page.render(css=Markup("\n".join(styles)), **said)


def environment(folder: Path = _HERE) -> Environment:
    """What pages are made with whose templates are in `folder`, or here."""
    made = Environment(
        loader=FileSystemLoader([folder, _HERE]),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=CompiledTemplates(folder, ("compare",)),
    )
    made.filters["breaking"] = _breaking
    return made


def _breaking(text: str) -> Markup:
    """A text whose long names may end a line behind one of their parts."""
    return Markup(re.sub("([_/])(?=\\w)", r"\1<wbr>", str(escape(text))))


def _coloured(text: str) -> Markup:
    return Markup("\n").join(sidebyside.coloured(text.rstrip("\n").split("\n"), "vmm.c"))


def _patches(page: Page) -> Mapping[str, list[Shown]]:
    """By tree, the patches: each once, with the variants that have it."""
    found: dict[str, list[Shown]] = {}
    for tree in page.trees:
        same: dict[str, list[Code]] = {}
        for each in page.patches:
            if page.columns[each.column].tree == tree:
                same.setdefault(_diff(each.text), []).append(each)
        found[tree] = [
            Shown(
                ", ".join(page.columns[each.column].variant for each in every),
                _subject(every[0].text),
                tuple(sidebyside.files(diff)),
            )
            for diff, every in same.items()
        ]
    return found


def _diff(mail: str) -> str:
    at = mail.find("\ndiff --git ")
    lines = mail[at + 1 :].split("\n")
    return "\n".join(line for line in lines if not line.startswith(("index ", "base-commit:")))


def _subject(mail: str) -> str:
    head = mail.partition("\n\n")[0].replace("\n ", " ")
    lines = [line for line in head.split("\n") if line.startswith("Subject: ")]
    return lines[0].partition("] ")[2] or lines[0] if lines else ""
