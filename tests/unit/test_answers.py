# SPDX-License-Identifier: GPL-2.0-only
"""What was answered is known by the whole of the question, and a cache that fails is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegen.store import answers


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_whole_question_counts() -> None:
    answers.keep("kind", [b"ab", b"c"], {"said": 1})
    assert answers.known("kind", [b"ab", b"c"]) == {"said": 1}
    for other in ([b"a", b"bc"], [b"abc"], [b"c", b"ab"], [b"ab", b"c", b""]):
        assert answers.known("kind", other) is None
    assert answers.known("other", [b"ab", b"c"]) is None


def test_a_cache_that_cannot_be_written_is_none(cache: Path) -> None:
    cache.write_text("no folder")
    answers.keep("kind", [b"x"], "said")
    assert answers.known("kind", [b"x"]) is None
