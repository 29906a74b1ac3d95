# SPDX-License-Identifier: GPL-2.0-only
"""`gen doctor`: what the machine lacks, and the one command that gets it."""

from __future__ import annotations

import argparse

from codegen.architectures import COMPILED, chosen
from codegen.cli.commands import print_json
from codegen.cli.main import DONE, FOUND
from codegen.cli.terminal import say
from codegen.run.doctor import accelerator, apt_command, examine, parts, room
from codegen.sandbox import sandbox
from codegen.tree.cache import cache_path


def doctor(options: argparse.Namespace) -> int:
    """Print what is there and what is missing; FOUND where something that is needed is missing."""
    arch = chosen(options.arch, among=COMPILED)
    found, confined = examine(parts(arch)), sandbox.found()
    free, enough = room(cache_path())
    missing = [each for each in found if each.part.needed and not each.version]
    good = enough and not missing
    if options.json:
        listed = [
            {
                "name": each.part.name,
                "version": each.version or None,
                "package": each.part.package,
                "use": each.part.use,
                "needed": each.part.needed,
            }
            for each in found
        ]
        said: dict[str, object] = {
            "arch": arch.name,
            "parts": listed,
            "accelerator": accelerator(arch),
            "cache": str(cache_path()),
        }
        said["sandbox"] = {"there": confined.path is not None, "what": str(confined)}
        install = apt_command(found) or None
        print_json({"ok": good, **said, "free_gb": round(free, 1), "install": install})
        return DONE if good else FOUND
    width = max(len(each.part.name) for each in found)
    for each in found:
        state = each.version or ("MISSING" if each.part.needed else "missing")
        say(f"{each.part.name:{width}}  {state:10}  {each.part.use}")
    say(f"{'cache':{width}}  {free:.0f} GB free{'' if enough else ', TOO LITTLE'}, {cache_path()}")
    say(f"{'sandbox':{width}}  {confined}")
    if confined.path is None:
        say("    a series that gen did not make is built and tested with --trust alone")
    say(accelerator(arch))
    command = apt_command(found)
    if command:
        say(f"\nas root: {command}")
    return DONE if good else FOUND
