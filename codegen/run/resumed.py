# SPDX-License-Identifier: GPL-2.0-only
"""What an earlier trial has left in its folder: kept for the same one that goes on, else gone."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path


def begin(folder: Path, asked: Sequence[str], resume: bool) -> None:
    """Forget what an earlier trial has left, but what the same one can go on with.

    `asked` is all that makes a trial this one; it is written down for the next.
    """
    mark = folder / "run.json"
    text = json.dumps(list(asked))
    same = mark.exists() and mark.read_text() == text
    if not (resume and same):
        for path in folder.iterdir():
            if path.suffix == ".jsonl":
                path.unlink()
            elif path.is_dir():
                shutil.rmtree(path)
    mark.write_text(text)


def digest(data: bytes) -> str:
    """A short name for some bytes."""
    return hashlib.sha256(data).hexdigest()[:12]
