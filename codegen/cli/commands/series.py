# SPDX-License-Identifier: GPL-2.0-only
"""`gen --variant`, `gen explain` and `gen apply`: a series is made, looked at, applied."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from codegen.base.errors import FindingsError, UsageError
from codegen.base.findings import NotHere, merge
from codegen.base.progress import progress
from codegen.base.resources import resources
from codegen.cli import show, target
from codegen.cli.commands import print_json
from codegen.cli.main import DONE
from codegen.cli.terminal import paste, say, width
from codegen.description.load import Description
from codegen.mail.mbox import MANIFEST
from codegen.plan.plan import Plan
from codegen.plan.variants import Variant, described
from codegen.series.commit import Signer
from codegen.series.make import Generated, finish, open_tree, plan_for
from codegen.series.manifest import sites
from codegen.tree.locate import Commit, Folder, TreeLocation
from codegen.tree.reader import version


def make(options: argparse.Namespace) -> int:
    """`gen --variant V`: generate and write."""
    from codegen.series.folder import write

    reserved, description = target.reserved(options.reserve), target.description(options.abi)
    variants = _variants(options, description)
    location = target.location(options.tree, options.json)
    signer = _signer(location) if options.signoff else None
    made: list[Generated] = []
    folders: list[Path] = []
    answers: dict[str, NotHere] = {}
    problems: list[FindingsError] = []
    with (
        progress(quiet=options.json) as report,
        open_tree(location) as tree,
        ThreadPoolExecutor(1) as pool,
    ):
        tree_version = version(tree)
        waiting: list[Future[Generated]] = []
        for number, variant in enumerate(variants):
            report(number, len(variants), f"planning {variant.name}")
            try:
                plan = plan_for(
                    description, variant, location, tree, reserved, redundant=options.redundant
                )
            except NotHere as answer:
                if len(variants) == 1:
                    raise
                answers[variant.name] = answer
                continue
            except FindingsError as problem:
                problems.append(problem)
                continue
            waiting.append(pool.submit(finish, plan, location, reserved, signer))
        for series in (future.result() for future in waiting):
            report(len(made), len(waiting), f"writing {series.plan.variant.name}")
            folders.append(write(series, options.out, options.force))
            made.append(series)
    if made and not options.json:
        _show(made, folders, answers, tree_version, options)
    if problems or not made:
        raise merge(problems or answers.values()) or UsageError("there is no variant to make")
    if options.json:
        refused = _not_here(answers)
        written = [_as_json(*each) for each in zip(made, folders, strict=True)]
        print_json({"ok": True, "series": written, "not_here": refused})
    return DONE


def _show(
    made: Sequence[Generated],
    folders: Sequence[Path],
    answers: Mapping[str, NotHere],
    tree_version: str,
    options: argparse.Namespace,
) -> None:
    from codegen.cli.nextsteps import next_steps

    columns = width(sys.stdout)
    if options.variant == "all":
        say(show.variants(made, answers, options.out, tree_version, columns))
    else:
        for series, folder in zip(made, folders, strict=True):
            say(show.series(series, folder, tree_version))
            for heading, commands in next_steps(series, folder, options):
                say(heading)
                for line in commands:
                    paste(line)
    for why in dict.fromkeys(series.unaddressed for series in made if series.unaddressed):
        say(f"gen: no To: and Cc:, {why}", sys.stderr)


def _not_here(answers: Mapping[str, NotHere]) -> list[dict[str, object]]:
    """The answers for `--json`, each with the variant's name as its site."""
    found = ((name, finding) for name, answer in answers.items() for finding in answer.findings)
    return [{"site": name, **finding.as_json()} for name, finding in found]


