# SPDX-License-Identifier: GPL-2.0-only
"""The one way through: load, plan, locate, render, commit, and the series as frozen data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from codegen.base.errors import DamagedRepository, EnvironmentFailure
from codegen.base.printable import one_line, printable_json
from codegen.base.resources import resources
from codegen.description.load import Description, load
from codegen.mail.diff import with_hunks
from codegen.mail.mbox import MANIFEST, ORDER
from codegen.mail.patch import Patch, Posted
from codegen.plan.context import Reserved
from codegen.plan.developer import given_patches
from codegen.plan.needed import make_whole_plan
from codegen.plan.plan import Plan
from codegen.plan.templates import Renderer
from codegen.plan.variants import Variant, load_variant
from codegen.series.commit import Signer, assisted_by, bare_base, make_commits, signed
from codegen.series.inplace import interrupted
from codegen.series.mails import cover_letter, format_mails
from codegen.series.manifest import TOOL, command_line, digest, manifest
from codegen.series.recipients import Recipients, recipients
from codegen.series.series import Series
from codegen.tree.locate import Commit, Folder, TreeLocation
from codegen.tree.opened import FolderTree, GitTree
from codegen.tree.reader import Tree, version
from codegen.tree.registry import forget_damaged
from codegen.tree.scratch import scratch_repository


@dataclass(frozen=True)
class Generated(Series):
    """A series that gen has made.

    `plan` says what each patch holds and where it was put; `commits` are ids that `git am` on the
    tree gives again; `unaddressed` is why the mails have no recipients, where they have none.
    """

    plan: Plan
    commits: tuple[str, ...]
    unaddressed: str

    @property
    def folder(self) -> Path:
        """Where the series belongs below an output folder: tree, knob and variant."""
        return Path(self.tree.name) / self.plan.description.knob.name / self.plan.variant.name

    @property
    def abi(self) -> str:
        """What `--abi` takes for the description, from whichever folder."""
        described = self.plan.description
        if described.folder == resources("abi"):
            return Path(described.path).stem
        return str(described.folder.resolve() / Path(described.path).name)


@contextmanager
def open_tree(location: TreeLocation) -> Iterator[Tree]:
    """The tree at a location, for as long as it is read."""
    match location.at:
        case Commit(git_dir, commit):
            with GitTree(git_dir, commit) as tree:
                try:
                    yield tree
                except DamagedRepository as problem:
                    forget_damaged(problem.git_dir)  # if it is gen's copy: the next one is whole
                    raise
        case Folder(folder):
            if interrupted(folder):
                raise EnvironmentFailure(
                    f"a `gen apply --in-place` was killed in {folder}: "
                    "the next one puts the originals back first"
                )
            yield FolderTree(folder)


def find_description(name: str) -> tuple[Path, str]:
    """The file of a description that is given by path or by name, and how to call it.

    A name is looked for in the `abi/` that gen ships.
    """
    shipped = resources("abi") / f"{name}.yaml"
    if "/" not in name and not name.endswith((".yaml", ".yml")) and shipped.is_file():
        return shipped, f"abi/{name}.yaml"
    return Path(name), Path(name).name


def generate(
    description: Description | Path | str,
    variant: Variant | str,
    tree: TreeLocation | str | None = None,
    *,
    reserved: Reserved | None = None,
    signer: Signer | None = None,
    redundant: bool = False,
) -> Generated:
    """Generate a series; nothing is written but temporary files.

    `description` is a loaded one, a path or the name of one that gen ships; `variant` a name;
    `tree` a location or what `--tree` takes.  Raises FindingsError for what is wrong with the
    description or cannot be found in the tree, UsageError and EnvironmentFailure.
    """
    if not isinstance(description, Description):
        path, shown = find_description(str(description))
        description = load(path, shown)
    templates = resources("templates")
    if isinstance(variant, str):
        variant = load_variant(templates, variant)
    if not isinstance(tree, TreeLocation):
        from codegen.tree import resolve

        tree = resolve(tree)
    with open_tree(tree) as source:
        plan = plan_for(description, variant, tree, source, reserved, redundant=redundant)
    return finish(plan, tree, reserved, signer)


def plan_for(
    description: Description,
    variant: Variant,
    location: TreeLocation,
    source: Tree,
    reserved: Reserved | None = None,
    *,
    redundant: bool = False,
) -> Plan:
    """The plan of a series on a tree that is open, the developer's own patches included.

    For the rest see `codegen.plan.needed.make_whole_plan`.
    """
    given = given_patches(description, location, description.folder)
    templates = resources("templates")
    return make_whole_plan(
        description, variant, source, templates, reserved, given, redundant=redundant
    )


def finish(
    plan: Plan,
    location: TreeLocation,
    reserved: Reserved | None = None,
    signer: Signer | None = None,
) -> Generated:
    """A plan as a series: commits and mails, made in a scratch repository.

    May run in a thread of its own while the next plan is made.
    """
    with ThreadPoolExecutor(1) as pool, scratch_repository(location.git_dir) as git_dir:
        asked = pool.submit(_asked, location, sorted(plan.files))
        base = location.commit or bare_base(git_dir, plan.patches)
        with open_tree(location) as tree:
            tag = assisted_by(tree)
        sent = [signed(patch, signer, tag) for patch in plan.patches]
        commits = make_commits(sent, git_dir, base, signer)
        trees = commits.trees()
        found, tree_version = asked.result()
        mails = format_mails(
            commits,
            _cover(plan, location, tree_version, reserved),
            found,
            rfc=plan.description.knob.rfc,
            with_base=location.commit is not None,
            signer=signer,
        )
    cover, *names = mails
    patches = tuple(
        _posted(patch, name, mails[name], f"@{commits.date} +0000")
        for patch, name in zip(sent, names, strict=True)
    )
    made = tuple(zip(patches, commits.ids, trees, strict=True))
    told = manifest(plan, location, tree_version, reserved, made)
    files = dict(mails)
    files[ORDER] = "".join(f"{name}\n" for name in names).encode()
    files[MANIFEST] = (printable_json(told) + "\n").encode()
    return Generated(location, patches, files, cover, told, plan, commits.ids, found.missing)


def _posted(patch: Patch, name: str, raw: bytes, date: str) -> Posted:
    """A patch with its mail, and with what git says of it there."""
    known = {each.name: getattr(patch, each.name) for each in fields(patch)}
    diff = raw.partition(b"\n---\n")[2]
    known["changes"] = with_hunks(patch.changes, diff)
    return Posted(**{**known, "date": date, "name": name, "raw": raw, "diff": diff})


def _asked(location: TreeLocation, paths: list[str]) -> tuple[Recipients, str]:
    """Who gets a series, and which version its tree says it is."""
    with open_tree(location) as tree:
        return recipients(tree, paths), version(tree)


def cover_sees(plan: Plan) -> Mapping[str, Any]:
    """What the template of the cover letter sees of a plan."""
    own = _part_sees(plan)
    seen, before = [], 0
    for part in plan.brought:
        numbers = [n for n, p in enumerate(part.own, before + 1) if p.part != "given"]
        seen.append({**_part_sees(part), "first": numbers[0], "last": numbers[-1]})
        before += len(part.own)
    return own | {
        "prior_art": plan.prior_art,
        "redundant": plan.redundant,
        "merged": plan.merged,
        "repairs": [number for number, patch in enumerate(plan.patches, 1) if patch.tags],
        "taken": [name for each in plan.merged for name in each.numbers],
        "brought": seen,
        "parts": [*seen, own],
    }


def _part_sees(plan: Plan) -> dict[str, Any]:
    """The same of one part of it."""
    section = plan.description.knob.section(plan.variant.section)
    made = next(p for p in plan.own if p.part == plan.variant.patches[0].name)
    return {
        "knob": plan.description.knob,
        "variant": plan.variant,
        "v": section,
        "names": list(plan.variant.named(section)),
        "changes": made.message.partition("\n\n")[0],  # its first paragraph says what changes
        "call": plan.call,
    }


def _cover(plan: Plan, location: TreeLocation, tree_version: str, reserved: Reserved | None) -> str:
    description = plan.description
    return cover_letter(
        Renderer(resources("templates"), cover_sees(plan)),
        numbers=plan.named_numbers,
        tool=TOOL,
        source=one_line(description.path),
        digest=digest(description),
        tree_name=location.name,
        tree_version=tree_version,
        command=command_line(plan, location, reserved),
        tested="not built and not run by gen.",
    )
