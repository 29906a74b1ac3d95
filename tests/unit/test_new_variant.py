# SPDX-License-Identifier: GPL-2.0-only
"""The kind that docs/add-a-variant.md builds, built from that page and nothing else."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from codegen.base.errors import FindingsError
from codegen.base.resources import resources
from codegen.plan.variants import load_variant, variant_names
from tests.minitree import minitree, written
from tests.unit.kit import BASE, committed

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/add-a-variant.md"
# The page's blocks, in their order.
FILES = (
    "variant.yaml",
    "field.j2",
    "enable.j2",
    "api.j2",
    "uapi.subject.j2",
    "selftest.subject.j2",
    "uapi.message.j2",
    "selftest.message.j2",
    "selftest.j2",
)
SECTION = {
    "why": "It is but a switch.",
    "capability": "KVM_CAP_X86_SMALL_MAPS",
    "field": "small_maps",
    "condition": ["nowhere_known", "tdp_enabled"],
}


def added(folder: Path) -> Path:
    """gen's templates with one more folder."""
    shutil.copytree(resources("templates"), folder)
    blocks = re.findall(r"^```(?:yaml|jinja)\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    assert len(blocks) == len(FILES)
    (folder / "vm-switch").mkdir()
    for name, text in zip(FILES, blocks, strict=True):
        (folder / "vm-switch" / name).write_text(text)
    return folder


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """The folder of the page among those that are there."""
    return added(tmp_path / "templates")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """gen as it is, with one folder more."""
    root = tmp_path_factory.mktemp("gen")
    added(root / "templates")
    for name in ("codegen", "abi"):
        shutil.copytree(ROOT / name, root / name)
    return root


def gen(copy: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The copy's own gen."""
    return subprocess.run(
        [sys.executable, "-m", "codegen", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(copy), "GEN_CACHE": str(folder / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )


def described(folder: Path, **changes: object) -> str:
    """A description with the new section and no other."""
    said = {**BASE, "vm-switch": {**SECTION, **changes}}
    path = folder / "knob.yaml"
    path.write_text(yaml.safe_dump(said, sort_keys=False))
    return str(path)


def test_a_folder_is_a_kind_with_a_section_of_its_own(copy: Path, tmp_path: Path) -> None:
    knob = described(tmp_path)
    tree = str(committed(written(minitree(), tmp_path / "linux")))
    done = gen(copy, tmp_path, "--variant", "vm-switch", "--abi", knob, "--tree", tree)
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "patches").glob("*/small-maps/vm-switch")
    subjects = [
        line
        for path in sorted(folder.glob("000[1-9]*"))
        for line in path.read_text().splitlines()
        if line.startswith("Subject: ")
    ]
    assert subjects[1:] == [
        "Subject: [PATCH 2/3] KVM: x86: Add KVM_CAP_X86_SMALL_MAPS",
        "Subject: [PATCH 3/3] KVM: selftests: Test KVM_CAP_X86_SMALL_MAPS",
    ]
    uapi, test = sorted(folder.glob("000[23]*"))
    assert (
        "+\t\tif (!tdp_enabled)\n+\t\t\tbreak;\n+\n+\t\tkvm->arch.small_maps = true;\n"
        in uapi.read_text()
    )
    assert "+\tbool small_maps;\n" in uapi.read_text()
    assert '"arguments", test_arguments' in test.read_text()
    assert "test_on" in test.read_text()


def test_mistakes_in_the_section_are_told(copy: Path, tmp_path: Path) -> None:
    knob = described(tmp_path, field="Small", switch=True, capability="KVM_CAPSIZED")
    done = gen(copy, tmp_path, "lint", knob)
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert "`capability`" in said and "such as KVM_CAP_X86_ZAP_LEAFS_ONLY" in said
    assert "`field`" in said and "such as kvm_zap_leafs_only" in said
    assert "known here: why, adds, corrects, capability, field, condition" in said
    assert '"vm-switch"' in gen(copy, tmp_path, "schema").stdout


def test_a_folder_is_a_variant(templates: Path) -> None:
    assert "vm-switch" in variant_names(templates)
    assert load_variant(templates, "vm-switch").section == "vm-switch"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("summary:", "sumary:", "sumary: is no key of an edit list"),
        (
            re.compile("section:.*(?=^call)", re.M | re.S),
            "section: vm-cap\n",
            "no section 'vm-cap'.*known: .*hardcoded",
        ),
        ("type: identifier", "type: identifer", "no type 'identifer'; there are: symbol, bool"),
        ("  field: {", "  Field: {", "'Field' is no key, such as `by-default`"),
        (
            "names: [capability]",
            "names: [capabiliti]",
            "no key 'capabiliti'.*known: adds, capability",
        ),
        (
            "use: common/selftest",
            "use: common/selftests",
            "no list 'common/selftests'.*known: common/selftest",
        ),
        ("site: predicate,", "site: predicat,", "no site 'predicat'.*did you mean predicate"),
        ("enable-cap-case, per-arch: true", "enable-cap-case", "say `per-arch: true`"),
        ("api-vm-capability,", "api-vm-capability, per-arch: true,", "leave `per-arch` out"),
        (
            "{site: uapi-constant, with: {prefix: KVM_CAP_}",
            "{site: uapi-constant",
            "uapi-constant: `with:` has nothing.*takes prefix",
        ),
        ("with: {prefix: KVM_CAP_}", "with: {prefiks: KVM_CAP_}", "has prefiks.*takes prefix"),
        ("names:", "  names:", "no YAML"),
        ("patches:", "patched:", "patched: is no key of an edit list"),
    ],
)
def test_mistakes_in_an_edit_list_are_said(
    templates: Path, old: str | re.Pattern[str], new: str, message: str
) -> None:
    path = templates / "vm-switch/variant.yaml"
    text, count = re.subn(
        old if isinstance(old, re.Pattern) else re.escape(old), new, path.read_text(), count=1
    )
    assert count
    path.write_text(text)
    with pytest.raises(FindingsError) as caught:
        load_variant(templates, "vm-switch")
    findings = caught.value.findings
    assert {finding.path for finding in findings} == {"templates/vm-switch/variant.yaml"}
    assert re.search(message, " ".join(f.render() for f in findings), re.S)
