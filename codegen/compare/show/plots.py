# SPDX-License-Identifier: GPL-2.0-only
"""Curves as SVG that lies in the page, drawn by matplotlib."""

from __future__ import annotations

import io
import re

from codegen.base.commandline import line
from codegen.base.errors import EnvironmentFailure
from codegen.compare.model import Plot

_EXTRA = "plots"
_MARKERS = "osD^vPX*"
_LINES = ("-", "--", "-.", ":")  # curves may lie upon each other


def drawn(plot: Plot) -> str:
    """A plot as an `<svg>` element that takes its colours from the page.

    Raises EnvironmentFailure where matplotlib is missing.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        import sys

        said = "the curves are drawn by matplotlib, which is not installed"
        command = line([sys.executable, "-m", "pip", "install", "matplotlib"])
        raise EnvironmentFailure(said, [command]) from None
    matplotlib.rcParams["svg.hashsalt"] = "gen"  # the same curves give the same bytes
    matplotlib.rcParams["svg.fonttype"] = "none"
    figure = Figure(figsize=(7, 3.6), layout="constrained")
    axes = figure.add_subplot()
    same: dict[tuple[tuple[float, float], ...], list[str]] = {}
    for curve in plot.curves:  # what lies upon another curve is not seen
        same.setdefault(curve.points, []).append(curve.name)
    for number, (points, names) in enumerate(same.items()):
        xs, ys = zip(*points, strict=True)
        marker = _MARKERS[number % len(_MARKERS)]
        lines = _LINES[number % len(_LINES)]
        axes.plot(
            xs, ys, lines, marker=marker, label=", ".join(names), markersize=9 - number, alpha=0.8
        )
    axes.set_xlabel(plot.x)
    axes.set_ylabel(plot.y)
    axes.set_xscale("symlog", base=2)
    axes.set_xticks(plot.xs, [f"{x:g}" for x in plot.xs])
    axes.set_ylim(0, max([1.0, *(1.06 * y for curve in plot.curves for _, y in curve.points)]))
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    stream = io.StringIO()
    figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    return _inline(stream.getvalue(), plot.title)


def _inline(svg: str, title: str) -> str:
    """The element alone, with a name for those who do not see it, black as the page's text."""
    made = svg[svg.index("<svg") :]
    made = re.sub(r"<metadata>.*?</metadata>", "", made, flags=re.S)
    made = re.sub(
        r'(<svg [^>]*?)width="[^"]*" height="[^"]*"|(<svg [^>]*?)height="[^"]*" width="[^"]*"',
        r"\1\2",
        made,
        count=1,
        flags=re.S,
    )
    name = title.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    made = made.replace("<svg ", f'<svg role="img" aria-label="{name}" class="plot" ', 1)
    return made.replace("#000000", "currentColor")
