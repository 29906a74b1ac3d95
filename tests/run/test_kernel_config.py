# SPDX-License-Identifier: GPL-2.0-only
"""The fragment, and the ways in which a tree may not take it."""

from pathlib import Path

import pytest

from codegen.run.config import (
    FRAGMENT,
    Want,
    kconfig_symbols,
    parse_config,
    parse_fragment,
    render_fragment,
    unmet,
)

KVM = Want("KVM", "y", False)
SMM = Want("KVM_SMM", "y", True)
PCI = Want("PCI", "n", False)


def test_the_fragment_itself() -> None:
    wants = {want.symbol: want for want in parse_fragment(FRAGMENT.read_text())}
    for symbol in ("KVM", "KVM_INTEL", "KVM_AMD", "KVM_WERROR", "EXPERT"):
        assert wants[symbol] == Want(symbol, "y", False)
    assert wants["KVM_SW_PROTECTED_VM"].optional
    assert wants["PCI"].value == "n"


def test_lines_of_a_fragment() -> None:
    text = "# a comment\n\nCONFIG_KVM=y\nCONFIG_KVM_SMM=y # optional\n# CONFIG_PCI is not set\n"
    assert parse_fragment(text) == (KVM, SMM, PCI)
    assert render_fragment((KVM, SMM, PCI)) == (
        "CONFIG_KVM=y\nCONFIG_KVM_SMM=y\n# CONFIG_PCI is not set\n"
    )


@pytest.mark.parametrize(
    "line",
    ["CONFIG_KVM", "KVM=y", "CONFIG_KVM=y # perhaps", "# CONFIG_PCI is unset", "# CONFIG_A=y"],
)
def test_mistyped_line_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match="line 1: not a comment and not a symbol"):
        parse_fragment(line)


@pytest.mark.parametrize(
    ("config", "known", "found"),
    [
        ("CONFIG_KVM=y\nCONFIG_KVM_SMM=y\n", "KVM KVM_SMM PCI", ()),
        ("CONFIG_KVM=y\n", "KVM", ()),
        ("", "PCI", ("CONFIG_KVM=y: the tree has no such symbol",)),
        ("# CONFIG_KVM is not set\n", "KVM", ("CONFIG_KVM=y: came out as n",)),
        ("CONFIG_KVM=m\n", "KVM", ("CONFIG_KVM=y: came out as m",)),
        ("CONFIG_KVM=y\n", "KVM KVM_SMM", ("CONFIG_KVM_SMM=y: came out as n",)),
        ("CONFIG_KVM=y\nCONFIG_PCI=y\n", "KVM PCI", ("# CONFIG_PCI is not set: came out as y",)),
    ],
)
def test_what_the_tree_did_not_take(config: str, known: str, found: tuple[str, ...]) -> None:
    assert unmet((KVM, SMM, PCI), parse_config(config), known.split()) == found


def test_symbols_of_a_tree(tmp_path: Path) -> None:
    (tmp_path / "arch/x86/kvm").mkdir(parents=True)
    (tmp_path / "Kconfig").write_text('source "arch/$(SRCARCH)/Kconfig"\nsource "gone/Kconfig"\n')
    (tmp_path / "arch/x86/Kconfig").write_text(
        'config X86\n\tdef_bool y\nif X86\nsource "arch/x86/kvm/Kconfig"\nendif\n'
    )
    (tmp_path / "arch/x86/kvm/Kconfig").write_text("menuconfig KVM\nconfig KVM_SMM\n# config NO\n")
    assert kconfig_symbols(tmp_path) == {"X86", "KVM", "KVM_SMM"}
