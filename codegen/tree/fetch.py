# SPDX-License-Identifier: GPL-2.0-only
"""Where apt can get a Debian package: the machine's suites first, then Debian's others."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from codegen.errors import EnvironmentFailure
from codegen.tree.apt import (
    Apt,
    Candidate,
    Target,
    candidate,
    download,
    make_apt,
    require_apt,
    source_files,
    targets,
    update,
)
from codegen.tree.cache import disk_full
from codegen.tree.debian import sha256_of
from codegen.tree.sources import Source, derive, read_sources, render
from codegen.tree.store import Progress

# Where to look for a kernel that the machine's suites lack: <codename>-backports, then these,
# which Debian's archive links to the suites of the day. Unstable has the newest of a series.
SUITES = ("stable", "unstable", "testing", "oldstable")


@dataclass(frozen=True)
class Downloaded:
    """A file that apt downloaded and what apt says it is."""

    path: Path
    what: Candidate


def download_package(name: str, scratch: Path, progress: Progress) -> Downloaded:
    """Download a package into `scratch`, trying one source after another.

    Raises EnvironmentFailure: no apt, no source gives the package, a full disk.
    """
    require_apt()
    tried: list[str] = []
    for where, apt in _ways(scratch, progress, tried.append):
        wanted = candidate(apt, name)
        if wanted is None:
            tried.append(f"{where}: no {name}")
            continue
        got = download(apt, wanted, apt.configuration.parent, progress)
        if isinstance(got, str):
            if "No space left" in got:
                raise disk_full(scratch)
            tried.append(f"{where}: {got}")
        elif sha256_of(got) != wanted.sha256:
            tried.append(f"{where}: {got.name} is not what the list of packages says (SHA256)")
        else:
            return Downloaded(got, wanted)
    if shutil.disk_usage(scratch).free < 1 << 20:
        raise disk_full(scratch)
    raise EnvironmentFailure(
        f"{name}: apt could not fetch this package: "
        + " | ".join(tried)
        + "; if this machine is offline or no Debian, name a kernel tree by its path"
    )


def _ways(
    scratch: Path, progress: Progress, note: Callable[[str], None]
) -> Iterator[tuple[str, Apt]]:
    """apt configurations that may know the package, the cheapest first.

    The machine's own lists; the machine's Debian sources with fresh lists; other suites at the
    same sources.
    """
    machine = make_apt(_fresh(scratch, "machine"), lists=False)
    known = _debian(targets(machine))
    if targets(machine):
        yield "the machine's lists", machine
    else:
        note("the machine's lists: there are none")

    sources = read_sources(source_files(machine))
    sites = frozenset(target.site for target in known)
    # Nobody knows yet which sources are Debian's if there are no lists: take all.
    text = render(_at(sources, sites)) if sites else None
    fresh = make_apt(_fresh(scratch, "fresh"), lists=True, sources=text)
    progress(0, None, "updating the lists of packages (a private copy)")
    said = update(fresh)
    known = tuple(dict.fromkeys(known + _debian(targets(fresh))))
    yield _with(said, "fresh lists"), fresh

    if not known:
        note("other suites: none of this machine's apt sources is Debian's archive")
    for suite in _suites(known):
        derived = derive(sources, _main_sites(known), suite)
        if not derived:
            continue
        other = make_apt(_fresh(scratch, suite), lists=True, sources=render(derived))
        progress(0, None, f"looking in Debian's {suite}")
        said = update(other)
        yield _with(said, suite), other


def _with(said: str, where: str) -> str:
    return f"{where} ({said})" if said else where


def _fresh(scratch: Path, name: str) -> Path:
    folder = scratch / name
    folder.mkdir()
    return folder


def _at(sources: Iterable[Source], sites: frozenset[str]) -> tuple[Source, ...]:
    """The sources at some sites, suites and all."""
    return tuple(
        found
        for source in sources
        for suite in source.suites
        for found in derive((source,), sites, suite)
    )


def _debian(found: Iterable[Target]) -> tuple[Target, ...]:
    """Those lists whose signed Release file says that they are Debian's."""
    return tuple(target for target in found if target.origin.startswith("Debian"))


def _main_sites(known: Iterable[Target]) -> frozenset[str]:
    """The sites of the main archive, which has all suites; failing that, all of Debian's."""
    known = tuple(known)
    main = frozenset(target.site for target in known if target.label == "Debian")
    return main or frozenset(target.site for target in known)


def _suites(known: tuple[Target, ...]) -> tuple[str, ...]:
    """Suites to look in that are not among the known ones."""
    codenames = dict.fromkeys(target.codename.partition("-")[0] for target in known)
    wanted = [f"{name}-backports" for name in codenames if name] + list(SUITES)
    have = {target.codename for target in known} | {target.suite for target in known}
    return tuple(name for name in wanted if name not in have) if known else ()
