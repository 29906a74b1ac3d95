# SPDX-License-Identifier: GPL-2.0-only
"""A diff as git writes it, read and applied: each file before and behind it, and its hunks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, groupby
from pathlib import Path

from codegen.base.errors import EnvironmentFailure
from codegen.mail.patch import Posted
from codegen.tree.changed import Changed, Hunk
from codegen.tree.git import git_environment
from codegen.tree.opened import GitTree
from codegen.tree.plumbing import complaint, git, git_command, run_git

_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_FILE = re.compile(rb"^diff --git ", re.M)
_DIFF = (
    *("-r", "--raw", "-z", "-p", "-U0", "--text", "--no-abbrev"),
    *("--no-renames", "--no-color", "--no-ext-diff", "--no-textconv"),
)
SUBMODULE = "160000"
ALREADY = "the tree has what it changes already"


def applied(git_dir: Path, base: str, patches: Iterable[Posted]) -> Iterator[Posted | str]:
    """Patches with the files that they change, one applied after the other to the commit `base`.

    No working tree is touched.  Where one does not apply, what git says of it comes instead, and
    is the last.  Raises EnvironmentFailure where git cannot read the tree.
    """
    env = git_environment(GIT_INDEX_FILE=str(git_dir / "index.gen"))
    git(git_dir, "read-tree", base, env=env)
    command = git_command(git_dir, "apply", "--cached", "--whitespace=nowarn")
    before = base
    with GitTree(git_dir, base) as objects:
        for patch in patches:
            done = run_git(command, env=env, stdin=patch.diff)
            if done.returncode:
                undone = run_git([*command, "--check", "--reverse"], env=env, stdin=patch.diff)
                yield complaint(done.stderr) if undone.returncode else ALREADY
                return
            behind = git(git_dir, "write-tree", env=env)
            done = run_git(git_command(git_dir, "diff-tree", *_DIFF, before, behind))
            if done.returncode:
                raise EnvironmentFailure(f"git diff-tree: {complaint(done.stderr)}")
            raw, _, diff = done.stdout.partition(b"\0\0")
            found = {each.path: each for each in _changes(raw, objects)}
            yield replace(patch, changes=with_hunks(found, diff))
            before = behind


def _changes(raw: bytes, objects: GitTree) -> Iterator[Changed]:
    """The files that `git diff-tree --raw -z` names."""
    parts = raw.split(b"\0")
    for entry, path in zip(parts[::2], parts[1::2], strict=True):
        old, new, was, now, _ = entry.decode().lstrip(":").split()
        sides = ((old, was), (new, now))
        before, after = (
            None if not mode.strip("0") else name.encode() if mode == SUBMODULE
            else objects.blob(name)
            for mode, name in sides
        )  # fmt: skip
        usual = "100644" if before is None else old
        mode = new if after is not None and new != usual else ""
        yield Changed(path.decode("utf-8", "surrogateescape"), before, after, mode=mode)


def with_hunks(changes: Mapping[str, Changed], diff: bytes) -> Mapping[str, Changed]:
    """The same with what git says of each: the diff has those that are changed, in this order."""
    heads = [match.start() for match in _FILE.finditer(diff)]
    texts = [diff[at:end] for at, end in zip(heads, [*heads[1:], len(diff)], strict=True)]
    # what becomes a symbolic link, say, has two: it goes, and is new
    found = (list(same) for _, same in groupby(texts, lambda text: text.partition(b"\n")[0]))
    return {
        path: (
            replace(made, hunks=tuple(chain(*map(_hunks, next(found, ())))))
            if made.mode or made.before != made.after
            else made
        )
        for path, made in changes.items()
    }


def _hunks(text: bytes) -> Iterator[Hunk]:
    """The hunks of one file's diff; one with context between its changes is as many as these."""
    lines = iter(text.split(b"\n"))
    for line in lines:
        if head := _HUNK.match(line):
            olds, news = (int(count or 1) for count in (head[2], head[4]))
            # of no lines, git says behind which one they are
            yield from _runs(
                lines, int(head[1]) + (not olds), int(head[3]) + (not news), olds, news
            )


def _runs(lines: Iterator[bytes], old: int, new: int, olds: int, news: int) -> Iterator[Hunk]:
    """The changes of one hunk, which begins at two lines and has so many before and behind."""
    olds, news = old + olds, new + news
    removed, added = 0, list[str]()
    while old < olds or new < news:
        line = next(lines, b"")
        kind = line[:1]
        if kind == b"-":
            removed, old = removed + 1, old + 1
        elif kind == b"+":
            added.append(line[1:].decode("utf-8", "replace"))
            new += 1
        elif kind != b"\\":  # context
            if removed or added:
                yield Hunk(old - removed, removed, new - len(added), tuple(added))
            removed, added = 0, []
            old, new = old + 1, new + 1
    if removed or added:
        yield Hunk(old - removed, removed, new - len(added), tuple(added))
