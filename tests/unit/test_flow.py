# SPDX-License-Identifier: GPL-2.0-only

"""Which way a function goes."""

from __future__ import annotations

import pytest

from codegen.c.flow import set_behind, straight_end
from codegen.c.source import lex


@pytest.mark.parametrize(
    ("body", "straight"),
    [
        ("a(); HERE; b();", True),
        ("if (x) return -EIO; HERE;", True),
        ("if (x) goto out; HERE; out: return r;", True),
        ("if (x) { return r; } else return -EIO; HERE;", True),
        ("switch (x) { case 1: return -EIO; default: break; } HERE;", True),
        ("b = x ? y : z; HERE;", True),
        ("if (x) return 0; HERE;", False),
        ("if (x) { y(); return; } HERE;", False),
        ("return r; HERE;", False),
        ("if (x) { y(); } return r; HERE;", False),
        ("goto out; HERE; out: return r;", False),
        ("if (x) goto out; a(); out: HERE; return r;", False),
    ],
)
def test_what_is_reached_whenever_a_function_succeeds(body: str, straight: bool) -> None:
    tokens = lex(f"int f(int x) {{ {body} }}")
    here = [token.text for token in tokens].index("HERE")
    assert (here < straight_end(tokens)) == straight


@pytest.mark.parametrize(
    ("behind", "times"),
    [
        ("return r;", 0),
        ("trace(r); return r;", 0),
        ("a->r = 1; b.r = r == 2; return r;", 0),
        ("r = g(); return r;", 1),
        ("if (!r) r |= 1; g(&r); return r;", 2),
        ("x = y & r; return r; out: r = -EIO; return r;", 0),
        ("if (r) return r; r = g(); return r;", 1),
        ("if (x) return g(); return r;", 1),
    ],
)
def test_what_is_set_anew_behind_a_block(behind: str, times: int) -> None:
    tokens = lex(f"int f(int x) {{ r = 1; switch (x) {{ default: r = 2; }} {behind} }}")
    here = [token.text for token in tokens].index("default")
    assert len(list(set_behind(tokens, here, "r"))) == times
