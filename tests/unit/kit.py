# SPDX-License-Identifier: GPL-2.0-only
"""Knobs and plans for the small tree, as short as tests want to write them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

from codegen.base.resources import resources
from codegen.description.load import Description, load, parse
from codegen.kernel.survey import Survey
from codegen.plan.context import Reserved
from codegen.plan.needed import make_whole_plan
from codegen.plan.plan import Plan
from codegen.plan.variants import load_variant, variant_names
from tests.minitree import (
    SELFTESTS,
    Change,
    Files,
    MemoryTree,
    checked,
    compiled,
    minitree,
)

VARIANTS = ("hardcoded", "memslot-flag", "quirk", "vm-capability", "vm-type")
ALL_VARIANTS = variant_names(resources("templates"))
SHIPPED = ("apic-bus-cycles-ns", "exit-on-missing", "small-pages-only", "zap-leafs-only")
TEMPLATES = resources("templates")
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

_CODE = """\
static void guest_code(void)
{
	GUEST_DONE();
}

static bool observe(struct kvm_vm *vm, struct kvm_vcpu *vcpu, uint32_t flags)
{
	vcpu_run(vcpu);

	return vm_get_stat(vm, "pages_4k") > flags;
}
"""

BASE: dict[str, Any] = {
    "name": "small-maps",
    "title": "Let userspace ask for small mappings",
    "topic": "x86/mmu",
    "may": "use small mappings only",
    "contract": "permit",
    "otherwise": "KVM uses huge mappings",
    "background": "Huge mappings have to be split when memory is tracked.",
    "predicate": {
        "name": "kvm_small_maps",
        "args": "struct kvm *kvm, const struct kvm_memory_slot *slot",
        "before": ["kvm_mmu_max_mapping_level"],
    },
    "mechanism": {
        "subject": "Use small mappings if that is asked for",
        "why": "Stop at 4KiB if kvm_small_maps() says so.",
        "alternatives": [
            {
                "tree": "picks the level in kvm_mmu_max_mapping_level()",
                "edits": [
                    {
                        "in": "kvm_mmu_max_mapping_level",
                        "before": "max_level = min(max_level, max_huge_page_level);",
                        "put": "if (kvm_small_maps(kvm, slot))\n\treturn PG_LEVEL_4K;\n",
                    }
                ],
            }
        ],
    },
    "test": {"name": "small_maps_test", "code": _CODE},
}

WHY = "Whoever asks for it knows best."
FLAG: dict[str, Any] = {
    "why": WHY,
    "flag": "KVM_MEM_SMALL_MAPS",
    "capability": "KVM_CAP_MEMSLOT_SMALL_MAPS",
    "config": "HAVE_KVM_MEMSLOT_SMALL_MAPS",
    "v1": True,
}
CAPABILITY: dict[str, Any] = {
    "why": WHY,
    "capability": "KVM_CAP_X86_SMALL_MAPS",
    "field": {"type": "bool", "name": "small_maps"},
}
QUIRK = {"why": WHY, "name": "KVM_X86_QUIRK_HUGE_MAPS", "by-default": "KVM uses huge mappings"}
VM_TYPE = {"why": WHY, "name": "KVM_X86_SMALL_MAPS_VM"}
HARDCODED = {"expression": ["kvm->created_vcpus > 8"], "why": "That many need them."}
SECTIONS: dict[str, Any] = {
    "memslot-flag": FLAG,
    "vm-capability": CAPABILITY,
    "quirk": QUIRK,
    "vm-type": VM_TYPE,
    "hardcoded": HARDCODED,
}


def knob_text(variant: str | None = None, section: Mapping[str, Any] = {}, **more: Any) -> str:
    """A description with one variant, or all, its section and the knob's other keys changed."""
    said = {**BASE, **SECTIONS}
    if variant is not None:
        own = {**SECTIONS.get(variant, {}), **section}
        said = {**BASE, variant: {key: value for key, value in own.items() if value is not None}}
    said.update({key.replace("_", "-"): value for key, value in more.items()})
    said = {key: value for key, value in said.items() if value is not None}
    return str(yaml.dump(said, Dumper=_DUMPER, sort_keys=False, width=1000))


