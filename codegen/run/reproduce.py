# SPDX-License-Identifier: GPL-2.0-only
"""A script beside each result that builds by hand what gen built, with git and make alone."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

from codegen.run import config
from codegen.run.build import Options
from codegen.run.selftests import told
from codegen.series.commit import Commits
from codegen.tree.plumbing import git

_SCRIPT = """\
#!/bin/sh
# Builds the kernel and the KVM selftests of this series by hand.
# usage: reproduce.sh [REPOSITORY [FOLDER]]
#   REPOSITORY has commit {base} ({tree})
#   FOLDER     is new and gets the source and all that is built
set -eu
here=$(dirname -- "$(realpath -- "$0")")
repository=${{1:-{repository}}}
out=$(realpath -m -- "${{2:-$here/again}}")
mkdir -p "$out"

git clone -q --shared --no-checkout "$repository" "$out/source"
git -C "$out/source" checkout -q --detach {base}
git -C "$out/source" -c user.name=gen -c user.email=gen@localhost am -q "$here"/patches/*.patch

kernel() {{
	make -C "$out/source" O="$out/kernel" {make} CC={compiler} "$@"
}}
kernel -s tinyconfig
cat "$here/config" >>"$out/kernel/.config"
kernel -s olddefconfig
kernel -j"$(nproc)" {goals}
make -j"$(nproc)" -C "$out/source/tools/testing/selftests/kvm" OUTPUT="$out/selftests" \\
	{selftests} CC={compiler} KHDR_INCLUDES="-isystem $out/kernel/usr/include" \\
	INSTALL_HDR_PATH="$out/kernel/usr" USERLDFLAGS="-static -Wl,-S"
"""
_BOOTS = """
# The boots that gen did; what each said lies beside its script:
{boots}
"""


def write_reproducer(
    folder: Path, tree: str, commits: Commits, options: Options, boots: Sequence[Path] = ()
) -> Path:
    """Write `reproduce.sh`, the patches and the configuration it needs; returns the script.

    `tree` is the name of the one that the series is for; `boots` are scripts of boots that were
    done, which it names.
    """
    base, git_dir = commits.base, commits.git_dir
    patches = folder / "patches"
    shutil.rmtree(patches, ignore_errors=True)
    wanted = f"{base}..{commits.tip}"
    git(git_dir, "format-patch", "-q", "--no-signature", f"-o{patches}", wanted)
    wants = config.parse_fragment(options.config.read_text())
    (folder / "config").write_text(config.render_fragment(wants))
    arch, tools = options.arch, options.toolchain
    out = "$out/selftests"
    text = _SCRIPT.format(
        base=base,
        tree=tree,
        repository=shlex.quote(str(git_dir)),
        make=shlex.join([f"ARCH={arch.kernel.arch}", *tools.make]),
        goals=shlex.join(options.goals),
        selftests=" ".join(f'"{word}"' if out in word else word for word in told(arch, tools, out)),
        compiler=shlex.quote(tools.command),
    )
    if boots:
        listed = "\n".join(f"#   {path.relative_to(folder)}" for path in boots)
        text += _BOOTS.format(boots=listed)
    script = folder / "reproduce.sh"
    script.write_text(text)
    script.chmod(0o755)
    return script
