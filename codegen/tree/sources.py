# SPDX-License-Identifier: GPL-2.0-only
"""apt's lists of sources, as sources.list(5) describes them: reading both forms, writing one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# One-line options and deb822 fields that are spelled differently; the others are the same.
_FIELDS = {"arch": "Architectures", "lang": "Languages", "target": "Targets"}
_OWN = ("types", "uris", "suites", "components", "enabled")
# What a derived source must not inherit: it chooses by itself which index files it needs.
_DROPPED = ("targets", "languages", "snapshot", "x-repolib-name")


@dataclass(frozen=True)
class AptSource:
    """One entry: every URI has every suite."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    options: tuple[tuple[str, str], ...]  # deb822 fields such as ("Signed-By", "/x.gpg")


def read_sources(paths: Iterable[Path]) -> tuple[AptSource, ...]:
    """The enabled `deb` entries of files named *.list or *.sources; unreadable ones are left out.

    An entry that cannot be understood is left out too: apt itself complains about those.
    """
    found: list[AptSource] = []
    for path in paths:
        try:
            text = path.read_text("utf-8", "replace")
        except OSError:
            continue
        found += parse_deb822(text) if path.suffix == ".sources" else parse_one_line(text)
    return tuple(found)


def parse_one_line(text: str) -> tuple[AptSource, ...]:
    """The `deb [option=value ...] uri suite component...` lines of a text."""
    found = []
    for line in text.splitlines():
        match = re.fullmatch(r"\s*deb\s+(?:\[([^]]*)\]\s*)?([^#]*)(?:#.*)?", line)
        if not match:
            continue
        words = match[2].split()
        if len(words) < 2:
            continue
        options = []
        for option in (match[1] or "").split():
            key, equals, value = option.partition("=")
            if equals and not key.endswith(("+", "-")):
                field = _FIELDS.get(key.lower(), key.title())
                options.append((field, value.replace(",", " ")))
        found.append(AptSource((words[0],), (words[1],), tuple(words[2:]), tuple(options)))
    return tuple(found)


def parse_deb822(text: str) -> tuple[AptSource, ...]:
    """The stanzas of a deb822 text that have `deb` among their types."""
    found = []
    text = re.sub(r"(?m)^#.*\n?", "", text)  # a comment may stand within a field
    for stanza in re.split(r"\n\s*\n", text):
        fields: dict[str, tuple[str, str]] = {}
        last = ""
        for line in stanza.splitlines():
            if line[:1] in (" ", "\t") and last:
                name, value = fields[last]
                fields[last] = (name, f"{value}\n{line}")
            elif ":" in line:
                name, _, value = line.partition(":")
                last = name.strip().lower()
                fields[last] = (name.strip(), value.strip())
        own = {key: fields.get(key, ("", ""))[1].split() for key in _OWN}
        if "deb" not in own["types"] or own["enabled"] in (["no"], ["false"], ["0"]):
            continue
        rest = tuple(field for key, field in fields.items() if key not in _OWN)
        found.append(
            AptSource(tuple(own["uris"]), tuple(own["suites"]), tuple(own["components"]), rest)
        )
    return tuple(found)


def derive(
    sources: Iterable[AptSource], sites: frozenset[str], suite: str
) -> tuple[AptSource, ...]:
    """Sources for another suite at those `sites` (URIs) that are among the sources' own.

    Signing keys and every other option stay as they are; the component is main.
    """
    found: dict[AptSource, None] = {}
    components = () if suite.endswith("/") else ("main",)  # a flat archive has none
    for source in sources:
        options = tuple(field for field in source.options if field[0].lower() not in _DROPPED)
        for uri in source.uris:
            if site(uri) in sites:
                found[AptSource((uri,), (suite,), components, options)] = None
    return tuple(found)


def site(uri: str) -> str:
    """A URI in the spelling in which apt tells it, to compare."""
    return re.sub(r"^(file|copy):/+", r"\1:/", uri).rstrip("/")


def render(sources: Iterable[AptSource]) -> str:
    """A deb822 file that has `sources`, restricted to lists of packages."""
    return "\n".join(_stanza(source) for source in sources)


def _stanza(source: AptSource) -> str:
    lines = [
        "Types: deb",
        f"URIs: {' '.join(source.uris)}",
        f"Suites: {' '.join(source.suites)}",
    ]
    if source.components:
        lines.append(f"Components: {' '.join(source.components)}")
    lines.append("Targets: Packages")
    lines += [f"{name}: {value}" for name, value in source.options]
    return "\n".join(lines) + "\n"
