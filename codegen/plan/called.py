# SPDX-License-Identifier: GPL-2.0-only
"""Whether what a patch of the mechanism brings is called: an unused static is a warning."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from codegen.base.findings import Finding, error
from codegen.c.outline import outline
from codegen.kernel.survey import Survey
from codegen.sites.edit import TextEdit, changed

# A function of one file alone; those that are inline may be left unused.
_STATIC = re.compile(r"^static (?!inline\b)[^=;{(]*?\b(\w+)\(", re.M)


def check_called(survey: Survey, edits: Sequence[TextEdit]) -> None:
    """Raise FindingsError where a static function of a C file is called by nothing."""
    for path, made in changed(survey.tree, edits).items():
        if not path.endswith(".c") or made.after is None:
            continue
        whole = outline(made.after)
        new = "".join(outline(e.text.encode()).text for e in edits if e.place.path == path)
        for name in _STATIC.findall(new):
            named = [
                at for at in whole.occurrences(name) if not whole.text.endswith("struct ", 0, at)
            ]
            if len(named) == 1:
                what = f"{name}() is static in {path}, and nothing calls it"
                hint = "have the same patch of the mechanism call it, or say it in a header"
                raise error(Finding(f"{what} before a later patch", hint=hint))


def asks(edits: Iterable[TextEdit], name: str) -> bool:
    """Whether what is put somewhere names a function."""
    return any(name in outline(edit.text.encode()).identifiers for edit in edits)
