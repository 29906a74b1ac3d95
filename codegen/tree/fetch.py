# SPDX-License-Identifier: GPL-2.0-only
"""Where apt can get a Debian package: the machine's suites first, then Debian's others."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from codegen.base.errors import EnvironmentFailure, UsageError
from codegen.base.progress import Report
from codegen.tree.apt import (
    Apt,
    Candidate,
    IndexTarget,
    candidate,
    download,
    make_apt,
    require_apt,
    source_files,
    targets,
    update,
    versions,
)
from codegen.tree.cache import disk_full
from codegen.tree.debian import PREFIX, SOURCE, Release, release_of, sha256_of
from codegen.tree.sources import AptSource, derive, read_sources, render

# Where to look for a kernel that the machine's suites lack, by the names that Debian's archive
# gives the releases of the day, each with its security updates; unstable has the newest kernel
# of a series.  <codename>-backports of the machine's own release goes first, others last.
RELEASES = ("stable", "unstable", "testing", "oldstable", "oldoldstable")
BACKPORTS = ("stable-backports", "oldstable-backports")
_SECURITY = "Debian-Security"  # what its Release files call themselves
_SHOWN = 24  # versions in an error


@dataclass(frozen=True)
class Downloaded:
    """A file that apt downloaded and what apt says it is."""

    path: Path
    what: Candidate
    note: str = ""  # what the user should know of how it was got


def download_package(release: Release, scratch: Path, progress: Report) -> Downloaded:
    """Download a release's package into `scratch`, trying one source after another.

    Raises EnvironmentFailure: no apt, no source gives the package, a full disk; UsageError where
    Debian has others than the pinned version.
    """
    require_apt()
    name = release.package
    tried: list[str] = []
    gone: list[str] = []
    had: dict[tuple[str, str], None] = {}
    for where, apt in _ways(scratch, progress, tried.append):
        wanted = candidate(apt, name, release.version)
        if wanted is None:
            had |= dict.fromkeys(versions(apt, SOURCE))
            tried.append(f"{where}: no {release.version or name}")
            continue
        got = download(apt, wanted, apt.configuration.parent, progress)
        if isinstance(got, str):
            if "No space left" in got:
                raise disk_full(scratch)
            tried.append(f"{where}: {got}")
            gone.append(wanted.version)
        elif sha256_of(got) != wanted.sha256:
            tried.append(f"{where}: {got.name} is not what the list of packages says (SHA256)")
        else:
            return Downloaded(got, wanted, _note(wanted, gone))
    if shutil.disk_usage(scratch).free < 1 << 20:
        raise disk_full(scratch)
    others = [version for package, version in had if package == name]
    if others and not gone:
        raise _no_such_version(release, others)
    series = sorted(release_.series for release_ in _releases(had))
    said = f"; Debian has {', '.join(PREFIX + one for one in dict.fromkeys(series))}"
    raise EnvironmentFailure(
        f"{name}: apt could not fetch this package: "
        + " | ".join(tried)
        + (said if series else "")
        + "; if this machine is offline or no Debian, name a kernel tree by its path"
    )


def available(scratch: Path, progress: Report) -> tuple[Release, ...]:
    """Every version of every kernel source that apt could get, newest first; it may take a minute.

    Raises EnvironmentFailure where there is no apt.
    """
    require_apt()
    found: dict[Release, None] = {}
    for _, apt in _ways(scratch, progress, lambda _: None):
        found |= dict.fromkeys(_releases(versions(apt, SOURCE)))
    return tuple(sorted(found, key=lambda each: version_key(each.version or ""), reverse=True))


def _releases(known: Iterable[tuple[str, str]]) -> list[Release]:
    found = []
    for name, version in known:
        with suppress(UsageError):  # a flavour's, or what is no kernel source
            found.append(release_of(f"{PREFIX}{name.removeprefix(SOURCE)}={version}"))
    return found


def version_key(version: str) -> tuple[tuple[tuple[int, ...] | int, ...], ...]:
    """A key that sorts Debian's versions as deb-version(7) says."""
    upstream, _, revision = version.rpartition("-")
    return tuple(_part_key(part) for part in (upstream, revision))


