# SPDX-License-Identifier: GPL-2.0-only
"""What shipped messages say that was seen with Linux as it is, and no more behind the patch."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from codegen.base.resources import resources
from codegen.cli.main import DONE, FOUND
from tests.boot.test_bad_cases import by_hand, new_test, tried

pytestmark = [pytest.mark.kernel, pytest.mark.boot, pytest.mark.long]

TEST = Path(__file__).with_name("nx_recovery_test.c")
SHIPPED = resources("patches") / "debian-6.12" / "zap-leafs-only" / "memslot-flag"
NAME = "x86_64/nx_recovery_test"


def test_the_recovery_of_nx_huge_pages_warns_about_a_memslot_that_is_gone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    series = by_hand(tmp_path / "s", new_test(NAME, TEST.read_text()))
    status, said = tried(capsys, series, "--", NAME)
    assert status == FOUND
    assert any(
        each["verdict"] == "crash" and "kvm_nx_huge_page_recovery_worker" in each["reason"]
        for each in said["results"]
    ), said["results"]

    (repair,) = SHIPPED.glob("0001-*-Do-not-warn-about-shadow-pages-*.patch")
    shutil.copy(repair, series)
    status, said = tried(capsys, series, "--", NAME)
    assert status == DONE, said["results"]
    assert all(each["verdict"] in ("pass", "skip") for each in said["results"])
