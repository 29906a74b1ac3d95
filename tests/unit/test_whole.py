# SPDX-License-Identifier: GPL-2.0-only
"""A file is written whole, also by many at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from codegen.base import whole

THREADS, TIMES = 8, 200


def test_threads_that_write_one_file_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "results"

    def write(number: int) -> None:
        for _ in range(TIMES):
            whole.write(path, f"{number}\n" * 1000)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(write, range(THREADS)))
    (line,) = set(path.read_text().splitlines())
    assert int(line) < THREADS
    assert path.read_text() == f"{line}\n" * 1000
    assert [each.name for each in tmp_path.iterdir()] == ["results"]
