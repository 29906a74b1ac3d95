# SPDX-License-Identifier: GPL-2.0-only
"""`gen check` as programs and people ask it: some checks, an explanation, formats of others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codegen.base.errors import UsageError
from codegen.check import formats
from codegen.check.mails import some
from codegen.check.registry import CHECKS, chosen, named
from codegen.check.remark import Remark
from codegen.check.run import Checked, check
from codegen.cli.main import main
from codegen.series.make import generate
from codegen.series.read import read_series
from codegen.tree import TreeLocation, resolve
from tests.minitree import minitree, written
from tests.unit.kit import committed, knob

pytestmark = pytest.mark.programs

FOUND = Checked(
    (
        Remark("50% of\nit", "0001-a,b.patch", 7, "mend it", False, "R3", "why"),
        Remark("a word", "", 0, "", True, "R14", "why"),
    ),
    ("R3", "R14"),
    1,
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> TreeLocation:
    """The small tree as a repository."""
    folder = tmp_path_factory.mktemp("command") / "linux"
    return resolve(str(committed(written(minitree(), folder))))


def test_some_checks_alone(tree: TreeLocation) -> None:
    files = dict(generate(knob(), "memslot-flag", tree).files)
    name = next(name for name in files if name.startswith("0002-"))
    files[name] = files[name].replace(b"Add memslot", b"adds memslot")
    for select, ignore, rules in (
        (["R2"], [], {"R2"}),
        (["R14", "R9"], [], {"R14"}),
        ([], ["R2", "R17", "abi", "maintainers"], {"R14"}),
    ):
        found = check(read_series(files, tree), compiler=None, checks=chosen(select, ignore))
        assert {remark.rule for remark in found.remarks} == rules
        assert set(found.checks) <= {each.name for each in chosen(select, ignore)}


def test_what_needs_a_build_is_not_built_for_others(tree: TreeLocation) -> None:
    files = generate(knob(), "quirk", tree).files
    found = check(read_series(files, tree), compiler="no-such-compiler", checks=chosen(["R1"], []))
    assert found.checks == ("R1",)


def test_a_rule_is_known_by_its_number_and_by_its_name() -> None:
    assert named("R17") is named("checkpatch")
    assert {each.name for each in chosen([], [])} == {each.name for each in CHECKS}
    with pytest.raises(UsageError, match=r"there is no check R99"):
        chosen(["R99"], [])
    with pytest.raises(UsageError, match=r"did you mean checkpatch\?"):
        chosen([], ["checkpach"])


@pytest.mark.parametrize("each", CHECKS, ids=lambda each: each.name)
def test_every_check_is_explained(each: object, capsys: pytest.CaptureFixture[str]) -> None:
    name, document = each.name, each.document  # type: ignore[attr-defined]
    assert main(["check", "--explain", name]) == 0
    told = capsys.readouterr().out
    assert document in " ".join(told.split())
    assert main(["check", "--explain", name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["check"] == name


def test_github_reads_what_it_documents() -> None:
    error, notice = formats.github(FOUND, None).splitlines()
    assert error == "::error file=0001-a%2Cb.patch,line=7,title=R3::50%25 of%0Ait%0Amend it%0Awhy"
    assert notice == "::notice title=R14::a word%0Awhy"


def test_paths_lead_to_the_series(tmp_path: Path) -> None:
    folder, mailbox = tmp_path / "series", tmp_path / "v1.mbox"
    folder.mkdir()
    mailbox.touch()
    remark = FOUND.remarks[0]
    assert formats.place(remark, folder) == f"{folder}/0001-a,b.patch"
    assert formats.place(remark, mailbox) == str(mailbox)
    assert formats.place(remark, None) == "0001-a,b.patch"


def test_sarif_has_what_its_schema_asks_for() -> None:
    made = formats.sarif(FOUND, None)
    (run,) = made["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["R3", "R14"]
    first, second = run["results"]
    assert first["ruleId"] == "R3" and first["level"] == "error"
    place = first["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "0001-a,b.patch"},
        "region": {"startLine": 7},
    }
    assert "locations" not in second and second["level"] == "note"


def test_of_many_files_some_of_each_folder_are_asked_about() -> None:
    paths = [f"virt/kvm/f{n}.c" for n in range(500)] + ["arch/x86/kvm/x86.c", "include/a.h"]
    asked = some(paths)
    assert len(asked) < 50 and {"arch/x86/kvm/x86.c", "include/a.h"} < set(asked)
    assert some(paths[-2:]) == sorted(paths[-2:])
