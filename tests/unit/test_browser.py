# SPDX-License-Identifier: GPL-2.0-only
"""The page of `gen compare` in a real browser: it opens without a complaint, and axe has none."""

from __future__ import annotations

import json
import re
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from codegen.compare.model import (
    Chapter,
    Column,
    Curve,
    Figure,
    Page,
    Plot,
    Question,
    Worst,
    unknown,
)
from codegen.compare.show import html
from tests.unit.test_compare import Gen

pytestmark = pytest.mark.programs

_LINES = 30
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
_QUOTED = re.compile(rf"<pre[^>]*>(?:[^\n]*\n){{{_LINES}}}.*?</pre>", re.S)
_RUN = """<script>addEventListener("load", () => axe.run().then(found => {
	const told = document.createElement("script");
	told.type = "application/json";
	told.id = "axe";
	told.textContent = JSON.stringify([found.passes.length, found.violations.map(
		each => [each.impact, each.id, each.nodes.map(node => node.html.slice(0, 200))])]);
	document.body.append(told);
}))</script>"""


def opened(path: Path, *options: str) -> tuple[str, list[str]]:
    """The page as the browser has it, and what it complained of."""
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    command += [f"--user-data-dir={path.parent / 'profile'}", "--virtual-time-budget=60000"]
    done = subprocess.run(
        [*command, *options, "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def judged(text: str, folder: Path, *options: str) -> tuple[int, list[Any]]:
    """How many of axe's rules hold, and the others; everything that folds is unfolded.

    Of what is quoted the first lines are judged: they are alike, and axe looks at each.
    """
    axe = files("axe_core_python").joinpath("axe.min.js").read_text()
    text = _POLICY.sub("", text).replace("<details>", "<details open>")
    text = _QUOTED.sub(lambda pre: "\n".join(pre[0].split("\n")[:_LINES]) + "</pre>", text)
    page = folder / "judged.html"
    page.write_text(text.replace("</body>", f"<script>{axe}</script>{_RUN}</body>"))
    dom, complaints = opened(page, *options)
    assert complaints == []
    told = re.search(r'<script type="application/json" id="axe">(.*?)</script>', dom, re.S)
    assert told, dom[-500:]
    passes, violations = json.loads(told[1])
    return passes, violations


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page with everything that a page can have: of a knob on the small tree, and measures."""
    gen = Gen(tmp_path_factory.mktemp("browser"))
    gen.compare("--html", "page.html")
    return (gen.folder / "page.html").read_text()


def measured() -> str:
    """A page with figures of all kinds, logs and curves."""
    column = Column("tree", "6.12", "one", "s", "made"), Column("tree", "6.12", "two", "s", "made")
    row = Question("a", "bytes", (Figure(3, "bytes", "size", log="a log"), Figure(9)), Worst.MOST)
    lost = Question("b", "seen", (unknown("nobody looked"), Figure("yes", source="log")))
    curves = tuple(Curve(n, ((1, 5), (16, 9), (256, 40)), "log") for n in ("one", "knob off"))
    return html.text(
        Page(
            knob="knob",
            title="Let userspace have it",
            contract="permit",
            background="Why.",
            command="gen compare",
            columns=column,
            sections=(Chapter("Evidence", (row, lost)),),
            plots=(Plot("pages left", "memslots", "kept", curves, (("two", "no log"),)),),
            said=(),
            prior_art=(),
            snippets=(),
            patches=(),
        )
    )


def test_it_opens_without_a_complaint(page: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(page)
    dom, complaints = opened(tmp_path / "page.html")
    assert complaints == [] and "</html>" in dom


def test_a_complaint_is_heard(tmp_path: Path) -> None:
    """The tests of it would see one."""
    (tmp_path / "page.html").write_text("<script>console.error('no')</script>")
    assert opened(tmp_path / "page.html")[1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page: str, tmp_path: Path, scheme: str) -> None:
    dark = ("--blink-settings=preferredColorScheme=0",) if scheme == "dark" else ()
    for text in (page, measured()):
        passes, violations = judged(text, tmp_path, *dark)
        assert violations == [] and passes > 10


def test_axe_finds_what_is_wrong(tmp_path: Path) -> None:
    """The test above would see it."""
    wrong = measured().replace('lang="en"', "").replace('role="img" aria-label', 'role="img" data')
    _, violations = judged(wrong, tmp_path)
    assert {each[1] for each in violations} >= {"html-has-lang", "svg-img-alt"}


_COLOURS = """<script>addEventListener("load", () => {
	const of = (what, property) => getComputedStyle(document.querySelector(what))[property];
	document.body.dataset.colours = [of("svg text", "fill"), of("body", "color")].join("|");
})</script>"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_a_plot_says_has_the_colour_of_the_text(tmp_path: Path, scheme: str) -> None:
    """axe does not look at the texts of an SVG."""
    dark = ("--blink-settings=preferredColorScheme=0",) if scheme == "dark" else ()
    path = tmp_path / "page.html"
    path.write_text(_POLICY.sub("", measured()).replace("</body>", f"{_COLOURS}</body>"))
    dom, complaints = opened(path, *dark)
    told = re.search(r'data-colours="([^"|]+)\|([^"|]+)"', dom)
    assert complaints == [] and told and told[1] == told[2]
