# SPDX-License-Identifier: GPL-2.0-only
"""Parts of a description, and the kinds of value that several of them have."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import lru_cache
from typing import Annotated, Any, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from codegen.base.errors import FindingsError
from codegen.base.findings import Finding, error
from codegen.vocabulary.ccode import Expression, Keywordless

Where = tuple[str | int, ...]  # keys and indexes from the top of the document
Find = Callable[[Sequence[str | int], str, str], Finding]  # where, what is wrong, what would help


def dashed(name: str) -> str:
    """A Python name as a description or an edit list writes it."""
    return name.replace("_", "-")


def attribute(key: str) -> str:
    """The same turned around: a key, or the name of a kind, as a name of Python."""
    return key.replace("-", "_")


def invalid(problem: ValidationError, path: str, *above: str) -> FindingsError:
    """What is wrong with a file of `templates/`: each key, below the keys `above`, and why."""
    return error(
        *(
            Finding(f"{': '.join(map(str, (*above, *each['loc'])))}: {each['msg']}", path)
            for each in problem.errors()
        )
    )


class Part(BaseModel):
    """Every part of a description: frozen, no unknown key, keys written with dashes."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=dashed,
        populate_by_name=False,
        defer_build=True,  # a part is checked within a whole: one validator is built, of that
    )

    @model_validator(mode="wrap")
    @classmethod
    def _keep(
        cls, said: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Self:
        """Hand a part that is well formed to the loader, which checks it although others are not.

        The loader gives a dictionary as context; it gets the part under the identity of what the
        part was made of.
        """
        part = handler(said)
        if info.context is not None:
            info.context[id(said)] = part
        return part


def matching(pattern: str, example: str, length: int = 64) -> Any:
    """A text of a pattern, with an example of it for the JSON Schema."""
    return Field(pattern=pattern, max_length=length, examples=[example])


Identifier = Annotated[str, matching(r"^[a-z_][a-z0-9_]*$", "kvm_zap_leafs_only"), Keywordless]
Capability = Annotated[str, matching(r"^KVM_CAP_[A-Z0-9_]*[A-Z0-9]$", "KVM_CAP_X86_ZAP_LEAFS_ONLY")]
KvmSymbol = Annotated[
    str, matching(r"^((HAVE|NEED)_)?KVM_[A-Z0-9_]+$", "HAVE_KVM_MEMSLOT_ZAP_LEAFS_ONLY")
]
Errno = Annotated[str, matching(r"^E[A-Z0-9]+$", "ENXIO", 20)]
Unsigned = Annotated[int, Field(ge=0, le=(1 << 64) - 1)]


class _Alternatives:
    """Marks the values of which a tree takes one."""


# C expressions in kernel terms, tried in order: the first whose names the tree knows is taken.
Expressions = Annotated[list[Expression], Field(min_length=1, max_length=8), _Alternatives()]


@lru_cache(maxsize=128)
def expression_keys(section: type[BaseModel]) -> tuple[str, ...]:
    """The attributes of a part that are lists of expressions, of which a tree takes one."""
    fields = section.model_fields.items()
    return tuple(n for n, f in fields if any(map(_marked, (*f.metadata, f.annotation))))


def _marked(part: Any) -> bool:
    return isinstance(part, _Alternatives) or any(map(_marked, get_args(part)))


def twice(values: Sequence[Hashable]) -> Iterator[int]:
    """The indexes of values that stood before."""
    for index, value in enumerate(values):
        if value in values[:index]:
            yield index


def repeated(
    values: Sequence[Hashable] | None, where: Where, find: Find, key: str = ""
) -> Iterator[Finding]:
    """Findings about items of a list that stood before; `key` is the one that says so."""
    for index in twice(values or ()):
        last = (key,) if key else ()
        yield find((*where, index, *last), f"`{(values or ())[index]}` is given twice", "")


def number(text: str) -> int | None:
    """The number that an expression of C is, if it is one."""
    found = re.fullmatch(r"(0[xX][0-9a-fA-F]+|0|[1-9][0-9]*)[uUlL]*", text.strip())
    return int(found[1], 0) if found else None
