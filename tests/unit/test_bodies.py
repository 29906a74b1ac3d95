# SPDX-License-Identifier: GPL-2.0-only
"""The parser says the same of a file without what stands in its functions."""

from __future__ import annotations

import pytest

from codegen.c.apart import apart
from codegen.c.bodies import bodiless

AFTER = b"\nstruct last {\n\tint a;\n};\n#define LAST 1\nint last(void)\n{\n\treturn LAST;\n}\n"
TEXTS = {
    "two": b"int f(int a)\n{\n\tif (a) {\n\t\treturn g(a);\n\t}\n}\n\nint h(void)\n{\n\treturn 1;\n}\n",
    "empty": b"void f(void)\n{\n}\nvoid g(void)\n{\n\th();\n}\n",
    "a brace that is not in column 1": b"int f(void)\n{\n\treturn 1;\n }\n\nint g(void)\n{\n\th();\n}\n",
    "one that opens at the end": b"int f(void)\n{\n\th();\n }\nint g(void) {\n\th();\n}\n",
    "braces of a string": b"int f(void)\n{\n\treturn g(\"}{\") + '{';\n}\nint h(void)\n{\n\tg();\n}\n",
    "a comment": b"int f(void)\n{\n\t/* { */\n\treturn 1; /* } */\n}\n",
    "code in a comment": b"/*\nint f(void)\n{\n\tg();\n}\n*/\nint g(void)\n{\n\th();\n}\n",
    "a comment that ends there": b"/* int f(void)\n{\n\tg(); */ int a; /*\n}\n*/\n",
    "open": b"int f(void)\n{\n\tif (1) {\n}\nint g(void)\n{\n\treturn 1;\n}\n",
    "never closed": b"int f(void)\n{\n\tg();\n",
    "closed twice": b"int f(void)\n{\n\tg();\n}}\nint h(void)\n{\n\tg();\n}\n",
    "a directive": b"int f(void)\n{\n#define IN 2\n\treturn IN;\n}\n",
    "branches": b"int f(void)\n{\n#ifdef A\n\tif (1) {\n#else\n\tif (2) {\n#endif\n\t}\n}\n",
    "a bracket that is open": b"int f(void)\n{\n\tg(1;\n}\nint h(void)\n{\n\tg();\n}\n",
    "a macro's": b"SYSCALL_DEFINE1(f, int, a)\n{\n\treturn a;\n}\n",
    "a macro": b"#define F(a) \\\nint a(void) \\\n{ \\\n}\nint g(void)\n{\n\th();\n}\n",
    "unknown types": b"static foo_t *f(bar_t a)\n{\n\tbaz_t b = { 1 };\n\treturn b;\n}\n",
    "a struct within": b"int f(void)\n{\n\tstruct s {\n\t\tint a;\n\t} b;\n\treturn b.a;\n}\n",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_what_the_parser_says_is_the_same(text: bytes) -> None:
    whole = text + AFTER
    less = bodiless(whole)
    assert len(less.text) < len(whole) or b"#" in whole
    said = (apart("codegen.c.clang", "extents", "a.c", each) for each in (whole, less.text))
    before, after = said
    assert before == tuple((k, name, less.offset(a), less.offset(b)) for k, name, a, b in after)


def test_a_patch_of_a_body_leaves_the_text() -> None:
    text = TEXTS["two"]
    patched = text.replace(b"return g(a);", b"return g(a) + 1;")
    assert bodiless(patched).text == bodiless(text).text
