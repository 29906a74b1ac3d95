# SPDX-License-Identifier: GPL-2.0-only
"""`gen compare`: all variants of a knob on some trees, side by side."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby

from codegen.architectures import Architecture, chosen
from codegen.base import whole
from codegen.base.commandline import line
from codegen.base.errors import UsageError
from codegen.base.progress import Report, progress
from codegen.base.resources import resources
from codegen.cli import target
from codegen.cli.commands import print_json, writing
from codegen.cli.main import DONE
from codegen.cli.terminal import put, say
from codegen.compare import evidence
from codegen.compare.ages import aged
from codegen.compare.contender import Contender, Wanted, contenders
from codegen.compare.drift import Move, text
from codegen.compare.drift import drift as drifted
from codegen.compare.evidence import Evidence
from codegen.compare.gather import page
from codegen.compare.measures import measure_of
from codegen.compare.measuring import plots
from codegen.compare.model import Page
from codegen.compare.reach import Reach, reach
from codegen.compare.show import markdown, terminal
from codegen.description.load import Description
from codegen.plan.variants import Variant, described, load_variant
from codegen.run.build import Options
from codegen.series.make import open_tree
from codegen.tree.reader import version


def compare(options: argparse.Namespace) -> int:
    """`gen compare`: gather, and show in the form that is asked for."""
    if options.markdown + options.json + bool(options.html) > 1:
        raise UsageError("one of --json, --markdown and --html at a time")
    with progress(quiet=options.json) as report:
        found = _contenders(options, report)
        seen = _evidence(options, found, report)
        curves = plots(found, seen, measure_of(found[0].description))
        ages = aged(found, None if options.quick else report)
        notes = _notes(found[0].description)
        built = evidence.sections(found, seen)
        reached = _reached(found, None if options.quick else report)
        made = page(found, _command(options), ages, built, curves, notes, reached)
    if options.json:
        print_json({"ok": True, **asdict(made)})
    elif options.markdown:
        put(markdown.text(made).removesuffix("\n"))
    elif options.html:
        _write(options, made)
    else:
        put(terminal.text(made))
    return DONE


def drift(options: argparse.Namespace) -> int:
    """`gen drift`: what moved between two trees."""
    if len(dict.fromkeys(options.tree)) != 2:
        raise UsageError("drift compares two trees: --tree A --tree B")
    with progress(quiet=options.json) as report:
        found = _contenders(options, report)
        half = len(found) // 2
        pairs = list(zip(found[:half], found[half:], strict=True))
        moved = []
        for number, (first, second) in enumerate(pairs):
            report(number, len(pairs), f"bringing {first.where} to {second.location.name}")
            moved.append(drifted(first, second))
    if options.json:
        said = [{**asdict(each), "moves": [_move(move) for move in each.moves]} for each in moved]
        print_json({"ok": True, "drift": said})
    else:
        say(text(moved))
    return DONE


def _move(move: Move) -> dict[str, object]:
    return {**asdict(move), "what": move.what}


def _write(options: argparse.Namespace, made: Page) -> None:
    from codegen.compare.show import html

    with writing(options.html):
        whole.write(options.html, html.text(made))
    say(f"page:  {options.html}")


def _contenders(options: argparse.Namespace, report: Report) -> Sequence[Contender]:
    """Every variant that is asked for on every tree that is."""
    templates, keep_free = resources("templates"), target.reserved(options.reserve)
    knob = target.description(options.abi)
    variants: Sequence[Variant] = described(templates, knob.knob)
    if getattr(options, "variants", None):
        names = dict.fromkeys(name.strip() for name in options.variants.split(","))
        variants = [load_variant(templates, name) for name in names]
    wanted = Wanted(knob, variants, keep_free, options.redundant)
    found: list[Contender] = []
    for tree in dict.fromkeys(options.tree or [None]):
        where = target.location(tree, options.json)
        with open_tree(where) as source:
            called = version(source)
        found += contenders(wanted, where, called, report)
    return found


def _notes(description: Description) -> Sequence[str]:
    """What is missing on the whole page, and why."""
    if measure_of(description):
        return ()
    name = f"measures/{description.knob.name}.yaml"
    return (f"nothing is measured in a guest: {name} beside the description would say what",)


def _evidence(
    options: argparse.Namespace, found: Sequence[Contender], report: Report
) -> Sequence[Evidence]:
    """What was seen of each; without --quick, what nobody has seen yet is looked at now."""
    seen: list[Evidence] = []
    for group in _by_tree(found):
        how = Options(options.compiler, _arch(group), jobs=options.jobs)
        if options.quick:
            seen += [evidence.recall(each, how) for each in group]
        else:
            from codegen.compare.work import find_out

            seen += find_out(group, how, report)
    return seen


def _reached(found: Sequence[Contender], report: Report | None) -> Sequence[Reach]:
    """Whether KVM_RUN comes to where each of them asks; without a report as far as it is known."""
    return [one for group in _by_tree(found) for one in reach(group, _arch(group), report)]


def _by_tree(found: Sequence[Contender]) -> Iterator[list[Contender]]:
    for _, same in groupby(found, key=lambda each: each.location):
        yield list(same)


def _arch(group: Sequence[Contender]) -> Architecture:
    """The architecture to build for: one that can be, and that all of the knob's variants have."""
    return chosen(None, group[0].description.knob.architectures)


def _command(options: argparse.Namespace) -> str:
    """The command that makes the page again."""
    words = ["gen", "compare", "--abi", options.abi]
    for tree in options.tree:
        words += ["--tree", tree]
    words += ["--variants", options.variants] if options.variants else []
    for each in options.reserve:
        words += ["--reserve", each]
    words += ["--redundant"] * options.redundant + ["--quick"] * options.quick
    words += ["--markdown"] * options.markdown
    words += ["--html", str(options.html)] if options.html else []
    return line(words)
