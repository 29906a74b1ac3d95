# SPDX-License-Identifier: GPL-2.0-only
"""What the README shows is what gen writes."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
SERIES = ROOT / "patches/debian-6.12/zap-leafs-only/memslot-flag"


def test_it_shows_a_whole_cover_letter() -> None:
    letter = (SERIES / "0000-cover-letter.patch").read_text()
    assert f"\n```\n{letter.rstrip()}\n```\n" in (ROOT / "README.md").read_text()
