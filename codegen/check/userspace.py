# SPDX-License-Identifier: GPL-2.0-only
"""The selftests that a patch changes compile behind that patch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from codegen.check import compiler
from codegen.check.remark import Remark
from codegen.kernel.survey import SELFTESTS
from codegen.mail.patch import Posted
from codegen.run import make
from codegen.run.build import KernelBuild
from codegen.run.make import BuildFailed
from codegen.run.selftests import build_selftests, names_in
from codegen.tree.scratch import scratch_folder

_SHARED = re.compile(rf"{SELFTESTS}(lib|include)/")


def selftests(
    until: Sequence[Posted],
    kernel: Callable[[], KernelBuild],
    progress: make.Progress | None,
) -> Iterator[Remark]:
    """Build the tests that a patch changes, all of them where it changes what they share.

    `until` ends with the patch; `kernel` makes the uAPI headers of its commit.
    """
    patch = until[-1]
    paths = [c.path for c in patch.changes.values() if c.after is not None and _is_c(c.path)]
    if not paths:
        return
    headers = kernel()
    shared = any(_SHARED.match(path) for path in paths)
    out = headers.out.with_name(f"{headers.out.name}.selftests")
    with scratch_folder() as folder:
        known = names_in(headers, Path(folder))
    tests = {path.removeprefix(SELFTESTS).removesuffix(".c"): path for path in paths}
    wanted = [name for name in tests if name in known]
    left = [path for name, path in tests.items() if name not in known and path[-2:] == ".c"]
    left = [path for path in left if not _SHARED.match(path)]
    if left:
        what = f"not compiled here: {', '.join(left)}"
        yield Remark(
            what, patch.name, hint=f"no test of {headers.arch.name}'s, or not registered", note=True
        )
    if not (wanted or shared):
        return
    try:
        made = build_selftests(headers, None if shared else wanted, progress)
    except BuildFailed as problem:
        texts = [_in_tree(text) for text in compiler.errors_of(problem)]
        yield from compiler.failures(texts, until, "the selftests do not build here")
        return
    for name in made.broken:
        # Stable trees ship tests that never built; one that the patch changes has to.
        mine = name in tests
        yield Remark(f"the selftest {name} does not build here", patch.name, note=not mine)
    yield from _warnings(out, headers.source, patch)


def _in_tree(path: str) -> str:
    """A path as the tree names it: make stands in the selftests' folder."""
    return path if path.startswith(("tools/", "/")) else f"{SELFTESTS}{path}"


def _is_c(path: str) -> bool:
    return path.startswith(SELFTESTS) and path.endswith((".c", ".h", ".S"))


def _warnings(out: Path, source: Path, patch: Posted) -> Iterator[Remark]:
    """What the compiler warns of on lines that the patch adds."""
    log = out.with_name(f"{out.name}.log").read_text(errors="replace")
    added = {(change.path, number) for change in patch.changes.values() for number in change.added}
    for warned in compiler.read_log(log, source):
        path = _in_tree(warned.path)
        if (path, warned.line) in added:
            line = patch.line_at(path, warned.line)
            what = f"new warning: {path}:{warned.line}: {warned.text}"
            yield Remark(what, patch.name, line)
