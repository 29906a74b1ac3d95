# SPDX-License-Identifier: GPL-2.0-only
"""A knob that needs another one: what the tree lacks comes first in one series."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from codegen.base.errors import FindingsError
from codegen.base.findings import NotHere
from codegen.description.load import Description, load
from codegen.plan.templates import Renderer
from codegen.run.handwritten import without_own
from codegen.run.mutants import AskedPredicate, mutants_of
from codegen.series.make import cover_sees
from codegen.tree.changed import Changed
from tests.golden.test_kinds import KNOBS_FOLDER
from tests.minitree import KVM_MAIN, UAPI, Files, edited
from tests.minitree.capabilities import capabilities
from tests.minitree.uapi import uapi
from tests.unit import kit

TREE = (uapi, capabilities)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The two descriptions, to be changed."""
    for name in ("map-ahead", "write-ahead"):
        (tmp_path / f"{name}.yaml").write_text((KNOBS_FOLDER / f"{name}.yaml").read_text())
    return tmp_path


def changed(folder: Path, name: str, *pairs: tuple[str, str]) -> None:
    path = folder / f"{name}.yaml"
    text = path.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)


def loaded(folder: Path = KNOBS_FOLDER) -> Description:
    return load(folder / "write-ahead.yaml", "write-ahead.yaml")


def behind_the_first(files: Files) -> None:
    """The tree with the ioctl in it."""
    first = kit.plan(load(KNOBS_FOLDER / "map-ahead.yaml", "map-ahead.yaml"), "new-ioctl", *TREE)
    files.update(first.files)


def test_what_the_tree_lacks_comes_first() -> None:
    made = kit.plan(loaded(), "ioctl-flag", *TREE)
    parts = ["mechanism", "uapi", "selftest"]
    assert [patch.part for patch in made.patches] == parts * 2
    assert [part.description.knob.name for part in made.parts] == ["map-ahead", "write-ahead"]
    names = {name for name in made.named_numbers if name.startswith("KVM_CAP_")}
    assert names == {"KVM_CAP_MAP_AHEAD", "KVM_CAP_MAP_AHEAD_WRITE"}
    capabilities = [int(made.named_numbers[name]) for name in sorted(names)]
    assert capabilities[1] == capabilities[0] + 1


def test_what_the_tree_has_is_not_brought() -> None:
    made = kit.plan(loaded(), "ioctl-flag", *TREE, behind_the_first)
    assert [patch.part for patch in made.patches] == ["mechanism", "uapi", "selftest"]
    whole = kit.plan(loaded(), "ioctl-flag", *TREE)
    assert made.files.items() <= whole.files.items()


def test_a_tree_that_has_a_part_of_it_is_refused_with_the_reason() -> None:
    part = edited(UAPI, ("#define KVM_CAP_", "#define KVM_CAP_MAP_AHEAD 77\n#define KVM_CAP_"))
    with pytest.raises(NotHere, match=r"needs map-ahead as new-ioctl: KVM_CAP_MAP_AHEAD is there"):
        kit.plan(loaded(), "ioctl-flag", *TREE, part)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("write-ahead", "abi: map-ahead.yaml", "abi: lost.yaml", "lost.yaml: No such file"),
        ("write-ahead", "abi: map-ahead.yaml", "abi: x/../../up.yaml", "outside of the descr"),
        ("write-ahead", "abi: map-ahead.yaml", "abi: write-ahead.yaml", "needs this one"),
        ("map-ahead", "mechanism:", "needs: [{abi: write-ahead.yaml, as: x}]\nmechanism:", "this one"),
        ("map-ahead", "topic: x86/mmu", "topic: x87", "x87"),
    ],
)  # fmt: skip
def test_descriptions_that_cannot_be_read(
    folder: Path, name: str, old: str, new: str, said: str
) -> None:
    changed(folder, name, (old, new))
    with pytest.raises(FindingsError, match=said):
        loaded(folder)


def given_as_patches(folder: Path, name: str) -> None:
    """The mechanism is a patch of the developer's."""
    path = folder / f"{name}.yaml"
    said = yaml.safe_load(path.read_text())
    del said["mechanism"]["alternatives"]
    said["mechanism"]["patches"] = ["a.patch"]
    path.write_text(yaml.safe_dump(said, sort_keys=False))


def test_own_patches_cannot_be_brought(folder: Path) -> None:
    given_as_patches(folder, "map-ahead")
    with pytest.raises(FindingsError, match="own patches of a knob that another one needs"):
        kit.plan(loaded(folder), "ioctl-flag", *TREE)


