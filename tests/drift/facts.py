# SPDX-License-Identifier: GPL-2.0-only
"""What a series has said to a tree, by meaning: in which definitions its names stand, where they
are documented, in which lists its test is, which numbers are taken.

This reads the trees by itself, with none of the code that finds gen's places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise

from clang import cindex

from codegen.check import docs
from codegen.check.docs import sections
from codegen.plan.plan import Plan
from codegen.tree.reader import Overlay, Tree, read_or_none
from tests.drift.draft import SELFTESTS

Facts = dict[str, frozenset[str]]

_FAMILIES = (r"KVM_CAP_\w+", r"KVM_MEM_\w+", r"KVM_X86_QUIRK_\w+", r"KVM_X86_\w+_VM")
_UAPI = ("include/uapi/linux/kvm", "arch/x86/include/uapi/asm/kvm")


def facts(plan: Plan, tree: Tree, moved: Mapping[str, str]) -> Facts:
    """What holds behind the series; `moved` says which definition has become which."""
    after = Overlay(tree, plan.files)
    names = _names(plan)
    (test,) = {p for patch in plan.patches for p in patch.files if read_or_none(tree, p) is None}
    found: dict[str, set[str]] = {
        "code": set(),
        "documented": set(),
        "documentation": set(),
        "lists": {_ignored(after, test)},
        "numbers": set(_collisions(after)),
        "selftest": {_normal(after.read(test).decode())},
    }
    for path, data in plan.files.items():
        text = data.decode("utf-8", "surrogateescape")
        if path == test:
            continue
        if path.endswith((".c", ".h")):
            found["code"] |= {
                f"{name} in {moved.get(where, where)}"
                for name in names
                for where in definitions_naming(text, name)
            }
        elif path.endswith(".rst"):
            before = (read_or_none(tree, path) or b"").decode("utf-8", "surrogateescape")
            found["documented"] |= {f"{n} in {w}" for n in names for w in _sections(text, n)}
            found["documentation"] |= set(_complaints(before, text))
        elif path.endswith("Kconfig"):
            found["lists"] |= {f"{n}: {w}" for n in names for w in _symbols(text, n)}
        elif "Makefile" in path:
            found["lists"] |= set(_tests(text, test))
    return {key: frozenset(values) for key, values in found.items()}


def _names(plan: Plan) -> tuple[str, ...]:
    """The names that the series brings: of the uAPI, of Kconfig, of fields, of the predicate."""
    section = plan.description.knob.section(plan.variant.section)
    known = [getattr(section, key, "") for key in ("flag", "capability", "config", "name")]
    field = getattr(section, "field", None)
    known += [field.name] if field else []
    return tuple(name for name in [*known, plan.description.knob.predicate.name] if name)


def _normal(text: str) -> str:
    """A selftest as tokens, its own folder and the types' dialect left out."""
    text = re.sub(
        r"\b([us])(8|16|32|64)\b", lambda m: f"{'u' if m[1] == 'u' else ''}int{m[2]}_t", text
    )
    return " ".join(text.split())


def definitions_naming(text: str, name: str) -> frozenset[str]:
    """The functions, macros, structs … of a C file in which a name stands."""
    word = re.compile(rf"(?<!\w){name}\b")
    found = set()
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if word.search(line) and not line.lstrip().startswith(("*", "/*", "//")):
            found.add(_enclosing(lines, number))
    return frozenset(found)


def _enclosing(lines: list[str], number: int) -> str:
    first = number
    while first > 0 and lines[first - 1].endswith("\\"):
        first -= 1
    macro = re.match(r"#\s*define\s+(\w+)", lines[first])
    if macro:
        return macro[1]
    for index in range(number, -1, -1):
        line = lines[index]
        if index < number and line.startswith("}"):
            return "the file"
        if re.match(r"[A-Za-z_]", line) and not re.match(r"\w+:$", line):
            # a head may be in several lines, and its name before or behind a line break
            head = " ".join(lines[max(index - 1, 0) : index + 3])
            own = line + " " + (lines[index + 1] if index + 1 < len(lines) else "")
            for form in (
                r"^(?:struct|enum|union)\s+(\w+)\s*\{",
                r"(\w+)\s*\(",
                r"(\w+)(?:\[\])?\s*=",
            ):
                called = re.search(form, own)
                if called:
                    return called[1]
            closing = next((n for n in lines[index:] if n.startswith("}")), head)
            return (re.search(r"(\w+)", closing) or ["the file"])[0]
    return "the file"


def _sections(text: str, name: str) -> Iterator[str]:
    """The sections of a document that name something, by title, and how often in each."""
    lines = text.split("\n")
    heads = [
        i
        for i in range(1, len(lines))
        if re.fullmatch(r"([-=~^])\1{3,}", lines[i])
        and lines[i - 1].strip()
        and not lines[i - 1].startswith((" ", "="))
        and len(lines[i]) >= len(lines[i - 1]) - 2
    ]
    for first, last in pairwise([*heads, len(lines)]):
        inside = lines[first + 1 : max(last - 1, first + 1)]
        title = re.sub(r"^\d+(\.\d+)*\.? ", "", lines[first - 1])
        if any(re.search(rf"(?<!\w){name}\b", line) for line in inside):
            yield title
        if re.search(rf"(?<!\w){name}\b", title):
            yield f"a title {title}"


