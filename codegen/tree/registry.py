# SPDX-License-Identifier: GPL-2.0-only
"""The names of trees: Debian's, those that the user registered, and paths."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from codegen.base.errors import EnvironmentFailure, GenError, UsageError
from codegen.base.nearest import did_you_mean
from codegen.base.progress import Report, silent
from codegen.tree import debian
from codegen.tree.cache import cache_dir, cache_path, locked
from codegen.tree.debian import Release
from codegen.tree.locate import Commit, Folder, PathSpec, TreeLocation, locate, parse_path
from codegen.tree.plumbing import git, git_command, run_git
from codegen.tree.store import damage, discard, imported, note_packs, tree_ref, trees_path

DEFAULT = "debian:6.12"
EntryKind = Literal["debian", "git", "folder"]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class TreeEntry:
    """One tree that has a name."""

    name: str  # as `resolve` takes it
    kind: EntryKind
    version: str  # Debian's version of the package, or the Makefile's
    commit: str | None
    size: int  # bytes on disk
    problem: str | None = None  # why a registered tree cannot be used now


def resolve(spec: str | None = None, progress: Report = silent) -> TreeLocation:
    """The tree that `spec` means, fetched and imported first if it is Debian's and not there.

    `spec` is `debian:6.12` (also the default, for None) or one version of it as
    `debian:6.12=6.12.113-1`, a registered name, or a path as
    `PATH[@REV]`; a name goes before a path, `./name` is always a path. `progress` is called
    with (bytes done, bytes in all or None, what). Raises UsageError: no such tree, revision, or
    no kernel; EnvironmentFailure: what is needed to get it is missing.
    """
    spec = DEFAULT if spec is None else spec
    if spec.startswith(debian.PREFIX):
        return _resolve_debian(debian.release_of(spec), progress)
    known = _registered()
    if spec in known:
        return _locate_registered(spec, known[spec])[0]
    return locate(parse_path(spec, (*_debian_names(), *known)))[0]


def _debian_names() -> tuple[str, ...]:
    return tuple(debian.PREFIX + series for series in debian.SERIES)


def _resolve_debian(release: Release, progress: Report) -> TreeLocation:
    name, note, broken = release.tree, "", damage()
    commit = None if broken else imported(name) or _same_version(release)
    if commit is None and (trees_path() / tree_ref(name)).exists():
        broken = broken or f"the commit of {name} cannot be read"
    if commit is None:
        # Seldom needed, so not imported by every run.
        from codegen.tree.importer import import_package

        cache_dir()  # better now than after a download
        package = debian.fetch(release, progress)
        commit = import_package(package, name, progress)
        again = f"the cache was damaged ({broken}): imported again" if broken else ""
        note = "\n".join(filter(None, (again, package.note, _kept(release, commit))))
    return TreeLocation(name, Commit(trees_path(), commit), release.spec, note)


def _kept(release: Release, commit: str) -> str:
    megabytes = _debian_size(release, commit) / 1e6
    how = f"`gen tree remove {release.spec}` deletes it"
    return f"{release.spec} is kept in {cache_path()}, {megabytes:.0f} MB; {how}"


def _debian_size(release: Release, commit: str) -> int:
    """Bytes in the cache: the tree, and the package that it came from."""
    usage = git(trees_path(), "rev-list", "--objects", "--disk-usage", commit)
    return int(usage) + sum(path.stat().st_size for path in debian.cached_files(release))


def _same_version(release: Release) -> str | None:
    """The commit of a pinned version that was imported as the newest of its series, now named."""
    if release.version is None or (commit := imported(Release(release.series).tree)) is None:
        return None
    subject = git(trees_path(), "log", "-1", "--format=%s", commit).strip()
    if subject != f"{release.package} {release.version}":
        return None
    with locked("trees"):
        git(trees_path(), "update-ref", tree_ref(release.tree), commit)
    return commit


def add(name: str, spec: str) -> TreeLocation:
    """Register PATH[@REV] under a name; the revision is looked up anew whenever it is used.

    Raises UsageError: a name that is taken or not allowed, no kernel there.
    """
    if not _NAME.fullmatch(name) or name.startswith("debian-") or name.endswith("."):
        raise UsageError(
            f"tree name {name!r}: take letters, digits, '.', '_' and '-', at most 64, beginning "
            "with a letter or digit, and not with 'debian-'"
        )
    if spec.startswith(debian.PREFIX):
        raise UsageError(f"{spec!r}: a Debian tree has its name already and needs no other")
    target = parse_path(spec)
    location, _ = locate(target, name)
    with locked("registry") as held:
        known = _registered()
        if name in known and known[name] != target:
            raise UsageError(
                f"tree name {name!r}: stands for {known[name]} already; "
                "remove that first, or take another name"
            )
        held.write(_file(), _json({**known, name: target}))
    return location


def remove(name: str) -> None:
    """Forget a registered name, or delete an imported Debian tree from the cache.

    A registered tree itself is left as it is. Raises UsageError for an unknown name.
    """
    if name.startswith(debian.PREFIX):
        _remove_debian(debian.release_of(name))
        return
    with locked("registry") as held:
        known = _registered()
        if name not in known:
            names = ", ".join(sorted(known)) or "none"
            near = did_you_mean(name, (*known, *_debian_names()))
            raise UsageError(f"tree name {name!r}: not registered{near}; registered: {names}")
        held.write(_file(), _json({key: known[key] for key in known if key != name}))


def _remove_debian(release: Release) -> None:
    name = release.tree
    with locked(release.package), locked("trees") as held:
        files = debian.cached_files(release)
        there = (trees_path() / tree_ref(name)).exists() or imported(name) is not None
        if not there and not files:
            raise UsageError(f"{release.spec}: not in the cache; nothing to remove")
        for path in files:
            path.unlink(missing_ok=True)
        if not there:
            return
        try:
            git(trees_path(), "update-ref", "-d", tree_ref(name))
            # Trees share objects, so that a pack cannot simply go; deltas were never wanted.
            git(trees_path(), "repack", "-a", "-d", "-q", "--window=0", "--depth=0")
            git(trees_path(), "prune", "--expire=1.hour.ago")
            note_packs()
        except EnvironmentFailure:
            discard(held)  # what is damaged cannot be packed: the others are imported again


def forget_damaged(git_dir: Path) -> bool:
    """Delete gen's own repository of trees where that is the one that cannot be read."""
    if git_dir != trees_path():
        return False
    with locked("trees") as held:
        discard(held)
    return True