def test_a_variant_that_is_not_described_cannot_be_brought(folder: Path) -> None:
    changed(folder, "write-ahead", ("as: new-ioctl", "as: quirk"))
    with pytest.raises(NotHere, match="does not describe the variant quirk"):
        kit.plan(loaded(folder), "ioctl-flag", *TREE)


def test_a_variant_that_there_is_not_is_told_with_its_place(folder: Path) -> None:
    changed(folder, "write-ahead", ("as: new-ioctl", "as: new-iocti"))
    with pytest.raises(FindingsError, match=r"no variant 'new-iocti'.*new-ioctl") as problem:
        kit.plan(loaded(folder), "ioctl-flag", *TREE)
    (finding,) = problem.value.findings
    line = loaded(folder).text.split("\n")[finding.line - 1]
    assert "as: new-iocti" in line


def test_the_files_of_a_description_are_those_of_all(folder: Path) -> None:
    given_as_patches(folder, "map-ahead")
    (folder / "more").mkdir()
    (folder / "map-ahead.yaml").rename(folder / "more/map-ahead.yaml")
    changed(folder, "write-ahead", ("abi: map-ahead", "abi: more/map-ahead"))
    (folder / "more/a.patch").write_bytes(b"patch")
    found = loaded(folder).files("here.yaml")
    assert list(found) == ["here.yaml", "more/map-ahead.yaml", "more/a.patch"]
    assert found["more/a.patch"] == b"patch"


def test_the_cover_letter_tells_what_comes_first() -> None:
    made = kit.plan(loaded(), "ioctl-flag", *TREE)
    text = Renderer(kit.TEMPLATES, cover_sees(made)).render(
        "common/cover",
        numbers=made.named_numbers,
        tool="gen",
        source="x.yaml",
        digest="0",
        tree_name="t",
        tree_version="",
        command="gen",
        tested="no.",
    )
    assert "Patches 1 to 3 add KVM_MAP_AHEAD and KVM_CAP_MAP_AHEAD first" in text
    assert text.count("#include <linux/kvm.h>") == 1
    assert "\n\n\n" not in text


def test_generic_code_is_for_all_architectures() -> None:
    """tdp_enabled is x86's own; another architecture that selects the symbol has no such name."""
    names = [
        patch.files.get(KVM_MAIN, b"") for patch in kit.plan(loaded(), "ioctl-flag", *TREE).patches
    ]
    assert not any(b"tdp_enabled" in (data or b"") for data in names)


OLD = b"a\nb\nc\n"


@pytest.mark.parametrize(
    ("steps", "kept"),
    [
        ([(b"a\nx\nb\nc\n", True)], OLD),
        ([(b"a\nX\nc\n", True)], OLD),
        ([(b"a\nc\n", True)], OLD),
        ([(b"a\nb\n", True)], OLD),
        ([(b"a\nm\nb\nc\n", False)], b"a\nm\nb\nc\n"),
        ([(b"a\nx\nb\nc\n", True), (b"a\nx\nb\nm\nc\n", False)], b"a\nb\nm\nc\n"),
        ([(b"a\nX\nc\n", True), (b"a\nX\nm\nc\n", False), (b"a\nX\nm\ny\nc\n", True)], b"a\nb\nm\nc\n"),
        ([(b"a\nx\nb\nc\n", True), (b"a\nm\nb\nc\n", False)], b"a\nm\nb\nc\n"),
    ],
)  # fmt: skip
def test_a_file_without_what_gen_wrote(steps: list[tuple[bytes, bool]], kept: bytes) -> None:
    before, changes = OLD, []
    for after, own in steps:
        changes.append((Changed("x.c", before, after), own))
        before = after
    assert without_own(changes) == kept


def test_each_predicate_is_asked_in_vain() -> None:
    after = b"int f(void)\n{\n\tif (one() && two())\n\t\treturn 1;\n\treturn 0;\n}\n"
    asked = [AskedPredicate(name, "false", "bool") for name in ("one", "two")]
    found = {mutant.what for mutant in mutants_of("x.c", after, after, asked)}
    assert found == {"`one()` is always false", "`two()` is always false"}


def test_generic_code_makes_a_generic_topic() -> None:
    made = kit.plan(loaded(), "ioctl-flag", *TREE)
    topics = [patch.subject.split(":")[1] for patch in made.patches]
    mine = [" x86/mmu", " Add KVM_MAP_AHEAD", " selftests"]
    assert topics == [*mine, " x86/mmu", " Add KVM_MAP_AHEAD_WRITE", " selftests"]
