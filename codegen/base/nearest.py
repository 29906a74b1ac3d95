# SPDX-License-Identifier: GPL-2.0-only
"""The name that somebody meant who wrote one that does not exist."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """The one of `known` that looks most like `name`, or nothing where none does."""
    from difflib import get_close_matches  # 3 ms that only a mistake needs

    return next(iter(get_close_matches(name, list(known), n=1)), "")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """What a message about an unknown name goes on with: ` (did you mean x?)`, or nothing."""
    near = nearest(name, known)
    return f" (did you mean {near}?)" if near else ""
