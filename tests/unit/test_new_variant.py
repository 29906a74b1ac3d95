# SPDX-License-Identifier: GPL-2.0-only
"""The variant that docs/add-a-variant.md builds, built from that page and nothing else."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from codegen.description.load import load
from codegen.errors import FindingsError
from codegen.plan import make_plan
from codegen.render import resources
from codegen.tree.reader import FolderTree
from codegen.variants import load_variant, variant_names
from tests.minitree import minitree, written

PAGE = Path(__file__).resolve().parents[2] / "docs/add-a-variant.md"
# The page's blocks, in their order.
FILES = (
    "variant.yaml",
    "enable.j2",
    "api.j2",
    "uapi.subject.j2",
    "selftest.subject.j2",
    "uapi.message.j2",
    "selftest.message.j2",
    "selftest.j2",
)


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """gen's templates with one more folder."""
    folder = tmp_path / "templates"
    shutil.copytree(resources("templates"), folder)
    blocks = re.findall(r"^```(?:yaml|jinja)\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    assert len(blocks) == len(FILES)
    (folder / "vm-switch").mkdir()
    for name, text in zip(FILES, blocks, strict=True):
        (folder / "vm-switch" / name).write_text(text)
    return folder


def test_a_folder_of_templates_is_a_variant(templates: Path, tmp_path: Path) -> None:
    assert "vm-switch" in variant_names(templates)
    written(minitree(), tmp_path / "tree")
    knob = load(resources("abi") / "small-pages-only.yaml", "abi/small-pages-only.yaml")
    variant = load_variant(templates, "vm-switch")
    plan = make_plan(knob, variant, FolderTree(tmp_path / "tree"), templates)
    subjects = [patch.subject for patch in plan.patches]
    assert subjects[1] == "KVM: x86/mmu: Add KVM_CAP_X86_SMALL_PAGES_ONLY"
    assert subjects[2] == "KVM: selftests: Test KVM_CAP_X86_SMALL_PAGES_ONLY"
    caps = plan.files["arch/x86/kvm/x86.c"].decode()
    assert "\t\tkvm->arch.small_pages_only = true;\n\t\tr = 0;\n\t\tbreak;\n" in caps
    test = next(data for path, data in plan.files.items() if path.endswith("pages_only_test.c"))
    assert b'"arguments", test_arguments' in test
    assert b"test_on" in test


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("summary:", "sumary:", "sumary: is no key of an edit list"),
        ("section: vm-capability", "section: vm-cap", "no section 'vm-cap'.*known: hardcoded"),
        ("names: [capability]", "names: [capabiliti]", "no key 'capabiliti'.*known: capability"),
        ("needs-argument: kvm", "needs-argument: vcpu", "needs-argument.*'kvm' or 'slot'"),
        ("site: predicate,", "site: predicat,", "no site 'predicat'.*did you mean predicate"),
        ("enable-cap-case, per-arch: true", "enable-cap-case", "say `per-arch: true`"),
        ("api-vm-capability,", "api-vm-capability, per-arch: true,", "leave `per-arch` out"),
        ('with: {path: "{{ test.file }}"}, ', "", "new-file: `with:` has nothing.*takes path"),
        ("with: {prefix: KVM_CAP_}", "with: {prefiks: KVM_CAP_}", "has prefiks.*takes prefix"),
        ("names:", "  names:", "no YAML"),
    ],
)
def test_mistakes_in_an_edit_list_are_said(
    templates: Path, old: str, new: str, message: str
) -> None:
    path = templates / "vm-switch/variant.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(FindingsError) as caught:
        load_variant(templates, "vm-switch")
    findings = caught.value.findings
    assert {finding.path for finding in findings} == {"templates/vm-switch/variant.yaml"}
    assert re.search(message, " ".join(f.render() for f in findings), re.S)
