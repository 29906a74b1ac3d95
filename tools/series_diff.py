#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Whether two commits of gen make the same bytes: every shipped series, on every tree named.

    tools/series_diff.py BEFORE [AFTER] [--tree TREE]... [--abi NAME|FILE]...

AFTER is the working tree where it is left out.  Prints a unified diff of what differs and a line
for each knob and tree.  Exit status: 0 the same, 1 they differ, 2 it could not be asked.

Debian's trees change with each point release, so equality on them is this run of both, not files
that are kept; pin a release (`debian:6.12=VERSION`) to ask for that one.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
_TREES = ("debian:6.1", "debian:6.12")


@dataclass(frozen=True)
class Answer:
    """What one commit makes of a knob on a tree: files by name, and what it said of the rest."""

    files: dict[str, bytes]
    words: str


def main() -> int:
    """Compare; returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("before", help="a commit of this repository")
    parser.add_argument("after", nargs="?", help="another; default: the working tree")
    parser.add_argument("--tree", action="append", help=f"default: {' and '.join(_TREES)}")
    parser.add_argument("--abi", action="append", help="default: all of abi/, as BEFORE has it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="series-diff-") as scratch:
        folders = [_checkout(options.before, Path(scratch) / "before")]
        folders += [_checkout(options.after, Path(scratch) / "after") if options.after else HERE]
        knobs = options.abi or sorted(path.stem for path in (folders[0] / "abi").glob("*.yaml"))
        differing = 0
        for tree, knob in product(options.tree or _TREES, knobs):
            with ThreadPoolExecutor(2) as pool:
                before, after = pool.map(partial(_made, knob=knob, tree=tree), folders)
            lines = list(_difference(before, after))
            sys.stdout.writelines(lines)
            verdict = "differs" if lines else "same"
            print(f"{verdict:8} {knob} on {tree}: {len(before.files)} files", flush=True)
            differing += bool(lines)
    return 1 if differing else 0


def _checkout(commit: str, folder: Path) -> Path:
    """The files of a commit, without touching the repository's work trees."""
    folder.mkdir()
    archive = subprocess.run(
        ["git", "-C", HERE, "archive", "--format=tar", commit, "--"], stdout=subprocess.PIPE
    )
    if archive.returncode:
        sys.exit(2)
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    return folder


def _made(folder: Path, knob: str, tree: str) -> Answer:
    with tempfile.TemporaryDirectory(prefix="series-diff-") as out:
        done = subprocess.run(
            [sys.executable, "-m", "codegen", "--variant", "all", "--abi", knob]
            + ["--tree", tree, "--out", out],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder), "PYTHONSAFEPATH": ""},
            capture_output=True,
            text=True,
        )
        if done.returncode not in (0, 1):
            sys.stderr.write(done.stderr)
            raise SystemExit(2)
        found = {
            str(path.relative_to(out)): path.read_bytes()
            for path in sorted(Path(out).rglob("*"))
            if path.is_file()
        }
        # what could not be made is an answer as well; the folder's name and layout are not
        refusals = [
            re.sub(r"\s+", " ", line).replace(out, "OUT").strip()
            for line in done.stderr.splitlines()
        ]
        return Answer(found, "".join(f"{line}\n" for line in refusals))


def _difference(before: Answer, after: Answer) -> Iterator[str]:
    texts = [(answer.files | {"(answers)": answer.words.encode()}) for answer in (before, after)]
    for name in sorted(texts[0].keys() | texts[1].keys()):
        old, new = (
            text.get(name, b"").decode("utf-8", "replace").splitlines(keepends=True)
            for text in texts
        )
        yield from difflib.unified_diff(old, new, f"before/{name}", f"after/{name}")


if __name__ == "__main__":
    sys.exit(main())
