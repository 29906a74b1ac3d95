# SPDX-License-Identifier: GPL-2.0-only
"""What YAML makes of a scalar without quotes, and what descriptions make of that."""

from __future__ import annotations

import re
from dataclasses import dataclass

# YAML 1.1, https://yaml.org/type/bool.html, as far as PyYAML goes
_TRUE, _FALSE = frozenset(("true", "yes", "on")), frozenset(("false", "no", "off"))
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9_]*)")
_HEX = re.compile(r"[-+]?0x[0-9a-fA-F_]*[0-9a-fA-F]")
_OCTAL = re.compile(r"[-+]?0o?[0-9_]+|[-+]?0b[01_]+")
_FRACTION = re.compile(
    r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*|[0-9][0-9_]*(?=[eE]))(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_TIME = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?")
_LONGEST_NUMBER = 40


@dataclass(frozen=True, slots=True)
class Odd:
    """A scalar that is no text in YAML and that no key of a description wants; `kind` names it."""

    kind: str


def plain(text: str) -> str | int | bool | Odd | None:
    """What a scalar without quotes stands for."""
    if text in _NULL:
        return None
    if not (text[0] in "+-.0123456789" or len(text) <= 5):
        return text
    if text.lower() in _TRUE or text.lower() in _FALSE:
        same_case = text in (text.lower(), text.upper(), text.capitalize())
        return text.lower() in _TRUE if same_case else text
    return _number(text)


def _number(text: str) -> str | int | Odd:
    if _DECIMAL.fullmatch(text):
        # A longer one is out of every range, and int() would refuse thousands of digits.
        digits = text.replace("_", "")
        return int(digits[:_LONGEST_NUMBER]) if len(digits) > _LONGEST_NUMBER else int(digits)
    if len(text) <= _LONGEST_NUMBER and _HEX.fullmatch(text):
        return int(text.replace("_", ""), 16)
    for kind, pattern in (
        ("an octal or binary number", _OCTAL),
        ("a fraction", _FRACTION),
        ("a date", _DATE),
        ("a time", _TIME),
    ):
        if pattern.fullmatch(text):
            return Odd(kind)
    return text
