# SPDX-License-Identifier: GPL-2.0-only
"""Templates: Jinja2 in its sandbox, undefined names are errors, the kernel's styles as filters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, Template, TemplateError
from jinja2.environment import TemplateExpression
from jinja2.sandbox import ImmutableSandboxedEnvironment

from codegen.base.findings import Finding, error
from codegen.kinds import kinds, templates_see
from codegen.plan.bytecode import CompiledTemplates
from codegen.style.filters import FILTERS


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
        bytecode_cache=CompiledTemplates(folder, ("style", "kinds", "plan")),
    )
    made.filters.update(FILTERS)
    for name in kinds():
        made.filters.update(getattr(templates_see(name), "FILTERS", {}))
    made.tests["digits"] = lambda value: str(value).isdecimal()
    return made


@lru_cache(maxsize=256)
def _template(made: ImmutableSandboxedEnvironment, text: str) -> Template:
    return made.from_string(text)


@lru_cache(maxsize=256)
def _expression(made: ImmutableSandboxedEnvironment, text: str) -> TemplateExpression:
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

    def _guarded(self, name: str, load: Callable[[], Template], more: Mapping[str, Any]) -> str:
        try:
            return load().render(**self._context, **more)
        except TemplateError as problem:
            raise _wrong(name, problem) from None


def _wrong(name: str, problem: TemplateError) -> Exception:
    line = getattr(problem, "lineno", 0) or 0
    where = getattr(problem, "name", None) or name
    return error(Finding(f"template {where}: {problem.message}", f"templates/{where}", line))
