# SPDX-License-Identifier: GPL-2.0-only
"""The place where a tree's series are tried: its checkout, its builds, kept from run to run.

Everything lies in gen's cache.  One checkout and one output folder serve all series of a tree,
so that make compiles only what differs from the series before.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from codegen.architectures import DEFAULT, Architecture
from codegen.base import whole
from codegen.base.lock import locked
from codegen.run import make
from codegen.run.build import KernelBuild, Options, build
from codegen.run.checkout import sync
from codegen.run.make import Progress, Step
from codegen.sandbox import made
from codegen.tree.cache import cache_dir
from codegen.tree.locate import Commit, TreeLocation
from codegen.tree.scratch import make_repository

_STRANGERS = 3  # whose builds are kept; each takes 0.3 GB


@dataclass(frozen=True)
class Bench:
    """The folders of one tree, one architecture and one compiler; held by one run at a time, see
    open_bench().

    A `stranger`'s series, named by its digest, is built in folders of its own, compiler cache
    included: nothing that its makefiles write is ever read for another series.
    """

    folder: Path
    location: TreeLocation
    options: Options
    stranger: str = ""
    _built: dict[tuple[str, Path], KernelBuild] = field(default_factory=dict, compare=False)

    @property
    def work(self) -> Path:
        """Where what is built goes."""
        return self.folder / "strangers" / self.stranger if self.stranger else self.folder

    @property
    def shared(self) -> Bench:
        """The bench for the tree itself, which is nobody's series."""
        options = replace(self.options, ccache=self.folder / "ccache")
        return replace(self, stranger="", options=options) if self.stranger else self

    @property
    def memory(self) -> Path:
        """The file for what a boot has told of the machine."""
        return (self.work if self.stranger else self.folder.parent) / "accel.json"

    def out(self, name: str, *, fresh: bool = False) -> Path:
        """An output folder; a stranger's begins as a copy of what was made of the tree itself.

        `fresh` makes it anew.
        """
        mine, theirs = self.work / name, self.folder / name
        if self.stranger and theirs.exists() and (fresh or not mine.exists()):
            if mine.exists():
                made.remove(mine)
            made.copied(theirs, mine)
        return mine

    @property
    def git_dir(self) -> Path:
        """A repository for series, with the tree's objects at hand."""
        return self.folder / "series.git"

    def source(self, commit: str) -> Path:
        """The files of a commit; only those that differ from the last one are rewritten."""
        self._built.clear()
        return sync(self.git_dir, commit, self.folder / "source").path

    def kernel(self, commit: str, progress: Progress | None = None) -> KernelBuild:
        """The kernel of a commit.  Raises what `codegen.run.build.build` raises.

        The last one is there as long as nothing else is checked out.  A stranger's goes on from the
        tree's own, which is made first where nobody has: the next stranger's, and the tree itself,
        take a fraction of the time then.
        """
        name = f"kernel-{Path(self.options.compiler).name}"
        base = self.location.commit
        if self.stranger and base and not (self.folder / name).exists():
            self.shared.kernel(base, progress)
        if progress:
            progress(Step(0, None, "the checkout"))
        out = self.out(name)
        if (commit, out) not in self._built:
            self._built[commit, out] = build(self.source(commit), out, progress, self.options)
        return self._built[commit, out]

    def keep(self, kernel: KernelBuild, commit: str) -> Path:
        """A copy of a kernel's image that stays when others are built; the last four stay."""
        image = self._image(commit)
        image.parent.mkdir(exist_ok=True)
        whole.write(image, made.read(kernel.image))
        for old in sorted(image.parent.iterdir(), key=lambda path: -path.stat().st_mtime)[4:]:
            old.unlink()
        return image

    def image(self, commit: str, progress: Progress | None = None) -> Path:
        """The image of a commit of the tree itself: the one that was kept, or a new one."""
        if self.stranger:
            return self.shared.image(commit, progress)
        image = self._image(commit)
        if image.exists():
            os.utime(image)
            return image
        return self.keep(self.kernel(commit, progress), commit)

    def _image(self, commit: str) -> Path:
        options = self.options
        made_by = (make.compiler_id(options.toolchain), options.config.read_text())
        digest = hashlib.sha256(repr((*made_by, options.make_args)).encode()).hexdigest()
        return self.work / "images" / f"{commit}-{digest[:8]}"


@contextmanager
def open_bench(
    location: TreeLocation,
    options: Options | None = None,
    waiting: Callable[[], None] | None = None,
    stranger: str = "",
) -> Iterator[Bench]:
    """The bench of a tree, held until the block ends; `waiting` is called if another run has it.

    `stranger` is the digest of a series that gen did not make.
    Raises EnvironmentFailure where the cache cannot be written.
    """
    # by one path, whatever links lead there: make builds all again for another compiler's
    root = (cache_dir() / "bench").resolve()
    options = options or Options()
    folder = root / _name(location, options.arch)
    bench = Bench(folder, location, options, stranger[:16])
    bench.work.mkdir(parents=True, exist_ok=True)
    # Another tree's makefiles write to another cache.
    options = replace(options, ccache=bench.work / "ccache", scripts=root)
    with locked(folder / "lock", waiting):
        make_repository(folder / "series.git", location.git_dir)
        _forget(folder / "strangers", bench.work)
        yield replace(bench, options=options)


def _forget(strangers: Path, now: Path) -> None:
    """Remove what was built of strangers' series, but of the last few."""
    if not strangers.exists():
        return
    if now.parent == strangers:
        os.utime(now)
    for old in sorted(strangers.iterdir(), key=lambda path: -path.stat().st_mtime)[_STRANGERS:]:
        made.remove(old)


def _name(location: TreeLocation, arch: Architecture) -> str:
    """One bench for all commits of a repository: they differ less than two repositories do."""
    place = location.at.git_dir if isinstance(location.at, Commit) else location.at.folder
    name = location.name
    if location.commit and name.endswith(f"-{location.commit[:12]}"):
        name = name[:-13]
    name = f"{name}-{hashlib.sha256(str(place.resolve()).encode()).hexdigest()[:8]}"
    return name if arch == DEFAULT else f"{name}-{arch.name}"
