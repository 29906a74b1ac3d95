# SPDX-License-Identifier: GPL-2.0-only
"""What gen says of a series that it has made: for people in the cover letter, for programs in the
manifest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from codegen import __version__
from codegen.base.commandline import line
from codegen.base.printable import one_line
from codegen.description.load import Description
from codegen.mail.patch import Patch, Posted
from codegen.plan.context import Reserved
from codegen.plan.plan import Plan
from codegen.tree.debian import PREFIX
from codegen.tree.locate import TreeLocation

TOOL = f"gen {__version__}"


def command_line(plan: Plan, location: TreeLocation, reserved: Reserved | None) -> str:
    """The command that makes the series again."""
    name = plan.description.path
    abi = name[len("abi/") : -len(".yaml")] if name.startswith("abi/") else name
    tree = location.name
    if location.spec.startswith(PREFIX):
        tree = location.spec
    elif location.commit and tree.endswith(f"-{location.commit[:12]}"):
        tree = f"{tree[:-13]}@{location.commit[:12]}"
    parts = ["gen", "--variant", plan.variant.name, "--abi", abi, "--tree", tree]
    for prefix, numbers in sorted((reserved or Reserved()).numbers.items()):
        listed = ",".join(str(number) for number in sorted(numbers))
        parts += ["--reserve", f"{prefix}={listed}"]
    parts += ["--redundant"] if plan.redundant else []
    return line(parts)


def digest(description: Description) -> str:
    """The SHA-256 of a description's text, in hexadecimal."""
    return hashlib.sha256(description.text.encode()).hexdigest()


def manifest(
    plan: Plan,
    location: TreeLocation,
    tree_version: str,
    reserved: Reserved | None,
    patches: Sequence[tuple[Posted, str, str]],
) -> dict[str, Any]:
    """What gen says of a series; `patches` has each with the ids of its commit and its tree."""
    return {
        "tool": TOOL,
        "command": command_line(plan, location, reserved),
        "description": _source(plan),
        "knob": plan.description.knob.name,
        "variant": plan.variant.name,
        "tree": {"name": location.name, "version": tree_version, "base": location.commit},
        "numbers": dict(plan.numbers),
        **({"redundant": plan.redundant} if plan.redundant else {}),
        **({"brought": [_told(part) for part in plan.brought]} if plan.brought else {}),
        "predicates": [said for part in plan.parts if (said := _predicate(part))],
        "patches": [
            {
                "file": patch.name,
                "part": patch.part,
                "subject": patch.subject,
                "commit": commit,
                "tree": tree,
                "sites": sites(patch),
            }
            for patch, commit, tree in patches
        ],
    }


def _told(part: Plan) -> dict[str, Any]:
    """What a manifest says of a knob that the series brings for another one."""
    return {
        "description": _source(part),
        "knob": part.description.knob.name,
        "variant": part.variant.name,
        "numbers": dict(part.numbers),
    }


def _source(plan: Plan) -> dict[str, str]:
    return {"file": one_line(plan.description.path), "sha256": digest(plan.description)}


def _predicate(plan: Plan) -> dict[str, str]:
    """What `gen test` has to know of the predicate to make a kernel that asks it in vain."""
    predicate = plan.description.knob.predicate
    if plan.description.knob.mechanism is None or predicate is None:
        return {}  # nothing asks
    section = plan.description.knob.section(plan.variant.section)
    said = {"name": predicate.name, "off": predicate.off, "returns": predicate.returns}
    reason = getattr(section, "off_untested", None)
    return {**said, "off_untested": " ".join(reason.split())} if reason else said


def sites(patch: Patch) -> list[dict[str, Any]]:
    """Where a patch's edits went and how the places were found, for people and machines."""
    return [
        {
            "site": edit.site,
            "file": edit.place.path,
            "line": edit.place.line,
            "found": edit.place.how,
            "template": edit.template,
            **({"untested": edit.untested, "text": edit.text} if edit.untested else {}),
        }
        for edit in patch.edits
    ]
