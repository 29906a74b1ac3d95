# SPDX-License-Identifier: GPL-2.0-only
"""The command line: arguments in, one call, what it returned printed; nothing else."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from codegen.base.errors import DamagedRepository, EnvironmentFailure, FindingsError, GenError
from codegen.base.findings import Finding
from codegen.base.printable import printable_json
from codegen.c import apart
from codegen.cli.terminal import paste, put, say, width
from codegen.cli.usage import parse

_PARSE_C = ("series:", "check:", "abi:")
DONE, FOUND, FAILED, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in given
    try:
        options = parse(given)
        if options.run.startswith(_PARSE_C):
            apart.start()  # takes as long as importing the command, on another processor
        try:
            return _command(options.run)(options)
        except DamagedRepository as problem:
            if not _forgotten(problem):
                raise
        finally:
            _say_notes()
        return _command(options.run)(options)
    except GenError as problem:
        return tell(problem, as_json)
    except KeyboardInterrupt:
        say("gen: interrupted; nothing half-written is left", sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return FAILED
    except RecursionError:
        return tell(EnvironmentFailure("the input is nested too deeply"), as_json)
    except (MemoryError, OSError) as problem:
        return tell(EnvironmentFailure(str(problem) or type(problem).__name__), as_json)


def _forgotten(problem: DamagedRepository) -> bool:
    """Whether it was gen's own copy of trees that is damaged: then it is imported again."""
    from codegen.tree.registry import forget_damaged

    if not forget_damaged(problem.git_dir):
        return False
    say(f"gen: {problem}\ngen: this is the cache: the tree is imported again", sys.stderr)
    return True


def _say_notes() -> None:
    """What was wrong with the store of results, where it was asked at all."""
    if module := sys.modules.get("codegen.store.store"):
        for text in module.notes():
            say(f"gen: note: {text}", sys.stderr)


def _command(run: str) -> Callable[[argparse.Namespace], int]:
    """A command's function; only the module of the command that runs is imported."""
    module, _, function = run.partition(":")
    found: Callable[[argparse.Namespace], int]
    found = getattr(import_module(f"codegen.cli.commands.{module}"), function)
    return found


def _text(finding: Any) -> str:
    return finding.render(width(sys.stderr)) if isinstance(finding, Finding) else str(finding)


def tell(problem: GenError, as_json: bool) -> int:
    """Say what is wrong, to people or to programs; the exit status that it means."""
    status = FOUND if isinstance(problem, FindingsError) else FAILED
    findings: Sequence[Any] = getattr(problem, "findings", ())
    if as_json:
        said = [f.as_json() if hasattr(f, "as_json") else {"message": str(f)} for f in findings]
        error = {"message": str(problem), "status": status, "findings": said}
        more = {"commands": problem.commands} if problem.commands else {}
        put(printable_json({"ok": False, "error": {**error, **more}}))
    elif findings:
        for finding in findings:
            say(_text(finding), sys.stderr)
    else:
        say(f"gen: {problem}", sys.stderr)
        for line in problem.commands:
            paste(line, sys.stderr)
    return status
