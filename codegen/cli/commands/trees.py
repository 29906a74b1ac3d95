# SPDX-License-Identifier: GPL-2.0-only
"""`gen tree`: trees by name."""

from __future__ import annotations

import argparse
import sys

from codegen.base.progress import progress
from codegen.cli import show, target
from codegen.cli.commands import print_json
from codegen.cli.main import DONE
from codegen.cli.terminal import put, say, width


def tree(options: argparse.Namespace) -> int:
    """`gen tree list|add|remove`."""
    from codegen import tree as trees

    if options.command == "tree list":
        with progress(quiet=options.json) as report:
            report(0, None, "measuring the trees")
            entries = trees.list_trees()
        if options.json:
            print_json({"ok": True, "trees": [show.tree_json(entry) for entry in entries]})
        else:
            put(show.trees(entries, width(sys.stdout)))
        return DONE
    if options.command == "tree remove":
        with progress(quiet=options.json) as report:
            report(0, None, f"removing {options.name}")
            trees.remove(options.name)
        said = f"removed {options.name}"
    elif options.place:
        trees.add(options.name, options.place)
        said = f"{options.name} is {options.place}"
    else:
        with progress(quiet=options.json) as report:
            location = trees.resolve(options.name, report)
        target.note(location)
        said = f"{options.name} is ready: {(location.commit or '')[:12]}"
    print_json({"ok": True, "message": said}) if options.json else say(said)
    return DONE