def _part_key(text: str) -> tuple[tuple[int, ...] | int, ...]:
    return tuple(
        int(part or 0) if at % 2 else (*(_order(char) for char in part), 0)
        for at, part in enumerate(re.split(r"(\d+)", text))
    )


def _order(char: str) -> int:
    """A character's place: `~` before the end of the text, letters before all others."""
    return -1 if char == "~" else ord(char) + (0 if char.isalpha() else 256)


def _note(got: Candidate, gone: Sequence[str]) -> str:
    if not gone or got.version in gone:
        return ""
    return (
        f"{got.package} {gone[0]}, which this machine's apt lists name, can no longer be fetched; "
        f"took {got.version}"
    )


def _no_such_version(release: Release, had: Sequence[str]) -> UsageError:
    versions_ = sorted(had, key=version_key, reverse=True)
    wanted = str(release.version)
    meant = [each for each in versions_ if each.startswith(wanted)]  # its revision was left out
    newer = [each for each in versions_ if version_key(each) > version_key(wanted)]
    near = (meant or newer[-1:] or versions_)[0]
    rest = f" and {len(versions_) - _SHOWN} older ones" if versions_[_SHOWN:] else ""
    return UsageError(
        f"{release.spec}: Debian has no such version of {release.package} now; did you mean "
        f"{Release(release.series, near).spec}?\nthere are: {', '.join(versions_[:_SHOWN])}{rest}"
    )


def _ways(
    scratch: Path, progress: Report, note: Callable[[str], None]
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
        if derived := derive(sources, _main_sites(known), suite):
            yield _with_security(derived, suite, sources, known, scratch, progress)


def _with_security(
    derived: tuple[AptSource, ...],
    suite: str,
    sources: tuple[AptSource, ...],
    known: tuple[IndexTarget, ...],
    scratch: Path,
    progress: Report,
) -> tuple[str, Apt]:
    """An apt with a suite and its security updates, which are named by the suite's codename."""
    folder = _fresh(scratch, suite)
    progress(0, None, f"looking in Debian's {suite}")
    apt = make_apt(folder, lists=True, sources=render(derived))
    said = update(apt)
    codenames = [target.codename for target in targets(apt) if target.codename]
    security = frozenset(target.site for target in known if target.label == _SECURITY)
    if suite in RELEASES and suite != "unstable" and codenames:
        updates = derive(sources, security, f"{codenames[0]}-security")
        apt = make_apt(folder, lists=True, sources=render(derived + updates))
        said = update(apt)
    return _with(said, suite), apt


def _with(said: str, where: str) -> str:
    return f"{where} ({said})" if said else where


def _fresh(scratch: Path, name: str) -> Path:
    folder = scratch / name
    folder.mkdir()
    return folder


def _at(sources: Iterable[AptSource], sites: frozenset[str]) -> tuple[AptSource, ...]:
    """The sources at some sites, suites and all."""
    return tuple(
        found
        for source in sources
        for suite in source.suites
        for found in derive((source,), sites, suite)
    )


def _debian(found: Iterable[IndexTarget]) -> tuple[IndexTarget, ...]:
    """Those lists whose signed Release file says that they are Debian's."""
    return tuple(target for target in found if target.origin.startswith("Debian"))


def _main_sites(known: Iterable[IndexTarget]) -> frozenset[str]:
    """The sites of the main archive, which has all suites; failing that, all of Debian's."""
    known = tuple(known)
    main = frozenset(target.site for target in known if target.label == "Debian")
    return main or frozenset(target.site for target in known)


def _suites(known: tuple[IndexTarget, ...]) -> tuple[str, ...]:
    """Suites to look in that are not among the known ones."""
    codenames = dict.fromkeys(target.codename.partition("-")[0] for target in known)
    wanted = [*(f"{name}-backports" for name in codenames if name), *RELEASES, *BACKPORTS]
    have = {target.codename for target in known} | {target.suite for target in known}
    return tuple(name for name in wanted if name not in have) if known else ()
