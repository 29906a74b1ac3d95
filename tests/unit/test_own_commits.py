# SPDX-License-Identifier: GPL-2.0-only
"""A developer's branch with a mechanism becomes two branches, each with a uAPI for it."""

from __future__ import annotations

from pathlib import Path

from codegen.cli.main import main
from tests.unit.kit import BASE, git, knob_text


def test_a_branch_becomes_a_branch_for_each_uapi(repository: Path, tmp_path: Path) -> None:
    knob = tmp_path / "knob.yaml"

    def branch(variant: str, name: str) -> None:
        asked = ["--variant", variant, "--abi", str(knob), "--tree", f"{repository}@base"]
        assert main(["apply", *asked, "--branch", name]) == 0

    def log(branch: str) -> list[str]:
        return git(repository, "log", "--format=%an: %s", f"base..{branch}").splitlines()

    # The mechanism that somebody has written: what gen would write, in their words.
    git(repository, "branch", "base")
    knob.write_text(knob_text())
    branch("quirk", "written")
    mechanism = git(repository, "rev-parse", "written~2").strip()
    said = ["commit-tree", f"{mechanism}^{{tree}}", "-p", "base", "-m", "KVM: Map less, as I do"]
    mine = git(repository, *said).strip()

    asked = {key: BASE["predicate"][key] for key in ("name", "args")}
    knob.write_text(knob_text(mechanism={"commits": [mine]}, predicate=asked))
    branch("memslot-flag", "flag")
    branch("vm-capability", "capability")
    for each in ("flag", "capability"):
        *_, first = log(each)
        assert first == "Ada: KVM: Map less, as I do"
    assert len(log("flag")) == len(log("capability")) == 3
    assert git(repository, "rev-parse", "flag~2") == git(repository, "rev-parse", "capability~2")
