# SPDX-License-Identifier: GPL-2.0-only
"""What people read on the terminal, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from codegen.base.commandline import line as command_line
from codegen.base.commandline import program
from codegen.base.findings import NotHere
from codegen.cli import terminal
from codegen.compare.kernel import changed
from codegen.plan.plan import Plan
from codegen.plan.variants import Variant
from codegen.series.make import Generated
from codegen.series.manifest import sites
from codegen.tree.locate import TreeLocation


def series(made: Generated, folder: Path, tree_version: str) -> str:
    """What was made: patches with their size, numbers, sites, and the folder of its files."""
    plan = made.plan
    title = f"{plan.description.knob.name} as {plan.variant.name} on {made.tree.name}"
    lines = [title + (f" (Linux {tree_version})" if tree_version else ""), ""]
    for name in _patches(made):
        files = changed([made.files[name]])
        added, removed = sum(each.added for each in files), sum(each.removed for each in files)
        subject = plan.patches[int(name[:4]) - 1].subject
        plural = "file" if len(files) == 1 else "files"
        lines.append(f"  {name[:4]}  {subject}")
        lines.append(f"        {len(files)} {plural}, +{added} -{removed}")
    lines += ["", *_numbers(plan), *_sites(plan)]
    return "\n".join([*lines, f"files:    {folder}/"])


def variants(
    made: Sequence[Generated],
    answers: Mapping[str, NotHere],
    root: Path,
    tree_version: str,
    columns: int | None,
) -> str:
    """All variants of a knob as a table: what each costs, and what userspace does to have it."""
    rows = [(each.plan.variant.name, *_row(each)) for each in made]
    for name, each in answers.items():
        reason, more = each.findings[0], len(each.findings) - 1
        rest = f"; {more} more reasons" if more > 0 else ""
        rows.append((name, *["-"] * 5, f"not here: {reason.message}{rest}"))
    costs = ("patches", "files", "code", "api.rst", "tests")
    headings = ("variant", *costs, "numbers, and what userspace calls")
    lines = [terminal.table(headings, sorted(rows), columns)]
    if made:
        first = made[0]
        knob = first.plan.description.knob.name
        title = f"{knob} on {first.tree.name}"
        title += f" (Linux {tree_version})" if tree_version else ""
        more_of_it = command_line(
            ["compare", "--quick", "--abi", first.abi, "--tree", first.tree.spec]
        )
        lines = [title, "", *lines, "", f"files:    {root / first.folder.parent}/VARIANT/"]
        lines += [f"compare:  {program()} {more_of_it}"]
    return "\n".join(lines)


def _row(made: Generated) -> tuple[str, ...]:
    """The short form of what `gen compare` says: patches, files, and lines by what they are."""
    names = _patches(made)
    files = changed(made.files[name] for name in names)
    lines = [sum(f.lines for f in files if f.of == of) for of in ("code", "documents", "tests")]
    numbers = ", ".join(f"{name} = {number}" for name, number in made.plan.named_numbers.items())
    last = "\n".join(text for text in (numbers, made.plan.call) if text)
    return str(len(names)), str(len(files)), *map(str, lines), last


def _patches(made: Generated) -> list[str]:
    return sorted(name for name in made.files if name.endswith(".patch") and name[:4] != "0000")


def _numbers(plan: Plan) -> list[str]:
    said = [f"{name} = {number}" for name, number in plan.named_numbers.items()]
    return [f"numbers:  {', '.join(said)}"] if said else ["numbers:  none taken"]


def _sites(plan: Plan) -> list[str]:
    lines = ["sites:"]
    for number, patch in enumerate(plan.patches, 1):
        for site in sites(patch):
            place = f"{site['file']}:{site['line']}" if site["line"] else site["file"]
            lines.append(f"  {number:04}  {place}")
            lines.append(f"        {site['found']}")
    return lines


def plan(made: Plan, location: TreeLocation) -> str:
    """A plan: the numbers, and every edit with its site and its text."""
    lines = [f"{made.description.knob.name} as {made.variant.name} on {location.name}"]
    lines += _numbers(made)
    for number, patch in enumerate(made.patches, 1):
        lines += ["", f"{number:04}  {patch.subject}"]
        for edit in patch.edits:
            place = edit.place
            where = f"{place.path}:{place.line}" if place.line else f"{place.path} (new)"
            lines += [f"  {where}", f"    site {edit.site}: {place.how}"]
            lines += [f"    - {line}" for line in place.old.rstrip("\n").split("\n") if place.old]
            lines += [f"    + {line}" for line in edit.text.rstrip("\n").split("\n")]
    return "\n".join(lines) + "\n"


def answer(variant: Variant, reason: NotHere) -> str:
    """Why a variant is not made on this tree."""
    return f"{variant.name}: not here: {reason}\n"


def trees(entries: Sequence[Any], columns: int | None) -> str:
    """The trees that have a name, as a table."""
    if not entries:
        return "no trees yet: `gen tree add debian:6.12`, or `gen tree add NAME PATH[@REV]`"
    rows = [
        (e.name, e.kind, e.version or "-", (e.commit or "-")[:12], megabytes(e.size))
        for e in entries
    ]
    return terminal.table(("NAME", "KIND", "LINUX", "COMMIT", "SIZE"), rows, columns)


def megabytes(size: int | None) -> str:
    """A size in bytes as people say it."""
    return f"{size / 1e6:.0f} MB" if size else "-"


def tree_json(entry: Any) -> dict[str, Any]:
    """A named tree for machines."""
    return {
        name: str(value) if isinstance(value, Path) else value
        for name in ("name", "kind", "version", "commit", "size", "place")
        if (value := getattr(entry, name, None)) is not None
    }