def _as_json(series: Generated, folder: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(series.files[MANIFEST])
    files = sorted(series.files)
    more = {"call": series.plan.call, "unaddressed": series.unaddressed}
    return {**said, "folder": str(folder), "files": files, **more}


def explain(options: argparse.Namespace) -> int:
    """`gen explain`: the plan, and nothing is written."""
    reserved, description = target.reserved(options.reserve), target.description(options.abi)
    variants = _variants(options, description)
    location = target.location(options.tree, options.json)
    plans: list[Plan] = []
    answers: dict[str, NotHere] = {}
    with progress(quiet=options.json) as report, open_tree(location) as tree:
        for number, variant in enumerate(variants):
            report(number, len(variants), f"planning {variant.name}")
            try:
                plans.append(
                    plan_for(
                        description, variant, location, tree, reserved, redundant=options.redundant
                    )
                )
            except NotHere as answer:
                answers[variant.name] = answer
                if len(variants) > 1 and not options.json:
                    say(show.answer(variant, answer))
    if not plans:
        raise merge(answers.values()) or UsageError("there is no variant to explain")
    if options.json:
        refused = _not_here(answers)
        said = [_plan_json(plan) for plan in plans]
        print_json({"ok": True, "plans": said, "not_here": refused})
    else:
        for plan in plans:
            say(show.plan(plan, location))
    return DONE


def _plan_json(plan: Plan) -> dict[str, Any]:
    return {
        "knob": plan.description.knob.name,
        "variant": plan.variant.name,
        "numbers": dict(plan.numbers),
        "call": plan.call,
        "patches": [
            {"subject": patch.subject, "sites": sites(patch), "files": sorted(patch.files)}
            for patch in plan.patches
        ],
    }


def apply(options: argparse.Namespace) -> int:
    """`gen apply`: a series into the user's tree."""
    from codegen.series.branch import apply_branch
    from codegen.series.inplace import apply_in_place, interrupted, restore
    from codegen.tree.cache import cache_path

    if not options.tree:
        raise UsageError("apply needs --tree: the repository or folder to change")
    if options.variant == "all":
        raise UsageError("apply puts one variant into a tree; name it")
    reserved, description = target.reserved(options.reserve), target.description(options.abi)
    (variant,) = _variants(options, description)
    location = target.location(options.tree, options.json)
    at = location.at
    if options.in_place and isinstance(at, Commit):
        raise UsageError(f"{options.tree} is a repository: leave --in-place out, name a --branch")
    if isinstance(at, Commit) and at.git_dir.is_relative_to(cache_path()):
        raise UsageError(f"{options.tree} is gen's own copy: name a repository or folder of yours")
    if not options.in_place and isinstance(at, Folder):
        raise UsageError(f"{options.tree} is no repository: say --in-place to change its files")
    if isinstance(at, Folder) and interrupted(at.folder):
        restore(at.folder)
    with progress(quiet=options.json) as report, open_tree(location) as tree:
        report(0, 2, f"planning {variant.name}")
        plan = plan_for(description, variant, location, tree, reserved, redundant=options.redundant)
        report(1, 2, f"applying {variant.name}")
        if isinstance(at, Folder):
            paths = apply_in_place(plan.files, at.folder)
            said: dict[str, Any] = {"ok": True, "changed": paths}
            text = f"changed in {at.folder}:\n" + "\n".join(f"  {path}" for path in paths)
        else:
            branch = options.branch or f"gen/{description.knob.name}-{variant.name}"
            signer = _signer(location) if options.signoff else None
            tip = apply_branch(plan.patches, at, branch, signer)
            said = {"ok": True, "branch": branch, "commit": tip}
            on = f"{len(plan.patches)} commits on {location.name}"
            text = f"branch {branch} at {tip[:12]} of {at.git_dir}, {on}"
    try:
        print_json(said) if options.json else say(text)
        sys.stdout.flush()
    except OSError as problem:  # what was asked for is done, whoever reads of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        say(f"gen: {text}\ngen: standard output: {problem.strerror}", sys.stderr)
    return DONE


def _variants(options: argparse.Namespace, description: Description) -> tuple[Variant, ...]:
    if options.variant == "all":
        return described(resources("templates"), description.knob)
    return (target.variant_of(options, description),)


def _signer(location: TreeLocation) -> Signer:
    """git's committer, as the user configured it: the one place where the configuration counts."""
    import os
    import subprocess

    who = []
    for variable, key in (("NAME", "user.name"), ("EMAIL", "user.email")):
        command = ["git", "config", "--get", key]
        if isinstance(location.at, Commit):
            command.insert(1, f"--git-dir={location.at.git_dir}")
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        who.append(os.environ.get(f"GIT_COMMITTER_{variable}") or done.stdout.strip())
    if not all(who) or any(c in "<>" or not c.isprintable() for c in "".join(who)):
        raise UsageError(
            "--signoff needs your name and address in git's configuration:",
            [
                "git config --global user.name 'Your Name'",
                "git config --global user.email you@example.org",
            ],
        )
    return Signer(*who)
