# SPDX-License-Identifier: GPL-2.0-only
"""What is asked for: a file such as `matrix.yaml`, read as a description is, with places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from codegen.architectures import DEFAULT, RUN
from codegen.base.errors import UsageError
from codegen.base.files import read_file
from codegen.base.findings import Finding, error
from codegen.base.nearest import did_you_mean
from codegen.description.reading import NotRead, YamlDocument, read
from codegen.description.source import MOST_BYTES, read_source, wrong_file

_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
_COMPILER = re.compile(r"(\S*/)?[A-Za-z0-9][A-Za-z0-9._+-]*")
ALL = "all"
PLAIN = "default"  # the configuration that gen has for an architecture


class Until(StrEnum):
    """The steps of a cell in their order; it goes as far as it is told."""

    GENERATE = "generate"
    CHECK = "check"
    BUILD = "build"
    KSELFTEST = "kselftest"
    BOOT = "boot"
    TEST = "test"

    @property
    def steps(self) -> tuple[Until, ...]:
        """The steps up to this one."""
        return tuple(Until)[: tuple(Until).index(self) + 1]


def _known(what: str, names: Sequence[str]) -> Any:
    def known(value: str) -> str:
        if value not in names:
            near = did_you_mean(value, names)
            raise ValueError(f"there is no {what} {value!r}{near}; there are: {', '.join(names)}")
        return value

    return AfterValidator(known)


def _compiler(value: str) -> str:
    if not _COMPILER.fullmatch(value):
        raise ValueError(f"{value!r} is no compiler, such as gcc, clang or gcc-12")
    return value


Text = Annotated[str, Field(min_length=1, max_length=400)]
Texts = Annotated[list[Text], Field(min_length=1, max_length=500)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Unwanted(_Strict):
    """Cells that are left out: those of which all keys that are given hold."""

    description: Text | None = None
    series: Text | None = None
    variant: Text | None = None
    tree: Text | None = None
    architecture: Text | None = None
    configuration: Text | None = None
    compiler: Text | None = None
    why: Annotated[Text, Field(description="why these are left out")]


class MatrixFile(_Strict):
    """A matrix: the product of its lists, less what is in `skip`."""

    name: Annotated[str, Field(pattern=_NAME)] = "matrix"
    descriptions: Texts | None = None
    series: Texts | None = None
    variants: Texts = [ALL]
    trees: Texts = ["debian:6.12"]
    architectures: Annotated[
        list[Annotated[str, _known("architecture to build and boot", RUN)]], Field(min_length=1)
    ] = [DEFAULT.name]
    configurations: Texts = [PLAIN]
    compilers: Annotated[list[Annotated[Text, AfterValidator(_compiler)]], Field(min_length=1)] = [
        "gcc"
    ]
    until: Annotated[str, _known("step", tuple(Until))] = Until.TEST.value
    redundant: bool = False  # also what adds nothing to what a tree has
    limit: Annotated[int, Field(ge=1, le=7 * 86400)] = 4 * 3600  # seconds for a cell
    skip: Annotated[list[Unwanted], Field(max_length=500)] = []


@dataclass(frozen=True)
class Request:
    """What is asked for, and the folder where its paths begin."""

    asked: MatrixFile
    folder: Path = Path()

    def path(self, text: str) -> Path:
        """A path of the file as one for this process."""
        return self.folder / Path(text).expanduser()

    def tree(self, spec: str) -> str:
        """A tree as `--tree` takes it from here."""
        return str(self.folder / spec) if spec.startswith(("./", "../")) else spec


def request(path: Path | None, flags: Mapping[str, Any]) -> Request:
    """What a file and the command line ask for; what the command line says counts.

    Raises UsageError for a file that cannot be read, FindingsError for what is wrong in it.
    """
    if path is None:
        return Request(_checked(None, {**flags}))
    try:
        data = read_file(path, MOST_BYTES + 1)
    except OSError as problem:
        raise UsageError(f"{path}: {problem.strerror}") from None
    document = _document(data, path)
    said = _checked(document, {"name": _name_of(path), **document.value})
    merged = {**said.model_dump(exclude_unset=True), **flags}
    folder = path.parent
    if flags.keys() & {"descriptions", "series", "configurations", "trees"}:
        merged = {key: _absolute(key, value, folder, flags) for key, value in merged.items()}
        folder = Path()
    return Request(_checked(None, merged), folder)


def _absolute(key: str, value: Any, folder: Path, flags: Mapping[str, Any]) -> Any:
    """The paths of a file as seen from here, where the command line names some as well."""
    if key in flags or key not in ("descriptions", "series", "configurations", "trees"):
        return value
    lead = ("./", "../") if key == "trees" else ("./", "../", "/")
    return [str(folder / each) if each.startswith(lead) else each for each in value or ()] or None


def _name_of(path: Path) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip(".-")[:64] or "matrix"


def _document(data: bytes, path: Path) -> YamlDocument:
    source, refused = read_source(data, str(path), "matrix")
    try:
        document = read(source)
    except NotRead as problem:
        raise wrong_file([*refused, *problem.findings]) from None
    if refused or document.findings:
        raise wrong_file([*refused, *document.findings])
    return document


def _checked(document: YamlDocument | None, said: Mapping[str, Any]) -> MatrixFile:
    """The values as they must be.  Raises FindingsError with the place of each that is not."""
    try:
        made = MatrixFile.model_validate(said)
    except ValidationError as problem:
        raise error(*_findings(problem, document)) from None
    if not made.descriptions and not made.series:
        what = "neither `descriptions` nor `series`: there is nothing to try"
        hint = f"descriptions: [{ALL}], names of abi/, or files; series: [my-series/]"
        raise error(
            document.source.finding(1, 1, what, hint) if document else Finding(what, hint=hint)
        )
    return made


def _findings(problem: ValidationError, document: YamlDocument | None) -> Iterator[Finding]:
    seen = set()
    for each in problem.errors(include_url=False):
        where = tuple(part for part in each["loc"])
        message, hint = _worded(each, where)
        if message in seen:
            continue
        seen.add(message)
        if document is None:
            yield Finding(message, hint=hint)
        else:
            at = document.keys.get(where, document.mark(where))
            yield document.source.finding(*at, message, hint)


def _worded(each: Any, where: tuple[str | int, ...]) -> tuple[str, str]:
    """One complaint of pydantic's as a message and a hint."""
    names = [part for part in where if isinstance(part, str)]
    name = f"`{names[-1]}`" if names else "the matrix"
    model = Unwanted if where[:1] == ("skip",) and len(where) > 1 else MatrixFile
    keys = list(model.model_fields)
    match each["type"]:
        case "extra_forbidden":
            near = did_you_mean(str(where[-1]), keys)
            return f"unknown key {name}{near}", "" if near else f"known here: {', '.join(keys)}"
        case "missing":
            return f"{name} is missing", str(model.model_fields[names[-1]].description or "")
        case "list_type":
            return f"{name} is a list", f"write {names[-1]}: [one, another], also of a single one"
        case "string_type":
            return f"{name}: a text is wanted here", "put it into quotes"
        case "bool_type":
            return f"{name} is true or false", ""
        case "int_type":
            return f"{name} is a whole number", ""
    return f"{name}: {each['msg'].removeprefix('Value error, ')}", ""
