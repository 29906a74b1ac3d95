# SPDX-License-Identifier: GPL-2.0-only
"""Every kernel source that Debian's archives hold: the shipped knobs are made for it, and compile.

A sample is tried each time, the oldest and the newest point release of two series; the long lane
takes all that can be had, old series and those to come, and goes on where it was stopped.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from codegen.architectures import DEFAULT
from codegen.base.errors import EnvironmentFailure
from codegen.base.findings import NotHere
from codegen.base.progress import silent
from codegen.base.resources import resources
from codegen.description.load import load
from codegen.plan.variants import load_variant
from codegen.run.bench import open_bench
from codegen.run.build import Options
from codegen.series.commit import commits_of
from codegen.series.make import Generated, finish, open_tree, plan_for
from codegen.tree import TreeLocation, resolve
from codegen.tree.cache import cache_dir
from codegen.tree.debian import Release, cached_files
from codegen.tree.fetch import available, version_key
from codegen.tree.scratch import scratch_folder

from .conftest import ANSWERS, DESCRIBED, KEPT, KNOBS, RELEASES

pytestmark = pytest.mark.kernel

TOP = Path(__file__).resolve().parents[2]
# What a series of kernels takes from the one before it, as far as is known: the answers.
NEWEST = max(RELEASES, key=version_key)
_RECORD = Path(__file__).with_name("archive.json")
_NOT_READ = r"Documentation/|tools/|arch/(?!x86/)"
# KVM's makefiles name the generic part from the architecture's folder.
_OBJECTS = {"virt/kvm": "arch/x86/kvm/../../../virt/kvm"}


@cache
def released() -> tuple[Release, ...]:
    """All that the archives hold, newest first, of the series that gen is for."""
    with scratch_folder() as folder:
        known = available(Path(folder), silent)
    return tuple(r for r in known if r.series in KEPT or version_key(r.series) >= version_key("7"))


def had(release: Release) -> TreeLocation:
    """A version's tree; its package need not stay."""
    there = bool(cached_files(release))
    try:
        return resolve(release.spec)
    finally:
        for path in () if there else cached_files(release):
            path.unlink()


def all_made(where: TreeLocation, series: str) -> Iterator[Generated]:
    """Each shipped knob as each variant that the kernels of a series can have."""
    answers = series if series in RELEASES else NEWEST
    templates = resources("templates")
    with open_tree(where) as tree:
        for knob in KNOBS:
            description = load(templates.parent / "abi" / f"{knob}.yaml", f"abi/{knob}.yaml")
            for variant in DESCRIBED[knob]:
                expected = ANSWERS.get((knob, variant, answers))
                if expected:
                    with pytest.raises(NotHere, match=re.escape(expected)):
                        plan_for(description, load_variant(templates, variant), where, tree)
                    continue
                plan = plan_for(description, load_variant(templates, variant), where, tree)
                yield finish(plan, where)


@pytest.mark.parametrize("series", KEPT)
@pytest.mark.parametrize("which", ["oldest", "newest"])
def test_a_sample(series: str, which: str) -> None:
    mine = [release for release in released() if release.series == series]
    found = tuple(all_made(had(mine[0 if which == "newest" else -1]), series))
    answers = series if series in RELEASES else NEWEST
    wanted = [(k, v) for k in KNOBS for v in DESCRIBED[k] if (k, v, answers) not in ANSWERS]
    assert len(found) == len(wanted) > 5


@pytest.mark.long
def test_all(pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was compiled is kept in pytest's cache, and begins with what `archive.json` says: another
    gen whose series change the same code has nothing to compile.  `UPDATE_GOLDENS=1` writes it.

    What the archive lists and no longer holds is told and is no failure; that some are had is
    asked.
    """
    folder = Path(pytestconfig.cache.mkdir("archive"))  # type: ignore[union-attr]
    lane = Lane(folder / "through.json", _RECORD)
    monkeypatch.setenv("GEN_CACHE", str(folder / "cache"))
    now = of_gen()
    for release in released():
        by, said = lane.said.get(release.spec, ("", ""))
        if by != now or said.startswith("gone"):
            lane.said[release.spec] = [now, attempted(release, lane)]
            print(f"{release.spec}: {lane.said[release.spec][1]}")
            lane.write()
    results = {spec: said for spec, (by, said) in lane.said.items() if by == now}
    bad = {spec: said for spec, said in results.items() if said.startswith("bad")}
    assert not bad, json.dumps(bad, indent=1)
    through = [spec for spec, said in results.items() if not said.startswith("gone")]
    for series in RELEASES:
        assert any(spec.startswith(f"debian:{series}=") for spec in through), results


class Lane:
    """What is through, in a file: of a release, by which gen and what came of it; of a series, a
    digest of what was compiled, also in the record of the repository."""

    def __init__(self, path: Path, record: Path) -> None:
        self._path, self._record = path, record
        read = json.loads(path.read_text()) if path.exists() else {}
        self.said: dict[str, list[str]] = read.get("said", {})
        compiled = read.get("compiled") or json.loads(record.read_text())
        self.compiled: dict[str, list[str]] = compiled

    def write(self) -> None:
        state = {"said": self.said, "compiled": self.compiled}
        self._path.write_text(json.dumps(state, indent=1))
        if os.environ.get("UPDATE_GOLDENS"):
            self._record.write_text(json.dumps(self.compiled, indent=1, sort_keys=True) + "\n")


def attempted(release: Release, lane: Lane) -> str:
    """How many series a release has, all of them compiled; or `gone` and why, or what is bad."""
    try:
        where = had(release)
    except EnvironmentFailure as problem:
        return f"gone: {problem}"
    done = lane.compiled.setdefault(release.spec, [])
    count = 0
    try:
        for series in all_made(where, release.series):
            key = of_code(series)
            if key not in done:
                compiled(series, where)
                done.append(key)
                lane.write()
            count += 1
    except (Exception, AssertionError) as problem:  # the lane goes on, and tells all at its end
        return f"bad, behind {count} series: {type(problem).__name__}: {problem}"
    finally:
        shutil.rmtree(cache_dir() / "bench", ignore_errors=True)
    return f"{count} series"


def compiled(series: Generated, where: TreeLocation) -> None:
    """Every file of C that a series changes, as it is behind the series."""
    objects = tuple(
        f"{_OBJECTS.get(folder, folder)}/{name[:-2]}.o"
        for folder, _, name in (path.rpartition("/") for path in code(series))
        if name.endswith(".c")
    )
    assert objects
    options = Options(fragment=DEFAULT.kernel.check_config, targets=objects)
    with open_bench(where, options) as bench:
        assert bench.kernel(commits_of(series, bench.git_dir).tip).objects >= len(objects)


def code(series: Generated) -> dict[str, bytes | None]:
    """What a series changes and an x86 compiler may read."""
    return {path: data for path, data in series.behind.items() if not re.match(_NOT_READ, path)}


def of_code(series: Generated) -> str:
    return hashlib.sha256(repr(sorted(code(series).items())).encode()).hexdigest()[:16]


def of_gen() -> str:
    """A digest of all that decides what is made."""
    found = hashlib.sha256()
    for folder in ("abi", "codegen", "templates"):
        for path in sorted((TOP / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                found.update(path.read_bytes())
    return found.hexdigest()[:16]
