# SPDX-License-Identifier: GPL-2.0-only
"""A series for several architectures: what holds on each, in one table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from codegen.architectures import ALL, ARCHITECTURES, COMPILED, DEFAULT
from codegen.base.errors import EnvironmentFailure
from codegen.check import built as built_checks
from codegen.check import standing
from codegen.check.bisect import _skipped
from codegen.check.registry import CHECKS
from codegen.check.remark import Remark
from codegen.check.run import Checked, check
from codegen.check.standing import Standing, booted
from codegen.cli.commands.check import text
from codegen.cli.target import Target
from codegen.run import kept
from codegen.run.build import Options
from codegen.series.make import generate
from codegen.tree import resolve
from tests.minitree import minitree, written
from tests.unit.kit import committed, knob

ASKED = [ARCHITECTURES[name] for name in ("arm64", "s390", "x86")]
BUILDS = [each for each in CHECKS if each.run is None]


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Check a series of the small tree on some architectures, as if some machines had not all."""
    tree = resolve(str(committed(written(minitree(), tmp_path / "linux"))))
    series = generate(knob(), "quirk", tree)

    @contextmanager
    def bench(_: object, options: Options, *__: object) -> Iterator[object]:
        yield SimpleNamespace(options=options)

    def checked(says: dict[str, list[Remark]], asked: Sequence[Any] = ASKED) -> Checked:
        def built(_: object, bench: Any, __: object, others: Sequence[str]) -> Iterator[Remark]:
            name = bench.options.arch.name
            assert name not in others and len(others) == len(asked) - 1
            if name not in says:
                raise EnvironmentFailure(f"no compiler for {name}")
            yield from says[name]

        monkeypatch.setattr(built_checks, "open_bench", bench)
        monkeypatch.setattr(built_checks, "_built", built)
        monkeypatch.setattr(built_checks, "booted", lambda *_: "not known")
        return check(series, archs=asked, checks=BUILDS)

    return checked


@pytest.mark.programs
def test_each_has_a_row_with_its_reason(checked: Any) -> None:
    wrong, note = Remark("it warns", rule="bisect"), Remark("no sparse", rule="sparse", note=True)
    found = checked({"arm64": [note], "x86": [wrong, note]})
    assert found.standings == (
        Standing("arm64", "each patch", "not known"),
        Standing("s390", "", "no compiler for s390"),
        Standing("x86", "with 1 finding", "not known"),
    )
    assert [remark.message for remark in found.remarks] == ["no sparse", "it warns"]
    assert text(found).splitlines()[-4:] == [
        "architecture  compiled        booted",
        "arm64         each patch      not known",
        "s390          no              no compiler for s390",
        "x86           with 1 finding  not known",
    ]


@pytest.mark.programs
def test_where_nothing_can_be_compiled_there_is_no_answer(checked: Any) -> None:
    with pytest.raises(EnvironmentFailure, match="no compiler for x86"):
        checked({})
    assert "architecture" not in text(checked({"x86": []}, [DEFAULT]))


def test_all_are_those_that_a_series_changes() -> None:
    def archs(named: str | None, *paths: str) -> list[str]:
        diffs = "".join(f"---\ndiff --git a/{path} b/{path}\n" for path in paths)
        about = Target(cast(Any, None), {"1.patch": diffs.encode()}, cast(Any, None), own=True)
        return [each.name for each in about.archs(named, COMPILED)]

    common, arm, mips = "virt/kvm/kvm_main.c", "arch/arm64/kvm/arm.c", "arch/mips/kvm/mips.c"
    assert archs(ALL, mips, common, arm, "arch/sparc/Kconfig") == ["arm64", "mips"]
    assert archs(ALL, common) == archs(None, common) == ["x86"]
    assert archs("s390", arm) == ["s390"]


def test_what_another_architecture_compiles_is_not_missed(tmp_path: Path) -> None:
    paths = ("arch/arm64/kvm/arm.c", "arch/mips/kvm/mips.c", "virt/kvm/x.c")
    changes = {path: SimpleNamespace(path=path, after=b"") for path in paths}
    patch = cast(Any, SimpleNamespace(name="1.patch", changes=changes))
    (left,) = _skipped(tmp_path, patch, ["arm64"])
    assert left.message == "not compiled here: arch/mips/kvm/mips.c, virt/kvm/x.c"


def test_a_trial_that_was_kept_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    had: dict[str, Any] = {}
    monkeypatch.setattr(standing, "commits_of", lambda *_: None)
    monkeypatch.setattr(kept, "key_of", lambda *_: "key")
    monkeypatch.setattr(kept, "recall", lambda kind, _: had.get(kind))

    def told(arch: str, *paths: str) -> str:
        bench = SimpleNamespace(options=Options(arch=ARCHITECTURES[arch]), git_dir=None)
        return booted(cast(Any, SimpleNamespace(paths=paths)), cast(Any, bench))

    assert told("s390") == "gen boots none"
    assert told("riscv") == "not known: gen test --arch riscv"
    had[kept.TRIAL] = SimpleNamespace(said={"ok": True})
    assert told("arm64") == "all right"
    had[kept.MUTANTS] = SimpleNamespace(said={"made": 9, "noticed": 8})
    folder, why = DEFAULT.machine.trial.unemulated[0]
    assert told("x86", f"{folder}x.c").endswith(
        f"8 of 9 mutants noticed; nothing of {folder}: {why}"
    )
    had[kept.TRIAL] = SimpleNamespace(said={"ok": False})
    assert told("x86") == "not all right, 8 of 9 mutants noticed"
