# SPDX-License-Identifier: GPL-2.0-only
"""Knobs that Linux has, as its documentation says them: made for the last tree without, and refused
as there already on those with it; and some that it could have, on all trees that have their ioctl.
"""

from __future__ import annotations

import pytest

from codegen.base.findings import NotHere
from codegen.base.resources import resources
from codegen.c.source import lex
from codegen.description.load import Description, parse
from codegen.kernel.numbers import NumberMacro, constants
from codegen.kernel.survey import Survey
from codegen.plan.variants import described
from codegen.series.make import Generated, finish, open_tree, plan_for
from codegen.tree.reader import Overlay, Tree
from tests.knobs import KNOBS, Upstream, again, described_in, description, ours, upstream, without

from .conftest import RELEASES, location

pytestmark = pytest.mark.kernel

# Those of abi/ have tests of their own.
TABLE = [
    (row, name) for row in upstream() for name in row.said_by if described_in(name).parent == KNOBS
]
# What a tree lacks for those that no kernel has.
LACKING = {
    ("drop-mappings", "6.1"): "names kvm_arch_has_private_mem, which it does not have",
    ("guest-memfd-keep", "6.1"): "does not have the ioctl KVM_CREATE_GUEST_MEMFD",
    ("no-pre-fault-vm", "6.1"): "has no VM types",
    ("userfault-attribute", "6.1"): "does not have the ioctl KVM_SET_MEMORY_ATTRIBUTES",
}
MADE = [
    *((name, release) for row, name in TABLE for release in row.made),
    *((name, r) for name in ours() for r in RELEASES if (name, r) not in LACKING),
]
TAKEN_OUT = [(row, name, release) for row, name in TABLE for release in row.taken_out]
AGAIN = [(row, name, release) for row, name in TABLE for release in row.again]
ANSWERS = [
    *((name, release, "is there already") for row, name in TABLE for release in row.there),
    *((name, *answer) for row, name in TABLE for answer in row.not_here.items()),
    *((*cell, answer) for cell, answer in LACKING.items()),
]


def made(said: Description, release: str) -> Generated:
    """The one series of a description.  Raises NotHere."""
    (variant,) = described(resources("templates"), said.knob)
    where = location(release)
    with open_tree(where) as tree:
        return finish(plan_for(said, variant, where, tree), where)


def whole(series: Generated) -> bool:
    return len(series.commits) == len(series.plan.patches) >= 2


def numbers(tree: Tree, said: Description) -> dict[str, int | str]:
    """The macros of a tree's uAPI headers: their values, and ioctls as they are written."""
    macros = constants(Survey(tree, said.knob.architectures))
    return {each.name: written(each) if each.is_ioctl else each.value for each in macros}


def written(macro: NumberMacro) -> str:
    """A macro as it stands in its header, whatever the spaces."""
    text = macro.source.text(macro.extent.start, macro.extent.end)
    return " ".join(token.text for token in lex(text))


def not_linux_s(said: Description, series: Generated, release: str) -> dict[str, object]:
    """What the series has given other numbers than the newest tree has: a name has one everywhere,
    and a description that does not say `merged` takes on an older tree what others have.
    """
    with open_tree(location(release)) as tree, open_tree(location(RELEASES[-1])) as newest:
        before, theirs = numbers(tree, said), numbers(newest, said)
        ours = numbers(Overlay(tree, series.plan.files), said)
    new = ours.keys() - before.keys()
    return {n: (ours[n], theirs[n]) for n in new & theirs.keys() if ours[n] != theirs[n]}


@pytest.mark.parametrize(("knob", "release"), MADE)
def test_there_is_a_series_with_the_numbers_of_linux(knob: str, release: str) -> None:
    said = description(knob)
    series = made(said, release)
    assert whole(series)
    assert not not_linux_s(said, series, release)


@pytest.mark.parametrize(("knob", "release", "answer"), ANSWERS)
def test_there_is_none_for_a_reason(knob: str, release: str, answer: str) -> None:
    with pytest.raises(NotHere, match=answer):
        made(description(knob), release)


@pytest.mark.parametrize(("row", "knob", "release"), AGAIN, ids=[name for _, name, _ in AGAIN])
def test_under_another_name_there_is_a_series(row: Upstream, knob: str, release: str) -> None:
    assert whole(made(parse(again(row, knob), f"{knob}.yaml"), release))


@pytest.mark.parametrize(
    ("row", "knob", "release"), TAKEN_OUT, ids=[name for _, name, _ in TAKEN_OUT]
)
def test_on_a_tree_without_there_is_a_series(row: Upstream, knob: str, release: str) -> None:
    said = description(knob)
    (variant,) = described(resources("templates"), said.knob)
    where = location(release)
    with open_tree(where) as tree:
        plan = plan_for(said, variant, where, without(tree, row, release))
    assert [patch.part for patch in plan.patches] == ["mechanism", "uapi", "selftest"]
