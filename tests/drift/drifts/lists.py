# SPDX-License-Identifier: GPL-2.0-only
"""Lists of Makefiles and Kconfig, written otherwise."""

from __future__ import annotations

import re

from tests.drift.draft import SELFTESTS, Draft, NotApplicable
from tests.drift.drift import drift

_SITE = "selftest-register"
_KCONFIG = "kconfig-select"


def _list(tree: Draft) -> tuple[str, str, list[re.Match[str]]]:
    """The Makefile with x86's list of tests, the variable and its lines."""
    for path in tree.paths(f"{SELFTESTS}Makefile"):
        lines = list(
            re.finditer(r"^(TEST_GEN_PROGS_x86(?:_64)?) [+:]?= (\S+)\n", tree.text(path), re.M)
        )
        if lines:
            return path, lines[0][1], lines
    raise NotApplicable("no list of x86's tests, one a line")


def _rewritten(tree: Draft, make: object) -> None:
    path, variable, lines = _list(tree)
    text = tree.text(path)
    for found in reversed(lines[1:]):
        text = text[: found.start()] + text[found.end() :]
    made = make(variable, [m[2] for m in lines])  # type: ignore[operator]
    tree.put(path, text.replace(lines[0][0], made, 1))


@drift("lists", _SITE, "TEST_GEN_PROGS_ Makefile")
def tests_with_backslashes(tree: Draft) -> None:
    """`LIST := \\` and one test a line."""
    _rewritten(tree, lambda v, names: f"{v} := \\\n" + " \\\n".join(f"\t{n}" for n in names) + "\n")


@drift("lists", _SITE, "TEST_GEN_PROGS_ Makefile")
def tests_added_with_backslashes(tree: Draft) -> None:
    """`LIST += \\` and one test a line, sorted, with an empty last one."""
    _rewritten(
        tree,
        lambda v, names: f"{v} += \\\n" + "".join(f"\t{n} \\\n" for n in sorted(names)) + "\n",
    )


@drift("lists", _SITE, "TEST_GEN_PROGS_ Makefile")
def tests_in_one_line(tree: Draft) -> None:
    """`LIST = a b c`."""
    _rewritten(tree, lambda v, names: f"{v} = {' '.join(names)}\n")


@drift("lists", _SITE, "TEST_GEN_PROGS_ Makefile")
def tests_unsorted(tree: Draft) -> None:
    """The list has no order."""
    _rewritten(tree, lambda v, names: "".join(f"{v} += {n}\n" for n in [*names[1::2], *names[::2]]))


@drift("lists", _SITE, "TEST_GEN_PROGS_ Makefile")
def tests_assigned_at_once(tree: Draft) -> None:
    """`:=` and no spaces around it."""
    _rewritten(
        tree,
        lambda v, names: f"{v}:={names[0]}\n" + "".join(f"{v}+={n}\n" for n in names[1:]),
    )


@drift("lists", _SITE, "TEST_GEN_PROGS_ Makefile")
def tests_with_a_prefix(tree: Draft) -> None:
    """The folder is added by a function of make."""

    def made(variable: str, names: list[str]) -> str:
        folder = next(n.partition("/")[0] for n in names if n.startswith("x86"))
        own = [n.partition("/")[2] for n in names if n.startswith(f"{folder}/")]
        others = [n for n in names if not n.startswith(f"{folder}/")]
        text = "X86_TESTS = \\\n" + " \\\n".join(f"\t{n}" for n in own) + "\n\n"
        text += f"{variable} = $(addprefix {folder}/,$(X86_TESTS))\n"
        return text + "".join(f"{variable} += {n}\n" for n in others)

    _rewritten(tree, made)


@drift("lists", f"selftest-gitignore {_SITE}", ".gitignore")
def tests_ignored_one_by_one(tree: Draft) -> None:
    """.gitignore lists the tests' binaries."""
    _, _, lines = _list(tree)
    names = sorted(m[2] for m in lines)
    tree.put(
        f"{SELFTESTS}.gitignore",
        "# SPDX-License-Identifier: GPL-2.0-only\n" + "".join(f"/{n}\n" for n in names),
    )


def _kconfig(tree: Draft) -> str:
    return tree.text("arch/x86/kvm/Kconfig")


@drift("lists", _KCONFIG, "KVM_X86 Kconfig")
def selects_sorted(tree: Draft) -> None:
    """The symbols that KVM selects are sorted."""
    text = _kconfig(tree)
    runs = list(re.finditer(r"(?:^\tselect .*\n)+", text, re.M))
    longest = max(runs, key=lambda m: m[0].count("\n"))
    tree.put(
        "arch/x86/kvm/Kconfig",
        text.replace(longest[0], "".join(sorted(longest[0].splitlines(keepends=True)))),
    )


@drift("lists", _KCONFIG, "KVM_X86 Kconfig")
def selects_in_a_symbol_of_their_own(tree: Draft) -> None:
    """What KVM selects is selected by a symbol that it selects."""
    text = _kconfig(tree)
    runs = list(re.finditer(r"(?:^\tselect .*\n)+", text, re.M))
    longest = max(runs, key=lambda m: m[0].count("\n"))
    entry = list(re.finditer(r"^config \w+\n", text[: longest.start()], re.M))[-1]
    made = text[: entry.start()] + f"config KVM_X86_COMMON\n\tbool\n{longest[0]}\n"
    made += (
        text[entry.start() : longest.start()] + "\tselect KVM_X86_COMMON\n" + text[longest.end() :]
    )
    tree.put("arch/x86/kvm/Kconfig", made)


@drift("lists", "kconfig-symbol", "virt/kvm/Kconfig")
def symbols_sorted_otherwise(tree: Draft) -> None:
    """The generic symbols are in the order of their names."""
    path = "virt/kvm/Kconfig"
    text = tree.text(path)
    first = re.search(r"^config ", text, re.M)
    if not first:
        raise NotApplicable("no symbols")
    head, body = text[: first.start()], text[first.start() :]
    entries = re.findall(r"^config \w+\n(?:(?!config ).*\n)*", body, re.M)
    tree.put(
        path, head + "".join(sorted(e.rstrip("\n") + "\n\n" for e in entries)).rstrip("\n") + "\n"
    )
