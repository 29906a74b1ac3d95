# SPDX-License-Identifier: GPL-2.0-only
"""Which defects are made of new code, and that a kernel with all of them compiles and has each."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from codegen.run.mutants import AskedPredicate, Mutant, mutants_of, numbered
from codegen.run.weave import PARAMETER, fixed, mutants_in, woven

KNOB = AskedPredicate("kvm_small_maps", "false", "bool")

# name: (the body before, the body after, what each mutant puts in whose place)
CASES: dict[str, tuple[str, str, list[tuple[str, str | None]]]] = {
    "nothing new": ("if (a)\n\treturn 1;", "if (a)\n\treturn 1;", []),
    "a check": ("", "if (!a)\n\treturn -1;", [("!a", "0")]),
    "a check with braces": ("", "if (!a) {\n\tbreak;\n}", [("!a", "0")]),
    "a guard of work": ("", "if (!a) {\n\tx();\n}", [("!a", "0"), ("!a", "1"), ("x();", None)]),
    "work": ("", "kvm_mmu_zap_all(kvm);", [("kvm_mmu_zap_all(kvm);", None)]),
    "a bit is set": (
        "",
        "set_bit(A, &kvm->arch.flags);",
        [("set_bit(A, &kvm->arch.flags);", None)],
    ),
    "work that a condition guards": ("", "if (!a)\n\tx();", [("!a", "0"), ("!a", "1")]),
    "people are told": ("", "pr_warn(a);\ntrace_kvm_maps(a);", []),
    "all of several": (
        "",
        "if (a && (b & 4) && !c)\n\treturn -1;",
        [("a && (b & 4) && !c", "0"), ("a", "1"), ("(b & 4)", "1"), ("!c", "1")],
    ),
    "any of several": ("", "if (a || b > 7)\n\treturn -1;", [("a", "0"), ("b > 7", "0")]),
    "or of ands": (
        "",
        "if (a || (b && c))\n\treturn -1;",
        [("a || (b && c)", "0"), ("a", "0"), ("b", "1"), ("c", "1")],
    ),
    "a part is new": ("if (a)\n\tx();", "if (a && b)\n\tx();", [("b", "1")]),
    "a mask grows": ("r = a & MASK_A;", "r = a & (MASK_A | MASK_B);", [("MASK_B", "0")]),
    "decided by Kconfig": (
        "",
        "if (IS_ENABLED(CONFIG_X))\n\ta |= MASK_A;",
        [("IS_ENABLED(CONFIG_X)", "0"), ("a |= MASK_A;", None)],
    ),
    "refused by Kconfig": (
        "",
        "if (!IS_ENABLED(CONFIG_X) || a)\n\treturn -1;",
        [("a", "0")],
    ),
    "a member is set": ("", "kvm->arch.maps = a;", [("kvm->arch.maps = a;", None)]),
    "a member is written for lockless readers": (
        "",
        "WRITE_ONCE(kvm->arch.maps, a);",
        [("WRITE_ONCE(kvm->arch.maps, a);", None)],
    ),
    "a variable is set by the state": ("", "r = a;", [("a", "1")]),
    "a variable is set to a constant": ("", "r = -EINVAL;\nr = 0;", []),
    "a declaration": ("", "int x = a;", []),
    "a call": ("", "mutex_lock(&kvm->lock);", []),
    "the predicate is asked": (
        "",
        "if (kvm_small_maps(kvm))\n\treturn 1;",
        [
            ("kvm_small_maps(kvm)", "0"),
            ("kvm_small_maps(kvm)", "false"),
        ],
    ),
    "the predicate joins": (
        "r = a && b;",
        "r = a && !kvm_small_maps(kvm);",
        [("kvm_small_maps(kvm)", "false")],
    ),
    "else keeps its if": (
        "",
        "if (a)\n\tkvm->x = b;\nelse\n\tkvm->x = c;",
        [("a", "0"), ("a", "1"), ("kvm->x = b;", None), ("kvm->x = c;", None)],
    ),
}


def function(body: str, name: str = "f") -> bytes:
    """A function with a body, as a file."""
    inner = "".join(f"\t{line}\n" for line in body.splitlines())
    return f"static int {name}(struct kvm *kvm)\n{{\n{inner}\treturn 0;\n}}\n".encode()


def found(
    before: bytes, after: bytes, predicate: AskedPredicate | None = KNOB
) -> tuple[Mutant, ...]:
    """The mutants of one file."""
    return numbered(mutants_of("a.c", before, after, [predicate] if predicate else ()))


def short(mutants: tuple[Mutant, ...], data: bytes) -> list[tuple[str, str | None]]:
    """What each mutant replaces, and by what."""
    return [(data[m.start : m.end].decode(), m.value) for m in mutants]


@pytest.mark.parametrize("name", CASES)
def test_what_is_mutated(name: str) -> None:
    before, after, expected = CASES[name]
    data = function(after)
    assert sorted(short(found(function(before), data), data), key=str) == sorted(expected, key=str)


def test_the_predicate_s_answer() -> None:
    before = function("", "kvm_small_maps").replace(b"return 0", b"return false")
    after = before.replace(b"return false", b"return kvm->arch.maps")
    mutants = found(before, after)
    assert short(mutants, after) == [("kvm->arch.maps", "false"), ("kvm->arch.maps", "true")]
    untested = AskedPredicate("kvm_small_maps", "false", "bool", "there is no device")
    assert [m.untested for m in found(before, after, untested)] == ["", "there is no device"]
    number = AskedPredicate("kvm_small_maps", "NS", "u64")
    assert short(found(before, after, number), after) == [("kvm->arch.maps", "NS")]


def test_a_mask_in_a_macro() -> None:
    before = b"#define VALID \\\n\t(FLAG_A | \\\n\t FLAG_B)\n"
    after = before.replace(b"FLAG_B)", b"FLAG_B | \\\n\t FLAG_C)")
    mutants = found(before, after)
    assert short(mutants, after) == [("FLAG_C", "0")]
    assert mutants[0].where() == "a.c:4 in VALID"


def test_where_a_mutant_is_said() -> None:
    (first,) = found(function(""), function("if (!a)\n\treturn -1;"))
    assert first.where() == "a.c:3 in f()"
    assert first.what == "`!a` is never true"


def test_a_file_that_is_no_c_gives_none_or_some_but_no_error() -> None:
    for text in (b"", b"\0\xff", b"if ((((", b"static int f(void)\n{\n\tif (a\n", b"}}}}"):
        found(b"", text)


_PROGRAM = """\
#include <stdio.h>
#include <stdlib.h>
unsigned int {parameter};
#define MASK_A 1
#define MASK_B 2
#define MASKS (MASK_A | MASK_B)
{code}
int main(int argc, char **argv)
{{
	{parameter} = atoi(argv[1]);
	for (int a = 0; a < 2; a++)
		for (int b = 0; b < 16; b++)
			printf("%d ", f(a, b));
	return 0;
}}
"""


def test_all_mutants_in_one_program_and_each_is_another(tmp_path: Path) -> None:
    """Compiled for real: asleep the program is the old one, and each number is one defect."""
    body = (
        "int r = 0;\n"
        "if (a && (b & MASKS) && b != 11)\n\tr |= MASK_B;\nelse\n\tr |= 8;\n"
        "if (!a || b > 9)\n\treturn r;\n"
        "r = a + b;\n"
        "return r;"
    )
    lines = "".join(f"\t{line}\n" for line in body.splitlines())
    after = f"static int f(int a, int b)\n{{\n{lines}}}\n".encode()
    mutants = numbered(mutants_of("a.c", b"", after))
    assert len(mutants) >= 8

    def output(code: bytes, number: int, name: str) -> str:
        source = tmp_path / f"{name}.c"
        source.write_text(_PROGRAM.format(parameter=PARAMETER, code=code.decode()))
        program = source.with_suffix("")
        subprocess.run(["gcc", "-w", "-o", str(program), str(source)], check=True)
        return subprocess.check_output([str(program), str(number)], text=True)

    all_of_them = woven(after, mutants, define=False)
    assert mutants_in(all_of_them) == {mutant.number for mutant in mutants}
    plain = output(after, 0, "plain")
    assert output(all_of_them, 0, "woven") == plain
    for mutant in mutants:
        alone = output(fixed(after, mutant), 0, f"fixed{mutant.number}")
        assert alone != plain, mutant
        assert output(all_of_them, mutant.number, "woven") == alone, mutant


def test_the_parameter_is_declared_for_all_and_defined_once() -> None:
    data = function("if (!a)\n\treturn -1;")
    mutants = found(function(""), data)
    text = woven(data, mutants, define=True).decode()
    assert text.startswith("#if !defined(__ASSEMBLY__)")
    assert f"extern unsigned int {PARAMETER};" in text
    assert f"core_param({PARAMETER}, {PARAMETER}, uint, 0644);" in text
    assert "core_param" not in woven(data, mutants, define=False).decode()