@lru_cache(maxsize=512)
def complaints(text: str) -> tuple[docs.Complaint, ...]:
    """What docutils says of a piece of a document."""
    return tuple(docs.complaints(text))


def _complaints(before: str, after: str) -> Iterator[str]:
    known = {text for _, text in sections(before)}
    old = {c.key for text in known for c in complaints(text) if text not in after}
    for _, text in sections(after):
        if text not in known:
            yield from (c.key for c in complaints(text) if c.key not in old)


def _ignored(tree: Tree, test: str) -> str:
    """Whether the test's binary is ignored by git: by a line of its own, where there are such."""
    text = (read_or_none(tree, f"{SELFTESTS}.gitignore") or b"").decode()
    lines = [line for line in text.splitlines() if line.startswith("/")]
    stem = test.removeprefix(SELFTESTS).removesuffix(".c")
    return f"ignored {lines.count(f'/{stem}') if lines else 1} times"


def _symbols(text: str, name: str) -> Iterator[str]:
    """Where Kconfig defines or selects a symbol."""
    entry = ""
    for line in text.splitlines():
        head = re.match(r"(?:menu)?config\s+(\w+)", line)
        if head:
            entry = head[1]
            if entry == name:
                yield "defined"
        elif re.match(rf"\s+select\s+{name}\b", line):
            yield "selected"


def _tests(text: str, test: str) -> Iterator[str]:
    """In which lists of a Makefile a test is, and how often, as make joins lines."""
    stem = test.removeprefix(SELFTESTS).removesuffix(".c")
    values: dict[str, list[str]] = {}
    for line in re.sub(r"[ \t]*\\\n[ \t]*", " ", text).splitlines():
        found = re.match(r"(\w+)[ \t]*(\+|:|\?)?=[ \t]*(.*)$", line)
        if found:
            kept = values.get(found[1], []) if found[2] == "+" else []
            values[found[1]] = [*kept, *found[3].split("#")[0].split()]

    def expanded(words: list[str]) -> list[str]:
        joined = " ".join(words)
        joined = re.sub(r"\$\((\w+)\)", lambda m: " ".join(values.get(m[1], [])), joined)
        prefixed = re.search(r"\$\(addprefix ([^,]+),([^)]*)\)", joined)
        if prefixed:
            joined = joined.replace(
                prefixed[0], " ".join(prefixed[1] + w for w in prefixed[2].split())
            )
        return joined.split()

    for variable, words in values.items():
        count = expanded(words).count(stem)
        if count and variable.startswith("TEST_GEN_PROGS_"):
            yield f"{variable.replace('x86_64', 'x86')}: {count} times, of {len(set(expanded(words))) > 1}"


def _collisions(tree: Tree) -> Iterator[str]:
    """Names of one family that have the same number, enumerators as well."""
    for pattern in _FAMILIES:
        names: dict[str, None] = {}
        texts = []
        for prefix in _UAPI:
            for path in tree.paths(prefix):
                text = tree.read(path).decode("utf-8", "surrogateescape")
                texts.append(re.sub(r"^\s*#\s*include.*$", "", text, flags=re.M))
                names.update(
                    dict.fromkeys(
                        re.findall(rf"^(?:#define[ \t]+|\t)({pattern})\b(?=[ \t]|$)", text, re.M)
                    )
                )
        by_value: dict[int, str] = {}
        for name, value in _values("\n".join(texts), list(names)).items():
            if value in by_value:
                yield f"{name} = {by_value[value]}"
            by_value.setdefault(value, name)


def _values(text: str, names: list[str]) -> dict[str, int]:
    probes = "".join(f"enum {{ value_of_{i} = ({n}) }};\n" for i, n in enumerate(names))
    head = "typedef unsigned char __u8; typedef unsigned short __u16; typedef unsigned int __u32;\n"
    head += "typedef unsigned long long __u64; typedef int __s32; typedef long long __s64;\n"
    head += "#define _BITUL(n) (1UL << (n))\n#define _BITULL(n) (1ULL << (n))\n"
    unit = cindex.Index.create().parse(
        "values.c",
        ["-std=gnu11", "-nostdinc", "-w", "-ferror-limit=0"],
        [("values.c", head + text + "\n" + probes)],
        0x200,
    )
    found = {}
    for cursor in unit.cursor.get_children():
        if cursor.kind == cindex.CursorKind.ENUM_DECL:
            for each in cursor.get_children():
                if each.spelling.startswith("value_of_"):
                    found[names[int(each.spelling[9:])]] = each.enum_value
    return found
