# SPDX-License-Identifier: GPL-2.0-only
"""`gen lint` and `gen schema`: descriptions of knobs."""

from __future__ import annotations

import argparse
from pathlib import Path

from codegen.base.errors import FindingsError, UsageError
from codegen.base.findings import Finding, error, merge
from codegen.base.resources import resources
from codegen.cli.commands import print_json
from codegen.cli.main import DONE
from codegen.cli.terminal import say
from codegen.description.load import load
from codegen.series.make import find_description


def lint(options: argparse.Namespace) -> int:
    """`gen lint`: are descriptions all right?"""
    names = options.files or [path.stem for path in sorted(resources("abi").glob("*.yaml"))]
    problems, unread, good = [], [], []
    for name in names:
        path, shown = find_description(name)
        try:
            good.append(load(path, shown if path != Path(name) else name).path)
        except FindingsError as problem:
            problems.append(problem)
        except UsageError as problem:
            unread.append(problem)
    if unread and not problems:
        raise unread[0]
    absent = [error(Finding(str(problem))) for problem in unread]
    together = merge([*problems, *absent])
    if together:
        raise together
    if options.json:
        print_json({"ok": True, "files": good})
    else:
        say("\n".join(f"{path}: all right" for path in good))
    return DONE


def schema(options: argparse.Namespace) -> int:
    """`gen schema`: the JSON Schema of descriptions, for editors."""
    from codegen.description.model import Knob

    said = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    print_json({**said, **Knob.model_json_schema(by_alias=True)})
    return DONE
