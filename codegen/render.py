# SPDX-License-Identifier: GPL-2.0-only
"""Templates: Jinja2 in its sandbox, undefined names are errors, the kernel's styles as filters."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from codegen.c import layout
from codegen.docs import one_more_flag, table_row
from codegen.findings import Finding, error

MESSAGE_COLUMNS = 75  # Documentation/process/submitting-patches.rst, "The canonical patch format"
DOCUMENT_COLUMNS = 79


def resources(name: str) -> Path:
    """The folder `templates` or `abi`: beside the package in a checkout, inside it in a wheel."""
    inside = Path(str(files("codegen"))) / name
    return inside if inside.is_dir() else inside.parent.parent / name


def _paragraphs(text: str, columns: int) -> str:
    parts = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(layout.filled(part, columns) for part in parts if part.strip()) + "\n"


def message(text: str) -> str:
    """Paragraphs of a commit message, wrapped."""
    return _paragraphs(text, MESSAGE_COLUMNS)


def paragraph(text: str) -> str:
    """Paragraphs of documentation, wrapped."""
    return _paragraphs(text, DOCUMENT_COLUMNS)


def listing(names: Sequence[str], word: str) -> str:
    """`a, b and c`."""
    names = list(names)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"


def negated(expression: str) -> str:
    """A C expression turned around."""
    simple = re.fullmatch(r"[\w.>()-]+", expression) and "(" not in expression[:1]
    if simple:
        return f"!{expression}"
    if re.fullmatch(r"![\w.>()-]+", expression):
        return expression[1:]
    return f"!({expression})"


def for_any_vm(expression: str) -> str:
    """An expression for KVM_CHECK_EXTENSION, which has no VM if the system is asked."""
    uses_vm = re.search(r"\bkvm\b", expression)
    if not uses_vm:
        return expression
    inner = f"({expression})" if re.search(r"\|\||&&|\?", expression) else expression
    return f"!kvm || {inner}"


def argument_test(field: Any, args: str) -> str:
    """The C test that says whether a capability's arguments are none that the field takes."""
    return " || ".join([*_value_tests(field, f"{args}[0]"), *(f"{args}[{n}]" for n in (1, 2, 3))])


def _value_tests(field: Any, value: str) -> list[str]:
    if field.type == "bool":
        return [f"({value} & ~1)"]
    if field.type == "mask":
        names = " | ".join(bit.name for bit in field.bits)
        mask = f"({names})" if len(field.bits) > 1 else names
        return [f"({value} & ~(u64){mask})"]
    tests = [f"{value} < {literal(field.min)}"] if field.min > 1 else []
    tests += [f"!{value}"] if field.min == 1 else []
    tests += [f"{value} > {literal(field.max)}"] if field.max < 2**64 - 1 else []
    return tests


def argument_values(field: Any) -> str:
    """The values that switch a capability on, as people say them."""
    if field.type == "bool":
        return "1"
    if field.type == "mask":
        return " | ".join(bit.name for bit in field.bits)
    return f"{field.min} to {field.max}"


def literal(number: int) -> str:
    """A number in C, with a suffix where an int does not hold it."""
    return str(number) if number < 1 << 31 else f"{number}ull"


def bit_defines(bits: Sequence[Any]) -> str:
    """`#define` for each bit of a mask, the values in one column."""
    start = max(layout.width(f"#define {bit.name}") for bit in bits) // 8 + 1
    lines = []
    for bit in bits:
        line = f"#define {bit.name}"
        tabs = "\t" * (start - layout.width(line) // 8)
        lines.append(f"{line}{tabs}(1 << {bit.bit})")
    return "\n".join(lines)


def c_type(kind: str) -> str:
    """The kernel's type for a field."""
    return {"bool": "bool", "mask": "u32"}.get(kind, kind)


def initial(field: Any) -> str:
    """What a field holds before anybody sets it, in C."""
    return field.default if field.type in ("u32", "u64") else "0"


def heading(title: str, mark: str) -> str:
    """A title with its underline."""
    return f"{title}\n{mark * len(title)}"


def comment_block(text: str) -> str:
    """The comment at the head of a file, always in the form of several lines."""
    made = layout.comment(text)
    return made if "\n" in made else f"/*\n * {made[3:-3]}\n */"


def test_cases(text: str) -> list[tuple[str, bool]]:
    """The cases of a selftest, its functions `test_*()`, in order, and which look at the effect."""
    found = re.findall(r"^static void test_(\w+)\(void\)\n\{\n(.*?)^\}", text, re.M | re.S)
    return [(name, bool(re.search(r"\b(observe|check_value)\(", body))) for name, body in found]


def rst_field(text: str, name: str) -> str:
    """A field of an RST field list, its further lines indented."""
    first = f":{name}: "
    lines = layout.filled(text, DOCUMENT_COLUMNS - 10).split("\n")
    return "\n".join([first + lines[0], *(" " * 10 + line for line in lines[1:])]) + "\n"


_FILTERS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        message,
        paragraph,
        listing,
        negated,
        for_any_vm,
        argument_test,
        argument_values,
        bit_defines,
        c_type,
        initial,
        literal,
        heading,
        comment_block,
        rst_field,
        test_cases,
        one_more_flag,
        table_row,
        layout.bit_like,
        layout.column,
        layout.comment,
        layout.declarator,
        layout.one_more_in_macro,
        layout.or_into,
    )
}


def _define(sibling: str, name: str, value: object) -> str:
    return layout.define(name, value, sibling)


@lru_cache(maxsize=4)
def environment(folder: Path) -> ImmutableSandboxedEnvironment:
    """The templates of a folder."""
    made = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    made.filters.update(_FILTERS, define=_define)
    made.tests["digits"] = lambda value: str(value).isdecimal()
    return made


@lru_cache(maxsize=256)
def _template(made: ImmutableSandboxedEnvironment, text: str) -> Any:
    return made.from_string(text)


@lru_cache(maxsize=256)
def _expression(made: ImmutableSandboxedEnvironment, text: str) -> Any:
    return made.compile_expression(text, undefined_to_none=False)


class Renderer:
    """Templates with what they all may speak of."""

    def __init__(self, folder: Path, context: Mapping[str, Any]) -> None:
        self._environment = environment(folder)
        self._context = dict(context)

    def render(self, template: str, **more: Any) -> str:
        """A template's text. Raises FindingsError where the template is wrong."""
        return self._guarded(
            template, lambda: self._environment.get_template(f"{template}.j2"), more
        )

    def inline(self, text: str, **more: Any) -> str:
        """A text of an edit list, which may name what templates may name."""
        return self._guarded(text, lambda: _template(self._environment, text), more)

    def holds(self, expression: object, **more: Any) -> bool:
        """Whether an expression of an edit list holds; True where there is none."""
        if expression is None:
            return True
        try:
            compiled = _expression(self._environment, str(expression))
            return bool(compiled(**self._context, **more))
        except TemplateError as problem:
            raise _wrong(str(expression), problem) from None

    def _guarded(self, name: str, load: Callable[[], Any], more: Mapping[str, Any]) -> str:
        try:
            return str(load().render(**self._context, **more))
        except TemplateError as problem:
            raise _wrong(name, problem) from None


def _wrong(name: str, problem: TemplateError) -> Exception:
    line = getattr(problem, "lineno", 0) or 0
    where = getattr(problem, "name", None) or name
    return error(Finding(f"template {where}: {problem.message}", f"templates/{where}", line))
