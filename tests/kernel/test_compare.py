# SPDX-License-Identifier: GPL-2.0-only
"""What the page of `gen compare` shows a VMM's author compiles against the series' own headers, and
the programs that measure a knob are C of the tree's selftests."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from codegen.architectures import chosen
from codegen.base.resources import resources
from codegen.cli.main import DONE, main
from codegen.compare.contender import Contender
from codegen.compare.facts import facts
from codegen.compare.measures import measure_of, program
from codegen.compare.reach import reach
from codegen.compare.userspace import sees
from codegen.series.identity import remember
from codegen.series.make import Generated, open_tree
from codegen.tree.reader import read_or_none
from tests.kernel.conftest import CELLS, KEPT, Cell, made, sampled
from tests.knobs import described_in

pytestmark = pytest.mark.kernel

_HEADERS = {
    "linux/kvm.h": "include/uapi/linux/kvm.h",
    "asm/kvm.h": "arch/x86/include/uapi/asm/kvm.h",
}
# What scripts/headers_install.sh of the kernel takes out.
_KERNELS = re.compile(rb"#include <linux/compiler.h>\n|\b__user\b")


def headers(series: Generated, folder: Path) -> Path:
    """KVM's uAPI headers behind the series, as userspace gets them."""
    left = list(_HEADERS.items())
    with open_tree(series.tree) as tree:
        while left:
            name, path = left.pop()
            data = series.plan.files.get(path) or read_or_none(tree, path)
            if data is None or (folder / name).exists():
                continue
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(_KERNELS.sub(b"", data))
            if b"#include <linux/bits.h>" in data:  # not every machine's own headers have it
                left.append(("linux/bits.h", "include/uapi/linux/bits.h"))
    return folder


def cells() -> list[Cell]:
    return [cell for cell in CELLS if cell[2] in KEPT]


def contender(series: Generated) -> Contender:
    plan = series.plan
    return Contender(plan.description, plan.variant, series.tree, "", remember(series, None))


@pytest.mark.parametrize("release", KEPT)
@pytest.mark.parametrize(
    ("knob", "hot", "by"),
    [
        ("zap-leafs-only", "no", "kvm_vm_ioctl_set_memory_region → "),
        ("small-pages-only", "yes", " → kvm_tdp_page_fault → "),
    ],
)
def test_whether_kvm_run_asks(knob: str, hot: str, by: str, release: str) -> None:
    series = made(knob, "memslot-flag", release)
    assert not isinstance(series, str), series
    (found,) = reach([contender(series)], chosen(None, ["x86"]), lambda *_: None)
    assert found.hot.value == hot
    assert by in str(found.ways.value)


@pytest.mark.parametrize("cell", sampled(cells()))
def test_what_a_vmm_does_compiles(cell: Cell, tmp_path: Path) -> None:
    series = made(*cell)
    assert not isinstance(series, str), series
    plan = series.plan
    said = facts(resources("templates"), plan.variant.name, sees(contender(series)))
    assert said and all(said.texts.values())
    where = headers(series, tmp_path)

    def compiled(more: str) -> str:
        (tmp_path / "vmm.c").write_text(f"{said.vmm}{more}")
        options = ("-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-std=gnu11")
        done = subprocess.run(
            ["gcc", *options, f"-I{where}", str(tmp_path / "vmm.c")],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stderr

    assert compiled("") == ""
    names = [name for name in plan.named_numbers if name in said.vmm]
    assert names or plan.variant.name == "hardcoded"
    for path in _HEADERS:  # without the series it would not
        text = (where / path).read_text()
        (where / path).write_text(re.sub(r"#define (KVM_\w+)", _unless(names), text))
    assert not names or all(name in compiled("") for name in names)


def _unless(names: list[str]):  # type: ignore[no-untyped-def]
    return lambda found: f"#define {found[1]}{'_GONE' if found[1] in names else ''}"


@pytest.mark.parametrize("cell", sampled(cells()))
def test_what_is_measured_is_c_of_the_tree(cell: Cell) -> None:
    series = made(*cell)
    assert not isinstance(series, str), series
    each = contender(series)
    measure = measure_of(each.description)
    if measure is None:
        assert cell[0] not in ("zap-leafs-only", "small-pages-only")
        return
    with open_tree(series.tree) as tree:
        text = program(each, measure, tree)
    assert text and "int main(" in text and "create_on(" in text
    assert text.count("{") == text.count("}")


@pytest.mark.parametrize("knob", ["guest-memfd-keep", "pin-memslots", "user-hypercalls"])
def test_kinds_that_stand_alone_are_compared(knob: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What userspace has to know of them is said, and no template is left unfilled."""
    words = ["--abi", str(described_in(knob)), "--tree", "debian:6.12", "--quick", "--json"]
    assert main(["compare", *words]) == DONE
    said = capsys.readouterr().out
    assert "{{" not in said and "{%" not in said
    rows = {row["key"]: row for part in json.loads(said)["sections"] for row in part["rows"]}
    assert rows["left"]["figures"][0]["value"] and rows["discovered"]["figures"][0]["value"]
