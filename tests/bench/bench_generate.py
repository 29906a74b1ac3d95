# SPDX-License-Identifier: GPL-2.0-only
"""How long gen takes beside spatch, which users would run instead: ratios, from one run.

    python tests/bench/bench_generate.py [RELEASE]

spatch makes the same insertions into the same C files; what it cannot parse (a `case` before
`default:`) it is spared, and documentation, Kconfig and selftests as well.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from codegen.series.make import open_tree
from codegen.tree import resolve

ROUNDS = 5
# One rule for each edit of C that `zap-leafs-only` as `memslot-flag` makes.
RULES = {
    "arch/x86/kvm/mmu/mmu.c": """
@@ @@
 void kvm_arch_flush_shadow_memslot(struct kvm *kvm, struct kvm_memory_slot *slot)
 {
 ...
+	if (kvm_zap_leafs_only(kvm, slot))
+		zap_all = false;
 write_lock(&kvm->mmu_lock);
 ...
 }
""",
    "virt/kvm/kvm_main.c": """
@@ identifier valid; @@
 check_memory_region_flags(...)
 {
 ...
+	if (IS_ENABLED(CONFIG_HAVE_KVM_MEMSLOT_ZAP_LEAFS_ONLY))
+		valid_flags |= KVM_MEM_ZAP_LEAFS_ONLY;
 if (mem->flags & ~valid_flags)
 	return -EINVAL;
 ...
 }

@@ expression a, b; @@
 (a->flags ^ b->flags) &
- (KVM_MEM_READONLY | KVM_MEM_GUEST_MEMFD)
+ (KVM_MEM_READONLY | KVM_MEM_GUEST_MEMFD | KVM_MEM_ZAP_LEAFS_ONLY)
""",
    "arch/x86/kvm/x86.c": """
@@ @@
 int kvm_arch_prepare_memory_region(...)
 {
+	if (change == KVM_MR_CREATE && (new->flags & KVM_MEM_ZAP_LEAFS_ONLY) && !tdp_enabled)
+		return -EINVAL;
 ...
 }
""",
}


def seconds(command: Sequence[str], **more: str) -> float:
    """The wall time of a command, the best of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.monotonic()
        subprocess.run(
            command, check=True, env={**os.environ, **more}, capture_output=True, cwd="/"
        )
        best = min(best, time.monotonic() - start)
    return best


def spatch_seconds(release: str, folder: Path) -> float:
    """All rules by spatch, a process for each file, as one would run it by hand."""
    commands = []
    with open_tree(resolve(f"debian:{release}")) as tree:
        for number, (path, rule) in enumerate(RULES.items()):
            source = folder / Path(path).name
            source.write_bytes(tree.read(path))
            cocci = folder / f"{number}.cocci"
            cocci.write_text(rule.lstrip())
            commands.append(["spatch", "--very-quiet", "--sp-file", str(cocci), str(source)])
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert "+" in done.stdout, f"spatch changed nothing: {command}"
    return sum(seconds(command) for command in commands)


def main() -> None:
    """Print the table."""
    release = sys.argv[1] if len(sys.argv) > 1 else "6.12"
    if not shutil.which("spatch"):
        sys.exit("bench_generate: spatch is missing: apt-get install coccinelle")
    root = str(Path(__file__).resolve().parents[2])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        gen = [
            sys.executable,
            "-m",
            "codegen",
            "--tree",
            f"debian:{release}",
            "--out",
            str(folder / "out"),
        ]
        one = seconds([*gen, "--variant", "memslot-flag"], PYTHONPATH=root)
        every = seconds([*gen, "--variant", "all"], PYTHONPATH=root)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        rules = spatch_seconds(release, folder)
    print(f"spatch, the C edits of memslot-flag    {rules:6.2f} s")
    print(f"gen --variant memslot-flag             {one:6.2f} s   {one / rules:.2f} of spatch")
    print(f"gen --variant all                      {every:6.2f} s   {every / one:.2f} of one")
    print(f"gen, memory                            {peak:6.0f} MB")


if __name__ == "__main__":
    main()