def list_trees() -> tuple[TreeEntry, ...]:
    """Every imported Debian tree and every registered one, by name. Reads only."""
    return tuple(sorted(_list_debian() + _list_registered(), key=lambda entry: entry.name))


def _list_debian() -> list[TreeEntry]:
    if not trees_path().is_dir():
        return []
    form = "--format=%(refname:strip=2) %(objectname) %(subject)"
    found = []
    try:
        lines = git(trees_path(), "for-each-ref", form, "refs/trees/debian-*").splitlines()
        problem = damage()
    except EnvironmentFailure as error:
        names = sorted(path.name for path in (trees_path() / "refs/trees").glob("debian-*"))
        lines, problem = [f"{name} {'0' * 40} ?" for name in names], str(error)
    for line in lines:
        name, commit, subject = line.split(" ", 2)
        release = debian.release_of_tree(name)
        if release is None:
            continue
        version = subject.rpartition(" ")[2]
        if problem:
            said = f"{problem}; it is imported again when it is used"
            found.append(TreeEntry(release.spec, "debian", version, None, 0, said))
            continue
        size = _debian_size(release, commit)
        found.append(TreeEntry(release.spec, "debian", version, commit, size))
    return found


def _list_registered() -> list[TreeEntry]:
    found = []
    for name, target in _registered().items():
        try:
            location, version = _locate_registered(name, target)
        except GenError as error:
            found.append(TreeEntry(name, "git", "", None, 0, str(error)))
            continue
        match location.at:
            case Commit(git_dir, commit):
                size = _repository_size(git_dir)
                found.append(TreeEntry(name, "git", version, commit, size))
            case Folder(folder):
                size = _folder_size(folder)
                found.append(TreeEntry(name, "folder", version, None, size))
    return found


def _locate_registered(name: str, target: PathSpec) -> tuple[TreeLocation, str]:
    if not target.path.exists():
        raise UsageError(
            f"tree {name!r}: {target.path}, for which it stands, is gone; "
            "remove the name, or bring the folder back"
        )
    return locate(target, name)


def _repository_size(git_dir: Path) -> int:
    done = run_git(git_command(git_dir, "count-objects", "-v"))
    counts = dict(re.findall(r"(?m)^([a-z-]+): (\d+)$", done.stdout.decode("utf-8", "replace")))
    return 1024 * (int(counts.get("size", 0)) + int(counts.get("size-pack", 0)))


def _folder_size(folder: Path) -> int:
    total = 0
    for place, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except OSError:
                continue
    return total


def _file() -> Path:
    return cache_path() / "trees.json"


def _registered() -> dict[str, PathSpec]:
    try:
        data = json.loads(_file().read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise EnvironmentFailure(f"{_file()}: {error.strerror}") from error
    except ValueError as error:
        raise EnvironmentFailure(f"{_file()}: damaged ({error}); delete it") from error
    try:
        return {
            name: PathSpec(Path(entry["path"]), entry["revision"])
            for name, entry in data["trees"].items()
        }
    except (LookupError, TypeError, AttributeError) as error:
        raise EnvironmentFailure(f"{_file()}: not as gen writes it; delete it") from error


def _json(known: dict[str, PathSpec]) -> bytes:
    trees = {
        name: {"path": str(target.path), "revision": target.revision}
        for name, target in sorted(known.items())
    }
    return json.dumps({"trees": trees}, indent=1).encode() + b"\n"
