# SPDX-License-Identifier: GPL-2.0-only
"""Descriptions as somebody could write them by mistake, in haste or in malice, from a seed.

A description is changed as a text of YAML, as a tree of values, or in one of its texts: prose by
words that some program behind gen reads in its own way, C by tokens.  What fits a key in form but
is odd is what this is for; noise, which the loader refuses at once, is a small part of it.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

from codegen.base.resources import resources
from tests.unit import kit

_GOOD = Path(__file__).parent.parent / "description" / "good"
_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
Where = tuple[str | int, ...]

# what git, patch, docutils, a C compiler, checkpatch.pl, Jinja2 or a terminal reads in its own way
_WORDS = (
    "|subst|", "|a|_", "foo_", "foo__", "`x`_", "`", "``", "``x``", "`x y`", "_`x`", ":c:func:`x`",
    "*", "**", "*x*", "*x", "x*", "**x", "[1]_", "[#]_", "[a]_", "::", "..", ".. note::", "...",
    "====", "----", "- ", "* ", "+ ", "1. ", "#. ", "a) ", "(i) ", ":x: ", "http://x.y/z_", "a@b.c",
    "KVM_CAP_X_", "kvm_", "_kvm", "__u64", "\\", "\\*", "\\n", ">>> ", "| x", "\"x\"", "'x'", "<x>",
    "---", "--", "-- ", "--- a/x", "+++ b/x", "@@ -1 +1 @@", "diff -", "diff --git a/x b/x", "Index:",
    "Index: x", "From ", "From x", ">From x", "From: x <x@y>", "from: x", "Subject: x", "date: x",
    "[PATCH]", "[PATCH] x", "Cc: x", "Fixes: x", "Link: x", "Note: x", "Signed-off-by: X <x@y>",
    "base-commit: x", "8<", "-- >8 --", "#", "#if", "#include <x.h>", "#define", "##", "# x",
    "{{", "}}", "{%", "%}", "{#", "#}", "%s", "%n", "%(x)s", "$x", "$(x)", ";", "&", "&amp;", "~",
    "/*", "*/", "//", "??/", "??-", "<%", "%:", "(", ")", "[", "]", "{", "}", "\"", "'", "?", "!",
    "é", "ü", "\u00a0", "\u200b", "\u202e", "\u2028", "\x07", "\x1b[1m", "日本語の文", "🙂", "e\u0301",
    "\t", "\n", "\n\n", "    ", "  ", "\n    ", "\n#", "\n---\n", "x" * 90, "a_b" * 30, "-" * 76, "0",
    "=?utf-8?q?x?=", ".", ",", ":", "e.g.", "x.", "I", "we", "\n* ", "\n- ", "\n\n#", "\n\n- ",
)  # fmt: skip
_TOKENS = (
    "{", "}", "(", ")", "[", "]", ";", ",", "->", ".", "*", "&", "!", "~", "+", "-", "==", "=", "?",
    ":", "/*", "*/", "//", '"', "'", "\\", "\\\n", "#if 1\n", "#endif\n", "#define X 1\n", "#include <x.h>\n",
    "if (x)\n", "else\n", "for (;;)\n", "do {", "while (0);", "return;", "goto out;", "out:", "break;",
    "case 1:", "default:", "struct x {", "};", "asm(\"\")", "/* x */", "// x\n", "    ", "        ", " \t",
    "\t", "\n", "\n\n", "\n\n\n", "\n        ", "\n    ", "\r\n", "x", "kvm", "slot", "0x", "1e", "0b1",
    "'ab'", "L'a'", '"%s"', "??/", "<%", "%:", "<:", "##", "#", "$x", "@", "`", "é", "{{", "{%", "}}",
    "__x", "u64", "unsigned long", "(u64)", "sizeof(x)", "x" * 90, "a + " * 30, "void", "NULL", "static",
    "diff --git a/x b/x\n", "\n--- a/x\n", "\nFrom x\n", "...", "; ;", " ;", "){", "if(x){", "};\n}\n{\n",
)  # fmt: skip
_NUMBERS = (
    -1,
    0,
    1,
    2,
    30,
    31,
    32,
    63,
    64,
    255,
    1 << 31,
    (1 << 32) - 1,
    1 << 32,
    (1 << 64) - 1,
    1 << 64,
)
_AUTHORS = (
    "A B <a@b.c>", "A <a@b.c>", "AB <a@b.c>", "Ada L. <ada@x.org>", "Ada, Jr. <ada@x.org>",
    '"Ada" <ada@x.org>', "Ada (x) <ada@x.org>", "(Ada) <ada@x.org>", "Ada @ x <ada@x.org>",
    "Ada  L <ada@x.org>", " Ada <ada@x.org>", "Ada' <ada@x.org>", ". . <ada@x.org>", "ada <ada@x>",
    "Ada <.ada@x.org>", "Ada <ada@x.org.>", "Ada <ada@-x>", "A" * 61 + " <ada@x.org>", "Ädä <ada@x.org>",
    "é" * 31 + " <ada@x.org>", "Ada: L <ada@x.org>", "=?utf-8?q?x?= <ada@x.org>", "Ada\\ L <ada@x.org>",
    "Ada; L <ada@x.org>", "Ada \" L <ada@x.org>", "Ada -- <ada@x.org>", "山田 太郎 <y@x.jp>", "- <a@b>",
    "Ada [x] <ada@x.org>", "Ada\tL <ada@x.org>", "Ada <ada..l@x.org>", "#Ada <ada@x.org>",
)  # fmt: skip
_SINGLE_C = ("expression", "condition", "value", "off", "expected", "requires", "default", "args")
_C = (
    "put",
    "code",
    "setup",
    "before",
    "after",
    "instead-of",
    "returns",
    "check-extension",
    *_SINGLE_C,
)
_CODE_LIKE = re.compile(r"[A-Za-z_]\w*|\s+|.", re.S)


@lru_cache(maxsize=1)
def seeds() -> tuple[dict[str, Any], ...]:
    """Sound descriptions: those of the small tree in their variety, the shipped ones, the goldens."""
    number = {
        "type": "u32", "name": "small_maps", "min": 1, "max": 4096, "unit": "pages", "default": "16",
        "range-why": "The tree has no more", "comment": "How many",
    }  # fmt: skip
    bits = [
        {"name": "KVM_X86_SMALL_ON_MOVE", "bit": 0, "means": "use them on a move"},
        {"name": "KVM_X86_SMALL_ON_DELETE", "bit": 3, "means": "use them when one is deleted"},
    ]
    made = [yaml.safe_load(kit.knob_text(author="Ada Lovelace <ada@example.org>"))]
    for each in (
        kit.knob_text("vm-capability", {"field": number, "when": "any-time"}, test={**kit.BASE["test"], "values": [1, 7], "default": "16"}),
        kit.knob_text("vm-capability", {"field": {"type": "mask", "name": "small_maps", "bits": bits, "comment": "Which"}, "privilege": "CAP_SYS_ADMIN"}),
        kit.knob_text("vm-capability", {"when": "once", "condition": ["tdp_enabled"], "condition-why": "Shadow paging has no huge mappings."}),
        kit.knob_text("memslot-flag", {"mutable": True, "excludes": [{"flag": "KVM_MEM_READONLY"}], "condition": ["tdp_enabled"]}),
        kit.knob_text("memslot-flag", {"v1": False}, contract="hint"),
        kit.knob_text("hardcoded", {"expression": None, "field": {"type": "bool", "name": "small_maps", "comment": "As x"}, "value": ["tdp_enabled"], "expected": "true"}),
        kit.knob_text("hardcoded", {"setup": "vm_enable_cap(vm, KVM_CAP_X, 1);", "subject": "Use small mappings for many vCPUs"}),
        kit.knob_text(rfc=True, mechanism=None, test={"name": "small_maps_test"}),
        kit.knob_text(test={**kit.BASE["test"], "requires": "kvm_is_tdp_enabled()", "checks": "the number of mappings"}),
    ):  # fmt: skip
        made.append(yaml.safe_load(each))
    made += [yaml.safe_load(p.read_bytes()) for p in sorted(resources("abi").glob("*.yaml"))]
    for path in sorted(_GOOD.glob("*.yaml")):
        golden = yaml.safe_load(path.read_bytes())
        made.append(golden)
        if "mechanism" in golden:
            made.append(_for_the_small_tree(copy.deepcopy(golden)))
    return tuple(made)


def _for_the_small_tree(said: dict[str, Any]) -> dict[str, Any]:
    """The same knob with a place and a mechanism that the small tree has."""
    said["mechanism"] = copy.deepcopy(kit.BASE["mechanism"])
    said["predicate"]["before"] = list(kit.BASE["predicate"]["before"])
    edit = said["mechanism"]["alternatives"][0]["edits"][0]
    edit["put"] = edit["put"].replace("kvm_small_maps", said["predicate"]["name"])
    return said


def mutant(seed: int) -> bytes:
    """The description of a seed: always the same bytes."""
    random = Random(seed)
    value = copy.deepcopy(random.choice(seeds()))
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        _change_value(random, value)
    text = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    if random.random() < 0.1:
        text = _change_text(random, text)
    return text.encode("utf-8", "surrogatepass")


def leaves(value: Any, at: Where = ()) -> Iterator[tuple[Where, Any]]:
    """Every value that is no collection, with its path."""
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, (*at, key))
    else:
        yield at, value


def _change_value(random: Random, value: dict[str, Any]) -> None:
    found = list(leaves(value))
    where, old = random.choice(found)
    holder: Any = value
    for key in where[:-1]:
        holder = holder[key]
    roll = random.random()
    if roll < 0.05:
        del holder[where[-1]]
    elif roll < 0.10:
        _double(random, value, holder, where)
    elif "author" in where:
        holder[where[-1]] = random.choice(_AUTHORS)
    elif isinstance(old, bool):
        holder[where[-1]] = not old
    elif isinstance(old, int):
        holder[where[-1]] = random.choice((*_NUMBERS, old + 1))
    elif isinstance(old, str):
        names = [part for part in where if isinstance(part, str)]
        change = _change_code if names and names[-1] in _C else _change_prose
        holder[where[-1]] = change(
            random, old, [text for _, text in found if isinstance(text, str)]
        )


def _double(random: Random, value: dict[str, Any], holder: Any, where: Where) -> None:
    """One more item of a list, or the section of another description."""
    if isinstance(holder, list):
        holder.append(copy.deepcopy(random.choice(holder)))
        return
    other = random.choice(seeds())
    key = random.choice(sorted(other))
    value[key] = copy.deepcopy(other[key])


def _change_prose(random: Random, text: str, others: list[str]) -> str:
    words = re.split(r"( +)", text)
    at = random.randrange(len(words) + 1)
    roll = random.random()
    if roll < 0.55:
        gap = random.choice(("", " ", " "))
        words.insert(at, gap + random.choice(_WORDS) + random.choice(("", " ", " ")))
    elif roll < 0.65:
        words = [random.choice(_WORDS), random.choice(("", " ")), *words]
    elif roll < 0.75:
        words += [random.choice(("", " ")), random.choice(_WORDS)]
    elif roll < 0.82:
        words = [random.choice(others)]
    elif roll < 0.88:
        words = words * random.choice((2, 3, 8))
    elif roll < 0.94:
        words = words[:at]
    else:
        offset = random.randrange(len(text) + 1)
        words = [text[:offset], random.choice(_WORDS)[:1], text[offset + 1 :]]
    return "".join(words)


def _change_code(random: Random, text: str, others: list[str]) -> str:
    pieces = _CODE_LIKE.findall(text)
    at = random.randrange(len(pieces) + 1)
    roll = random.random()
    if roll < 0.5 or not pieces:
        pieces.insert(at, random.choice(("", " ")) + random.choice(_TOKENS))
    elif roll < 0.6:
        del pieces[min(at, len(pieces) - 1)]
    elif roll < 0.7:
        pieces.insert(at, random.choice(pieces))
    elif roll < 0.8:
        other = random.randrange(len(pieces))
        at = min(at, len(pieces) - 1)
        pieces[at], pieces[other] = pieces[other], pieces[at]
    elif roll < 0.87:
        pieces = [text.replace("\t", random.choice(("    ", "        ", " \t")))]
    elif roll < 0.94:
        pieces[min(at, len(pieces) - 1)] = random.choice(_TOKENS)
    else:
        pieces = [random.choice(others)]
    return "".join(pieces)


def _change_text(random: Random, text: str) -> str:
    lines = text.split("\n")
    at = random.randrange(len(lines))
    roll = random.random()
    if roll < 0.2:
        del lines[at]
    elif roll < 0.4:
        lines.insert(at, random.choice(lines))
    elif roll < 0.6:
        lines[at] = random.choice((" ", "  ", "\t", "- ", "? ")) + lines[at]
    else:
        column = random.randrange(len(lines[at]) + 1)
        lines[at] = (
            lines[at][:column] + random.choice((*_WORDS, ": ", "&a ", "*a")) + lines[at][column:]
        )
    return "\n".join(lines)
