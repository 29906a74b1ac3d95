# SPDX-License-Identifier: GPL-2.0-only
"""A comparison of all variants on the small tree: nothing is just absent, and it fits."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from codegen.base.resources import resources
from codegen.compare.model import (
    Chapter,
    Column,
    Curve,
    Figure,
    Page,
    Plot,
    Question,
    Statement,
    Worst,
    unknown,
)
from codegen.compare.show import html, markdown, terminal
from codegen.store.store import Store
from tests.minitree import minitree, written
from tests.unit.kit import VARIANTS, committed, knob_text

pytestmark = pytest.mark.programs

ROOT = Path(__file__).parents[2]


class Gen:
    """A copy of gen's own, with a knob, a tree, and a cache."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("codegen", "abi", "templates"):
            shutil.copytree(ROOT / name, folder / "gen" / name)
        (folder / "knob.yaml").write_text(knob_text())
        committed(written(minitree(), folder / "linux"))

    @property
    def environment(self) -> dict[str, str]:
        """What finds the copy, and the cache."""
        own = {"PYTHONPATH": str(self.folder / "gen"), "GEN_CACHE": str(self.folder / "cache")}
        return {**os.environ, **own}

    def run(self, command: str, *words: str) -> subprocess.CompletedProcess[str]:
        """A command on the knob."""
        return subprocess.run(
            [sys.executable, "-m", "codegen", command, "--abi", "knob.yaml", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def compare(self, *words: str) -> str:
        """What `gen compare --quick` says, which must succeed."""
        done = self.run("compare", "--quick", "--tree", "linux", *words)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout

    def made(self) -> dict[str, str]:
        """The series in the store: the variant, or what it was refused for, by the record's key."""
        kept = Store(self.folder / "cache" / "store").all("series")
        return {
            each.key: each.said.get("manifest", {}).get("variant") or str(each.said)
            for each in kept
        }


@pytest.fixture(scope="module")
def gen(tmp_path_factory: pytest.TempPathFactory) -> Gen:
    """One for all tests that change nothing of it."""
    return Gen(tmp_path_factory.mktemp("compare"))


@pytest.fixture(scope="module")
def said(gen: Gen) -> dict[str, Any]:
    """The comparison, for a program."""
    found: dict[str, Any] = json.loads(gen.compare("--json"))
    return found


def figures(said: dict[str, Any], key: str) -> dict[str, Any]:
    """The figures of a question by variant."""
    names = [column["variant"] for column in said["columns"]]
    rows = [row for chapter in said["sections"] for row in chapter["rows"] if row["key"] == key]
    assert len(rows) == 1
    return dict(zip(names, rows[0]["figures"], strict=True))


def test_every_variant_stands_there(said: dict[str, Any]) -> None:
    assert {column["variant"] for column in said["columns"]} == set(VARIANTS)
    states = {column["variant"]: column["state"] for column in said["columns"]}
    assert states["memslot-flag"] == "made"


def test_no_figure_is_just_absent(said: dict[str, Any]) -> None:
    for chapter in said["sections"]:
        for row in chapter["rows"]:
            for each in row["figures"]:
                known = each["value"] is not None
                assert known != bool(each["missing"])
                assert not known or each["source"], f"{row['key']} is from nowhere"


def test_the_lines_are_those_of_the_patches(said: dict[str, Any]) -> None:
    patches = [
        each["text"]
        for each in said["patches"]
        if said["columns"][each["column"]]["variant"] == "quirk"
    ]
    counted = 0
    for text in patches:
        path = ""
        for line in text.partition("\ndiff --git ")[2].split("\n-- \n")[0].split("\n"):
            if line.startswith("+++ "):
                path = line
            elif line[:1] in "+-" and line[:4] not in ("+++ ", "--- ") and line:
                counted += "tools/testing" not in path and "Documentation" not in path
    assert figures(said, "code")["quirk"]["value"] == counted > 0


def test_what_a_kind_says_is_of_this_knob(said: dict[str, Any]) -> None:
    told = figures(said, "discovered")
    assert "KVM_CAP_X86_SMALL_MAPS" in told["vm-capability"]["value"]
    assert "KVM_X86_QUIRK_HUGE_MAPS" in told["quirk"]["value"]
    assert told["hardcoded"]["value"] == "not at all"
    codes = {said["columns"][each["column"]]["variant"]: each["text"] for each in said["snippets"]}
    assert "KVM_MEM_SMALL_MAPS" in codes["memslot-flag"]


def test_what_was_not_built_says_so(said: dict[str, Any]) -> None:
    for key in ("hot", "ways", "text", "kvm_arch", "instructions", "with", "findings"):
        for each in figures(said, key).values():
            assert "without --quick" in each["missing"] or "is not made" in each["missing"]


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 200])
def test_a_terminal_is_wide_enough(said: dict[str, Any], columns: int) -> None:
    lines = terminal.text(page(said), columns).split("\n")
    too_wide = [line for line in lines if len(line) > min(columns, 100)]
    words = {word for line in too_wide for word in line.split() if len(word) > columns - 8}
    assert not too_wide or words, too_wide


def test_a_mail_has_72_columns(said: dict[str, Any]) -> None:
    text = markdown.text(page(said))
    assert [line for line in text.split("\n") if len(line) > 72 and "    gen " not in line] == []
    for variant in VARIANTS:
        assert variant in text


def page(said: dict[str, Any]) -> Page:
    """The page again, from what a program got of it."""
    chapters = tuple(
        Chapter(
            each["title"],
            tuple(
                Question(
                    row["key"],
                    row["about"],
                    tuple(Figure(**figure) for figure in row["figures"]),
                    Worst(row["worst"]),
                    row["prose"],
                )
                for row in each["rows"]
            ),
        )
        for each in said["sections"]
    )
    return Page(
        knob=said["knob"],
        title=said["title"],
        contract=said["contract"],
        background=said["background"],
        command=said["command"],
        columns=tuple(Column(**each) for each in said["columns"]),
        sections=chapters,
        plots=(),
        said=tuple(Statement(**each) for each in said["said"]),
        prior_art=tuple(said["prior_art"]),
        snippets=(),
        patches=(),
    )


def test_it_is_the_same_again_and_makes_nothing_anew(gen: Gen, said: dict[str, Any]) -> None:
    before = gen.made()
    assert json.loads(gen.compare("--json")) == said
    assert gen.made() == before and before


def test_only_what_an_edited_template_makes_is_made_again(tmp_path: Path) -> None:
    gen = Gen(tmp_path)
    first = json.loads(gen.compare("--json"))
    before = gen.made()
    template = tmp_path / "gen/templates/quirk/api-quirk.j2"
    template.write_text(template.read_text().replace("{{", "Edited: {{", 1))
    second = json.loads(gen.compare("--json"))
    new = {key: what for key, what in gen.made().items() if key not in before}
    assert list(new.values()) == ["quirk"]
    changed = {
        second["columns"][each["column"]]["variant"]
        for each in second["patches"]
        if each not in first["patches"]
    }
    assert changed == {"quirk"}


def test_what_only_the_page_says_makes_no_series_again(tmp_path: Path) -> None:
    gen = Gen(tmp_path)
    gen.compare()
    before = gen.made()
    for name in ("facts.yaml", "vmm.c.j2", "measure.j2"):
        path = tmp_path / "gen/templates/quirk/compare" / name
        path.write_text(f"{path.read_text()}\n# edited\n")
    gen.compare()
    assert gen.made() == before


def test_a_shared_template_makes_every_series_again(tmp_path: Path) -> None:
    gen = Gen(tmp_path)
    gen.compare()
    before = gen.made()
    path = tmp_path / "gen/templates/common/selftest.j2"
    path.write_text(path.read_text().replace("int main(", "int  main("))
    gen.compare()
    new = [what for key, what in gen.made().items() if key not in before]
    assert len(new) == len(before)


def test_some_variants_alone(gen: Gen) -> None:
    said = json.loads(gen.compare("--json", "--variants", "quirk,hardcoded"))
    assert [column["variant"] for column in said["columns"]] == ["quirk", "hardcoded"]
    done = gen.run("compare", "--quick", "--tree", "linux", "--variants", "quirks")
    assert done.returncode == 2 and "did you mean" in done.stderr


def test_two_trees_stand_side_by_side(gen: Gen) -> None:
    old = gen.folder / "old"
    if not old.exists():
        shutil.copytree(gen.folder / "linux", old)
    said = json.loads(gen.compare("--json", "--tree", "old"))
    assert len(said["columns"]) == 2 * len(VARIANTS)
    assert len({column["tree"] for column in said["columns"]}) == 2


def test_drift_tells_what_moved(gen: Gen) -> None:
    moved = gen.folder / "moved"
    if not moved.exists():
        files = dict(minitree())
        path = "arch/x86/kvm/mmu/mmu.c"
        files[path] = files[path].replace(
            b"kvm_mmu_max_mapping_level(struct kvm *kvm,",
            b"kvm_mmu_max_mapping_level(struct kvm *kvm, bool more,",
        )
        committed(written(files, moved))
    done = gen.run("drift", "--json", "--tree", "linux", "--tree", "moved")
    assert done.returncode == 0, done.stdout + done.stderr
    (quirk,) = [each for each in json.loads(done.stdout)["drift"] if each["variant"] == "quirk"]
    what = {move["text"]: move["what"] for move in quirk["moves"]}
    assert what["description (mechanism)"] == "signature"
    assert what["quirk/define-quirk (uapi-constant)"] == "same"
    brought = quirk["brought"]
    assert brought["taken"] == brought["patches"] and not brought["others"]


def test_drift_is_between_two_trees(gen: Gen) -> None:
    done = gen.run("drift", "--tree", "linux")
    assert done.returncode == 2 and "two trees" in done.stderr


class _Links(HTMLParser):
    """The ids of a page, and where its links and other addresses lead."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            if name in ("href", "src", "action", "xlink:href", "srcset") and value:
                self.links.append(value)


def _parsed(text: str) -> _Links:
    found = _Links()
    found.feed(text)
    return found


def test_the_page_needs_nothing_else(gen: Gen) -> None:
    gen.compare("--html", "page.html")
    found = _parsed((gen.folder / "page.html").read_text())
    assert len(found.ids) == len(set(found.ids))
    assert {link[1:] for link in found.links if link[:1] == "#"} <= set(found.ids)
    assert all(link[:1] == "#" or link == "data:," for link in found.links)
    assert not found.tags & {"script", "iframe", "object", "embed", "form"}
    assert {"details", "summary", "table", "th"} <= found.tags


_EVIL = '<script>alert("x")</script>&amp;'


def test_nothing_of_a_knob_becomes_html() -> None:
    column = Column(_EVIL, _EVIL, _EVIL, _EVIL, "redundant", _EVIL)
    row = Question("k", _EVIL, (Figure(_EVIL, _EVIL, _EVIL, log=_EVIL),))
    lost = Question("l", "lost", (unknown(_EVIL),))
    plot = Plot(_EVIL, "x", "y", (Curve(_EVIL, ((1, 2), (16, 3)), _EVIL),), ((_EVIL, _EVIL),))
    made = Page(
        knob=_EVIL,
        title=_EVIL,
        contract=_EVIL,
        background=_EVIL,
        command=_EVIL,
        columns=(column,),
        sections=(Chapter(_EVIL, (row, lost)),),
        plots=(plot,),
        said=(Statement(_EVIL, _EVIL, _EVIL, _EVIL, _EVIL),),
        prior_art=(_EVIL,),
        snippets=(),
        patches=(),
        notes=(_EVIL,),
    )
    found = _parsed(html.text(made))
    assert "script" not in found.tags and "svg" in found.tags
    assert _EVIL in terminal.text(made).replace("\n", "")


def test_a_figure_has_a_value_or_a_reason() -> None:
    with pytest.raises(ValueError, match="or the reason"):
        Figure()
    with pytest.raises(ValueError, match="or the reason"):
        Figure(0, missing="nobody looked")
    assert Figure(0).text == "0"


def test_the_worst_is_marked_where_figures_differ() -> None:
    def row(worst: Worst, *values: Any) -> frozenset[int]:
        found = (unknown("why") if value is None else Figure(value) for value in values)
        return Question("k", "k", tuple(found), worst).marked(range(len(values)))

    assert row(Worst.MOST, 1, 3, None, 3) == {1, 3}
    assert row(Worst.LEAST, 1, 3, "enough") == {0}
    assert row(Worst.MOST, 2, 2) == frozenset()
    assert row(Worst.NONE, 1, 2) == frozenset()


def test_every_kind_says_what_it_is_for_userspace() -> None:
    folders = sorted(path.parent.name for path in resources("templates").glob("*/variant.yaml"))
    for folder in folders:
        for name in ("facts.yaml", "vmm.c.j2", "measure.j2"):
            assert (resources("templates") / folder / "compare" / name).is_file()


def test_a_mistake_in_what_a_kind_says_is_told(tmp_path: Path) -> None:
    gen = Gen(tmp_path)
    path = tmp_path / "gen/templates/quirk/compare/facts.yaml"
    good = path.read_text()
    for wrong, told in (
        (good.replace("granularity:", "granulity:"), "'granul"),
        (good.replace("kind: fact", "kind: rumour"), "said: 0: kind"),
        (good.replace("{{ v.name }}", "{{ v.nome }}"), "nome"),
        ("- a list", "no YAML with keys"),
    ):
        path.write_text(wrong)
        done = gen.run("compare", "--quick", "--tree", "linux", "--variants", "quirk")
        assert done.returncode == 1 and told in done.stderr, done.stderr
        assert "templates/quirk/compare" in done.stderr


def test_a_kind_that_says_nothing_is_compared_all_the_same(tmp_path: Path) -> None:
    gen = Gen(tmp_path)
    shutil.rmtree(tmp_path / "gen/templates/quirk/compare")
    said = json.loads(gen.compare("--json", "--variants", "quirk,vm-capability"))
    told = figures(said, "granularity")
    assert "says nothing" in told["quirk"]["missing"] and told["vm-capability"]["value"] == "VM"
    assert figures(said, "files")["quirk"]["value"] > 3


def test_a_folder_is_compared_but_not_kept(gen: Gen) -> None:
    folder = gen.folder / "plain"
    if not folder.exists():
        written(minitree(), folder)
    before = gen.made()
    done = gen.run("compare", "--quick", "--json", "--tree", "plain", "--variants", "quirk")
    assert done.returncode == 0, done.stderr
    assert figures(json.loads(done.stdout), "patches")["quirk"]["value"] == 3
    assert gen.made() == before


def test_one_form_at_a_time(gen: Gen) -> None:
    done = gen.run("compare", "--quick", "--tree", "linux", "--json", "--markdown")
    assert done.returncode == 2 and "at a time" in done.stdout


def test_what_the_tree_has_already_is_so_the_next_time_as_well(tmp_path: Path) -> None:
    gen = Gen(tmp_path)
    uapi = (tmp_path / "linux/arch/x86/include/uapi/asm/kvm.h").read_text()
    there = re.findall(r"#define (KVM_X86_QUIRK_\w+)", uapi)[0]
    text = (tmp_path / "knob.yaml").read_text()
    (tmp_path / "knob.yaml").write_text(text.replace("KVM_X86_QUIRK_HUGE_MAPS", there))
    for _ in range(2):
        (column,) = json.loads(gen.compare("--json", "--variants", "quirk"))["columns"]
        assert column["state"] == "here already" and there in column["reason"]
    assert len(gen.made()) == 1
