#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes the reference series below patches/ again, and the record that gen made them.

    .venv/bin/python tools/reference.py [KNOB/VARIANT ...]

Each stays on the commit that it is for, where the cache has that still.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

from codegen.mail.mbox import MANIFEST
from codegen.series.folder import write
from codegen.series.make import generate
from codegen.series.record import recall, reference_list
from codegen.tree import resolve


def main(wanted: list[str]) -> None:
    """Write the series that are there already, those that are wanted."""
    patches, records = reference_list().parent, []
    for manifest in sorted(patches.glob(f"*/*/*/{MANIFEST}")):
        folder = manifest.parents[1]
        release, knob, variant = folder.relative_to(patches).parts
        tree = resolve(release.replace("-", ":", 1))
        base = json.loads(manifest.read_text())["tree"]["base"]
        if not wanted or f"{knob}/{variant}" in wanted:
            series = generate(knob, variant, tree)
            if series.tree.commit != base:
                print(f"{folder}: for {series.tree.commit} now, {base} before", file=sys.stderr)
            write(series, patches, force=True)
        record = recall(_files(folder))
        assert record is not None, f"{folder}: gen did not make this"
        records.append(asdict(replace(record, tree=tree.spec)))
    reference_list().write_text(json.dumps(records, indent=1) + "\n")


def _files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


if __name__ == "__main__":
    main(sys.argv[1:])