def knob(variant: str | None = None, section: Mapping[str, Any] = {}, **more: Any) -> Description:
    """The same, loaded."""
    return _parsed(knob_text(variant, section, **more))


@lru_cache(maxsize=256)
def _parsed(text: str) -> Description:
    return parse(text.encode(), "small-maps.yaml")


@cache
def shipped(name: str) -> Description:
    """A description of abi/."""
    return load(resources("abi") / f"{name}.yaml", f"abi/{name}.yaml")


def tree(*changes: Change) -> MemoryTree:
    """The small tree, changed."""
    return MemoryTree(minitree(*changes))


def survey(*changes: Change, archs: tuple[str, ...] = ("x86",)) -> Survey:
    """Questions to the small tree, changed."""
    return Survey(tree(*changes), archs)


# With what an id stands for, so that it goes on standing for it.
_planned: dict[tuple[Any, ...], tuple[Description, Reserved | None, Plan]] = {}
_MOST_PLANNED = 200


def plan(
    description: Description, variant: str, *changes: Change, reserved: Reserved | None = None
) -> Plan:
    """A plan on the small tree, changed.  What was planned lately is not planned again."""
    key = (id(description), variant, changes, id(reserved))
    if key not in _planned:
        asked = load_variant(TEMPLATES, variant)
        made = make_whole_plan(description, asked, tree(*changes), TEMPLATES, reserved)
        while len(_planned) >= _MOST_PLANNED:
            del _planned[next(iter(_planned))]
        _planned[key] = description, reserved, made
    return _planned[key][-1]


def complaints(made: Plan, folder: Path, *changes: Change, quick: bool = True) -> str:
    """What a compiler says of the tree behind each patch of a plan: nothing, if all is well.

    A patch that changes a header has all of the kernel's C looked at.
    """
    files: Files = minitree(*changes)
    said = ""
    for patch in made.patches:
        files.update(patch.files)
        paths = set(patch.files)
        if any(path.endswith(".h") for path in paths):
            paths |= {path for path in files if not path.startswith(SELFTESTS)}
        said += (checked if quick else compiled)(files, folder, paths)
    return said


def diff(made: Plan, *changes: Change) -> str:
    """The plan as one text to look at: every changed file, as `diff -u` shows it."""
    import difflib

    files = minitree(*changes)
    lines: list[str] = []
    for patch in made.patches:
        lines += [f"### {patch.subject}\n", patch.message]
        for path, data in sorted(patch.files.items()):
            before = files.get(path, b"").decode("utf-8", "replace").splitlines(keepends=True)
            after = data.decode("utf-8", "replace").splitlines(keepends=True)
            lines += difflib.unified_diff(before, after, path, path)
            files[path] = data
    return "".join(lines)


def after(made: Plan, path: str) -> str:
    """A file as it is behind the last patch."""
    return made.files[path].decode("utf-8", "surrogateescape")


def git(folder: Path, *arguments: str, **more: str) -> str:
    """The output of git, which must succeed; nobody's configuration counts."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder.parent),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_DATE": "1700000000 +0000",
        "GIT_COMMITTER_DATE": "1700000000 +0000",
    }
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    done = subprocess.run(
        ["git", *identity, "-C", str(folder), *arguments],
        env={**environment, **more},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode("utf-8", "surrogateescape").strip()


def committed(folder: Path) -> Path:
    """A folder as a repository with one commit, always the same."""
    git(folder, "init", "-q", "-b", "main", "--template=")
    git(folder, "add", "-f", "-A")
    git(folder, "commit", "-q", "-m", "A small tree")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }
