# SPDX-License-Identifier: GPL-2.0-only
"""Names on real trees: what compiles is never refused, and what does not is found.

The kernel's own files are the ground truth: each name that they use is visible.  Their names
changed by one letter, taken from another file, or made members of another struct, are not.
`pytest tests/kernel/test_declared.py -s` prints how many were asked for and found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import pytest

from codegen.base.errors import FindingsError
from codegen.base.resources import resources
from codegen.c.definitions import definitions
from codegen.c.outline import outline
from codegen.c.scopes import NameScope, scope_of
from codegen.c.shown import shows
from codegen.c.uses import Use, uses
from codegen.c.visible import Visibility
from codegen.plan.make import make_plan
from codegen.plan.variants import load_variant
from codegen.series.make import open_tree
from codegen.tree.reader import Overlay, Tree, read_or_none
from tests.kernel.conftest import location
from tests.unit.kit import shipped

pytestmark = pytest.mark.kernel
FILES = ("virt/kvm/kvm_main.c", "arch/x86/kvm/mmu/mmu.c", "arch/x86/kvm/x86.c")
_EACH = 60  # mutants of a kind and file
_SEED = 7


@pytest.mark.parametrize("release", ["6.1", "6.12"])
@pytest.mark.parametrize("path", FILES)
def test_no_name_of_the_kernel_s_own_code_is_refused(path: str, release: str) -> None:
    with open_tree(location(release)) as tree:
        data = tree.read(path)
        uses = sum(1 for _ in _uses(data))
        found = _view(tree, path, data).unseen([(0, len(data))])
    print(f"\n{path} of {release}: {uses} names, {len(found)} refused")
    assert uses > 5000
    assert [each.use for each in found] == []


def _view(tree: Tree, path: str, data: bytes) -> Visibility:
    changed = Overlay(tree, {path: data})
    return Visibility(path, data, lambda at: read_or_none(changed, at), "x86")


def _uses(data: bytes) -> Iterator[tuple[NameScope, Use]]:
    for block in outline(data).blocks:
        scope = scope_of(outline(data), block)
        for use in uses(scope, block.open, block.end):
            yield scope, use


def _typo(name: str) -> str:
    return f"{name[:-1]}q{name[-1]}"


def _mutated(
    data: bytes, fits: Callable[[NameScope, Use], bool], other: Callable[[str], str]
) -> tuple[bytes, list[tuple[int, int]]]:
    """The file with names changed, one in a function at most, and where."""
    chosen: dict[int, Use] = {}
    names = set[str]()
    for scope, use in _uses(data):
        # a name is changed once: its first use is what a finding is about
        if fits(scope, use) and use.name not in names and scope.end not in chosen:
            chosen[scope.end] = use
            names.add(use.name)
    some = Random(_SEED).sample(
        sorted(chosen.values(), key=lambda u: u.at), min(_EACH, len(chosen))
    )
    pieces, at, ranges, size = [], 0, [], 0
    for use in sorted(some, key=lambda u: u.at):
        name = other(use.name)
        pieces += [data[at : use.at], name.encode()]
        size += use.at - at + len(name)
        ranges.append((size - len(name), size))
        at = use.at + len(use.name)
    return b"".join([*pieces, data[at:]]), ranges


def _plain(scope: NameScope, use: Use) -> bool:
    if any(local.start == use.at for local in scope.locals):
        return False  # such as LIST_HEAD(name)
    return use.kind == "name" and len(use.name) > 3 and not use.name.startswith("CONFIG_")


def _member(scope: NameScope, use: Use) -> bool:
    local = next(iter(scope.declared(use.path[0], use.at)), None) if use.path else None
    return use.kind == "member" and local is not None and len(use.path) == 1 and bool(local.tag)


def _statics(tree: Tree, path: str, other: str) -> list[str]:
    """Functions that are static in one file and that another does not name."""
    text, own = outline(tree.read(other)), tree.read(path)
    words = sorted(word for word in text.identifiers if word.startswith("kvm_"))
    return [
        word
        for word in words
        if word.encode() not in own and [d.static for d in definitions(text, word)] == [True]
    ]


def _hidden_macros(tree: Tree, view: Visibility) -> list[str]:
    """Macros of headers that a file does not include, and that none of its headers names."""
    found = []
    known = view._identifiers()
    for header in tree.paths("include/linux/usb/"):
        found += [m for m in outline(tree.read(header)).macros if m not in known and len(m) > 6]
    return found


@pytest.mark.parametrize("path", FILES)
def test_names_that_are_not_visible_are_found(path: str) -> None:
    rates = {}
    with open_tree(location("6.12")) as tree:
        data = tree.read(path)
        other = FILES[0] if path != FILES[0] else FILES[2]
        statics = iter(_statics(tree, path, other))
        macros = iter(_hidden_macros(tree, _view(tree, path, data)))
        kinds: dict[str, tuple[Callable[[NameScope, Use], bool], Callable[[str], str]]] = {
            "typo": (_plain, _typo),
            "static of another file": (_plain, lambda name: next(statics, _typo(name))),
            "macro of a header that is not included": (_plain, lambda n: next(macros, _typo(n))),
            "member that is nowhere": (_member, _typo),
            "member of another struct": (_member, lambda _: "usage_count"),
        }
        for kind, (fits, change) in kinds.items():
            made, ranges = _mutated(data, fits, change)
            found = _view(tree, path, made).unseen(ranges)
            places = {each.use.at for each in found}
            missed = [made[s:e].decode() for s, e in ranges if s not in places]
            rates[kind] = (len(ranges) - len(missed), len(ranges), missed[:5])
    for kind, (number, of, missed) in rates.items():
        print(f"\n{path}: {kind}: {number} of {of} found; missed: {missed}")
    assert all(of > 10 for _, of, _ in rates.values())
    assert all(number >= 0.9 * of for number, of, _ in rates.values()), rates


def test_a_tree_without_struct_kvm_gfn_range_has_no_series() -> None:
    """As 5.10 is; the struct is gone from every file of 6.1's KVM."""
    with open_tree(location("6.1")) as tree:
        paths = [
            path
            for folder in ("arch/x86/kvm/", "virt/kvm/", "include/linux/kvm")
            for path in tree.paths(folder)
            if b"struct kvm_gfn_range" in tree.read(path)
        ]
        older = Overlay(
            tree, {p: tree.read(p).replace(b"kvm_gfn_range", b"kvm_hva_range") for p in paths}
        )
        templates = resources("templates")
        with pytest.raises(FindingsError) as raised:
            make_plan(
                shipped("zap-leafs-only"), load_variant(templates, "hardcoded"), older, templates
            )
    first = raised.value.findings[0]
    assert "`struct kvm_gfn_range` is not declared" in first.message
    assert first.source[first.column - 1 :].startswith("kvm_gfn_range")
    assert not shows(outline(older.read("include/linux/kvm_host.h")), "kvm_gfn_range")
