# SPDX-License-Identifier: GPL-2.0-only
"""What is killed: making, applying, importing; and what must hold behind each kill."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from pathlib import Path

from tests.kills.victim import Left, Patience, Place, killed, run
from tests.minitree import minitree, written
from tests.unit.kit import committed, git, knob_text

_TITLES = ("Let userspace ask for small mappings", "Let userspace have small mappings")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    found = {}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file():
            found[str(path.relative_to(folder))] = path.read_bytes()
    return found


class Ground:
    """A repository with a kernel, two versions of a description, and how long a run takes."""

    def __init__(self, root: Path, tree: str = "") -> None:
        self.place = Place(root)
        self.tree = tree or str(committed(written(minitree(), root / "linux")))
        self.knobs = [root / "a.yaml", root / "b.yaml"]
        for path, title in zip(self.knobs, _TITLES, strict=True):
            path.write_text(knob_text(title=title))

    def problems(self, done: Left) -> list[str]:
        """That a run which nobody killed did what it should."""
        return (
            [] if done.status == 0 else [f"the next run: status {done.status}: {done.said[-900:]}"]
        )

    def clean(self) -> list[str]:
        """That after a run which nobody killed nothing temporary is left."""
        left = [*self.place.temporary.iterdir()]
        left += [p for p in (self.place.cache / "tmp").rglob("*") if p.is_file()]
        left += self.place.root.glob("out/**/.gen-*")
        return [f"left behind: {path}" for path in left]


class Making(Ground):
    """The folder of a series is the old one or the new one."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.expected = []
        for path in self.knobs:
            done = run(self.place, self._arguments(path))
            assert done.status == 0, done.said
            self.expected.append(contents(self._folder()))
        self.patience = Patience(done.seconds)
        assert self.expected[0] != self.expected[1]

    def _arguments(self, path: Path) -> list[str]:
        more = ["--abi", str(path), "--tree", self.tree, "--out", str(self.place.root / "out")]
        return ["--variant", "memslot-flag", *more]

    def _folder(self) -> Path:
        (cover,) = self.place.root.glob("out/*/*/memslot-flag/0000-*")
        return cover.parent

    def kill(self, chance: random.Random) -> tuple[Left, list[str]]:
        """Make one of the two series, be killed; then, now and then, make it in peace."""
        which = chance.randrange(2)
        left = killed(self.place, self._arguments(self.knobs[which]), self.patience, chance)
        found = contents(self._folder())
        wrong = [] if found in self.expected else [f"half a series: {sorted(found)}"]
        if left.status == 0 and found != self.expected[which]:
            wrong.append("status 0, and the series is not there")
        if chance.random() < 0.1 or wrong or left.wrong:
            wrong += self.problems(run(self.place, self._arguments(self.knobs[which])))
            if contents(self._folder()) != self.expected[which]:
                wrong.append("the next run makes other bytes")
            wrong += self.clean()
        return left, wrong


class Applying(Ground):
    """The branch is there with all its commits, or nothing is."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        done = run(self.place, self._arguments("first"))
        assert done.status == 0, done.said
        self.patience = Patience(done.seconds)
        self.tip = self._refs()["refs/heads/first"]
        git(Path(self.tree), "update-ref", "-d", "refs/heads/first")
        self.refs = self._refs()
        self.head = (Path(self.tree) / ".git/HEAD").read_bytes()

    def _arguments(self, branch: str) -> list[str]:
        more = ["--abi", str(self.knobs[0]), "--tree", self.tree, "--branch", branch]
        return ["apply", "--variant", "memslot-flag", *more]

    def _refs(self) -> dict[str, str]:
        lines = git(Path(self.tree), "for-each-ref", "--format=%(refname) %(objectname)")
        return dict(line.split(" ") for line in lines.splitlines())

    def kill(self, chance: random.Random) -> tuple[Left, list[str]]:
        """Apply, be killed, look; then, now and then, apply in peace."""
        tree = Path(self.tree)
        left = killed(self.place, self._arguments("killed"), self.patience, chance)
        wrong = []
        refs = self._refs()
        tip = refs.pop("refs/heads/killed", None)
        if refs != self.refs or tip not in (None, self.tip):
            wrong.append(f"refs: {self._refs()}")
        if (left.status == 0) != (tip is not None) and left.sent not in ("all", "first"):
            wrong.append(f"status {left.status}, and the branch is {tip}: {left.said}")
        locks = [str(p) for p in (tree / ".git").rglob("*.lock")]
        if locks or (tree / ".git/HEAD").read_bytes() != self.head:
            wrong.append(f"locks: {locks}")
        if status := git(tree, "status", "--porcelain"):
            wrong.append(f"the working tree: {status}")
        git(tree, "fsck", "--strict", "--no-dangling")
        if tip:
            git(tree, "update-ref", "-d", "refs/heads/killed")
        if chance.random() < 0.1 or wrong or left.wrong:
            wrong += self.problems(run(self.place, self._arguments("peace")))
            if self._refs().get("refs/heads/peace") != self.tip:
                wrong.append("the next run makes other commits")
            git(tree, "update-ref", "-d", "refs/heads/peace")
            wrong += self.clean()
        return left, wrong


class Importing(Ground):
    """The tree is in the cache, or the next run imports it."""

    def __init__(self, root: Path, deb: Path, release: str, version: str) -> None:
        super().__init__(root)
        self.spec, self.package = f"debian:{release}", f"linux-source-{release}"
        self.deb, self.version = deb, version
        self.patience = {}
        for what in ("add", "remove", "add"):
            self._downloaded()
            done = run(self.place, ["tree", what, self.spec])
            assert done.status == 0, done.said
            self.patience[what] = Patience(done.seconds)
        self.commit = self._commit()

    def _downloaded(self) -> None:
        kept = self.place.cache / "debs" / self.deb.name
        kept.parent.mkdir(parents=True, exist_ok=True)
        if not kept.exists():
            shutil.copy(self.deb, kept)
        said = {"file": kept.name, "version": self.version, "size": kept.stat().st_size}
        said["sha256"] = hashlib.sha256(kept.read_bytes()).hexdigest()
        kept.with_name(f"{self.package}.json").write_text(json.dumps(said))

    def _commit(self) -> str:
        (ref,) = (self.place.cache / "trees.git/refs/trees").iterdir()
        return ref.read_text().strip()

    def kill(self, chance: random.Random) -> tuple[Left, list[str]]:
        """Import into an empty cache, or remove; be killed; then import in peace."""
        what = "add" if chance.random() < 0.8 else "remove"
        if what == "add":
            shutil.rmtree(self.place.cache / "trees.git", ignore_errors=True)
        arguments = ["tree", what, self.spec]
        left = killed(self.place, arguments, self.patience[what], chance)
        self._downloaded()
        wrong = self.problems(run(self.place, ["tree", "add", self.spec]))
        if not wrong and self._commit() != self.commit:
            wrong.append(f"another commit: {self._commit()}")
        if not wrong:
            git(self.place.cache / "trees.git", "fsck", "--strict", "--no-dangling")
            wrong += self.clean()
        return left, wrong
