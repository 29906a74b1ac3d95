# SPDX-License-Identifier: GPL-2.0-only
"""The C files that a patch touches compile after each patch, with W=1 and no new warning."""

from __future__ import annotations

import re
import subprocess
from functools import cache

import pytest

from codegen.run import make
from codegen.run.build import Options, build
from codegen.run.checkout import sync
from codegen.tree.cache import cache_dir
from tests.boot.conftest import applied, bench

from .conftest import CELLS, location

pytestmark = pytest.mark.kernel

RELEASES = ("6.12", "6.1")
CELLS_HERE = [cell for cell in CELLS if cell[2] in RELEASES]
# where a C file's object is made: virt/kvm is built from the architecture's folder
_GENERIC = "arch/x86/kvm/../../../"


def objects(paths: list[str]) -> list[str]:
    """The objects of the C files among some paths."""
    found = [path[:-2] + ".o" for path in paths if re.match(r"(arch/x86|virt)/kvm/.*\.c$", path)]
    return sorted(_GENERIC + path if path.startswith("virt/") else path for path in found)


@cache
def warnings(release: str, commit: str, wanted: tuple[str, ...]) -> frozenset[str]:
    """What gcc says of some objects of a commit with W=1; they must compile."""
    folder = cache_dir() / "bench" / release
    source = sync(folder / "series.git", commit, folder / "source").path
    out = folder / "w1"
    ccache = cache_dir() / "bench/ccache"
    if not (out / "vmlinux").exists():
        build(source, out, None, Options(ccache=ccache))
    # what the small configuration leaves out (SEV) cannot be compiled by itself
    wanted = tuple(path for path in wanted if (out / path).exists())
    if not wanted:
        return frozenset()
    command = ["make", "-C", str(source), f"O={out}", "ARCH=x86_64", "-j2", "W=1"]
    command += [f"CC={make.compiler_command('gcc', ccache)}", "KCFLAGS=-Wno-error", *wanted]
    done = subprocess.run(
        command, env=make.environment(ccache), capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    said = re.findall(r"^\S+?([^/\s]+\.[ch]):\d+:\d+: warning: (.*)$", done.stderr, re.M)
    return frozenset(f"{file}: {text}" for file, text in said)


@pytest.mark.parametrize("cell", CELLS_HERE, ids="-".join)
def test_every_patch_compiles_without_new_warnings(cell: tuple[str, str, str]) -> None:
    knob, variant, release = cell
    series, commits = applied(knob, variant, release)
    bench(release)
    base = location(release).commit
    assert base is not None
    for patch, commit in zip(series.plan.patches, commits, strict=True):
        wanted = tuple(objects(list(patch.files)))
        if wanted:
            new = warnings(release, commit, wanted) - warnings(release, base, wanted)
            assert not new, "\n".join(sorted(new))
