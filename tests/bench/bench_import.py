#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""How long an import takes, against its two unavoidable parts, in one run.

    python3 tests/bench/bench_import.py linux-source-6.12_*.deb [--scratch FOLDER]

Parts: `xz -dc | tar t` of the kernel's tar, and `git fast-import` of a stream that was made
before, with the options that the import uses. The aim is a ratio of at most 1.3 to their sum.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from codegen.base.progress import silent
from codegen.tree import importer
from codegen.tree.git import git_environment
from codegen.tree.store import trees_path
from codegen.tree.unpack import Package, unpacked


@contextmanager
def timed(what: str, times: dict[str, float]) -> Iterator[None]:
    """Time a block and print it."""
    start = time.perf_counter()
    yield
    times[what] = time.perf_counter() - start
    print(f"{what:32} {times[what]:7.2f} s", flush=True)


def main() -> None:
    """Measure one package."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("deb", type=Path)
    parser.add_argument("--scratch", type=Path, help="a folder with 3 GB of space")
    arguments = parser.parse_args()
    name, version, _ = arguments.deb.name.split("_")
    package = Package(arguments.deb, name, version)
    times: dict[str, float] = {}
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as folder:
        place = Path(folder)
        archive, stream = place / "kernel.tar.xz", place / "stream"
        with archive.open("wb") as out:
            fsys = ["dpkg-deb", "--fsys-tarfile", str(package.path)]
            with subprocess.Popen(fsys, stdout=subprocess.PIPE) as tar:
                subprocess.run(["tar", "-xO", package.member], stdin=tar.stdout, stdout=out)
        with stream.open("wb") as out, unpacked(package) as unpacking:
            found = importer._write_blobs(out, unpacking, silent, "")
            importer._write_commit(out, "refs/trees/bench", *found, f"{name} {version}\n")

        with timed("xz -dc | tar t", times):
            xz = subprocess.Popen(["xz", "-dc", str(archive)], stdout=subprocess.PIPE)
            subprocess.run(["tar", "t"], stdin=xz.stdout, stdout=subprocess.DEVNULL, check=True)
            xz.wait()
        bare = ["git", f"--git-dir={place / 'bare.git'}"]
        env = git_environment()
        subprocess.run([*bare, "init", "-q", "--bare"], check=True, env=env)
        with timed("git fast-import", times), stream.open("rb") as source:
            subprocess.run([*bare, *importer.FAST_IMPORT], stdin=source, check=True, env=env)
        os.environ["GEN_CACHE"] = str(place / "cache")
        with timed("import_package", times):
            importer.import_package(package, "bench", silent)
        packs = (trees_path() / "objects" / "pack").glob("*.pack")
        size = sum(path.stat().st_size for path in packs)
    parts = times["xz -dc | tar t"] + times["git fast-import"]
    print(f"ratio {times['import_package'] / parts:.2f} (aim: at most 1.3), pack {size >> 20} MB")


if __name__ == "__main__":
    main()
