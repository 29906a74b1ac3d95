# SPDX-License-Identifier: GPL-2.0-only
"""The fragment, and the ways in which a tree may not take it."""

from pathlib import Path

import pytest

from codegen.architectures import ARCHITECTURES
from codegen.run.config import (
    Unmet,
    Want,
    kconfig_symbols,
    parse_config,
    parse_fragment,
    render_fragment,
    unmet,
)
from tests.run.test_architectures import RECORDS

KVM = Want("KVM", "y", effect="KVM")
INTEL, AMD = (Want(f"KVM_{name}", "y", effect="a vendor") for name in ("INTEL", "AMD"))
SMM = Want("KVM_SMM", "y", optional=True)
PCI = Want("PCI", "n")
WANTS = (KVM, INTEL, AMD, SMM, PCI)
TEXT = """\
# a comment

CONFIG_KVM=y # for: KVM
CONFIG_KVM_INTEL=y # for: a vendor
CONFIG_KVM_AMD=y # for: a vendor
CONFIG_KVM_SMM=y # optional
# CONFIG_PCI is not set
"""
FRAGMENTS = [
    fragment
    for each in ARCHITECTURES.values()
    for has, name in ((each.builds, "check.config"), (each.runs, "run.config"))
    for fragment in ([RECORDS / each.name / name] if has else [])
]
EFFECTS = [
    (fragment, effect)
    for fragment in FRAGMENTS
    for effect in sorted({want.effect for want in parse_fragment(fragment.read_text())} - {""})
]


def test_lines_of_a_fragment() -> None:
    assert parse_fragment(TEXT) == WANTS
    assert render_fragment(WANTS) == (
        "CONFIG_KVM=y\nCONFIG_KVM_INTEL=y\nCONFIG_KVM_AMD=y\nCONFIG_KVM_SMM=y\n"
        "# CONFIG_PCI is not set\n"
    )


@pytest.mark.parametrize(
    "line",
    [
        "CONFIG_KVM",
        "KVM=y",
        "CONFIG_KVM=y # perhaps",
        "CONFIG_KVM=y # for:",
        "# CONFIG_PCI is unset",
        "# CONFIG_A=y",
    ],
)
def test_mistyped_line_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match="line 1: not a comment and not a symbol"):
        parse_fragment(line)


BOTH = "CONFIG_KVM_INTEL=y\nCONFIG_KVM_AMD=y\n"


@pytest.mark.parametrize(
    ("config", "known", "lacks", "notes"),
    [
        (f"CONFIG_KVM=y\n{BOTH}CONFIG_KVM_SMM=y\n", "KVM KVM_SMM PCI", (), ()),
        (f"CONFIG_KVM=y\n{BOTH}", "KVM", (), ()),
        (BOTH, "PCI", ("CONFIG_KVM=y: the tree has no such symbol; needed for: KVM",), ()),
        (
            f"# CONFIG_KVM is not set\n{BOTH}",
            "KVM",
            ("CONFIG_KVM=y: came out as n; needed for: KVM",),
            (),
        ),
        (f"CONFIG_KVM=m\n{BOTH}", "KVM", ("CONFIG_KVM=y: came out as m; needed for: KVM",), ()),
        (
            "CONFIG_KVM=y\nCONFIG_KVM_AMD=y\n",
            "KVM KVM_AMD",
            (),
            ("CONFIG_KVM_INTEL=y: the tree has no such symbol",),
        ),
        (
            "CONFIG_KVM=y\n",
            "KVM KVM_AMD",
            (
                "CONFIG_KVM_INTEL=y: the tree has no such symbol; needed for: a vendor",
                "CONFIG_KVM_AMD=y: came out as n; needed for: a vendor",
            ),
            (),
        ),
        (f"CONFIG_KVM=y\n{BOTH}", "KVM KVM_SMM", (), ("CONFIG_KVM_SMM=y: came out as n",)),
        (
            f"CONFIG_KVM=y\n{BOTH}CONFIG_PCI=y\n",
            "KVM PCI",
            (),
            ("# CONFIG_PCI is not set: came out as y",),
        ),
    ],
)
def test_what_the_tree_did_not_take(
    config: str, known: str, lacks: tuple[str, ...], notes: tuple[str, ...]
) -> None:
    assert unmet(WANTS, parse_config(config), known.split()) == Unmet(lacks, notes)


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_any_wish_of_the_fragments_may_be_gone(fragment: Path) -> None:
    wants = parse_fragment(fragment.read_text())
    needed = [want for want in wants if want.effect]
    found = unmet(wants, parse_config(render_fragment(needed)), {want.symbol for want in needed})
    wished = [w for w in wants if not w.effect and w.value != "n" and not w.optional]
    assert found.lacks == ()
    assert found.notes == tuple(f"{want.line}: the tree has no such symbol" for want in wished)
    assert len(wished) > 12


@pytest.mark.parametrize(("fragment", "effect"), EFFECTS)
def test_no_effect_of_the_fragments_may_be_missing(fragment: Path, effect: str) -> None:
    wants = parse_fragment(fragment.read_text())
    got = parse_config(render_fragment(want for want in wants if want.effect != effect))
    found = unmet(wants, got, {want.symbol for want in wants})
    assert found.lacks and all(effect in line for line in found.lacks)


def test_symbols_of_a_tree(tmp_path: Path) -> None:
    (tmp_path / "arch/x86/kvm").mkdir(parents=True)
    (tmp_path / "Kconfig").write_text('source "arch/$(SRCARCH)/Kconfig"\nsource "gone/Kconfig"\n')
    (tmp_path / "arch/x86/Kconfig").write_text(
        'config X86\n\tdef_bool y\nif X86\nsource "arch/x86/kvm/Kconfig"\nendif\n'
    )
    (tmp_path / "arch/x86/kvm/Kconfig").write_text("menuconfig KVM\nconfig KVM_SMM\n# config NO\n")
    assert kconfig_symbols(tmp_path, "x86") == {"X86", "KVM", "KVM_SMM"}
