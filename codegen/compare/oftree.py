# SPDX-License-Identifier: GPL-2.0-only
"""What a kind's facts may ask of a contender's tree, which is opened only for what nobody asked."""

from __future__ import annotations

from codegen.compare.contender import Contender
from codegen.kernel.survey import Survey
from codegen.plan.asked import TreeFacts
from codegen.series.make import open_tree
from codegen.store import owncode
from codegen.store.store import key, store

_KIND = "does"
_ROOMS = ("c", "kernel", "sites", "kinds", "plan")  # that take part


class OfTree:
    """The tree, as `tree` in a kind's facts."""

    def __init__(self, contender: Contender) -> None:
        self._location = contender.location
        self._architectures = contender.description.knob.architectures

    def does(self, capability: str, *patterns: str) -> bool:
        """See `TreeFacts.does`."""
        commit = self._location.commit
        question = (commit or "", self._architectures, capability, patterns)
        asked = key(owncode.code(_ROOMS, "codegen.plan.asked"), *question)
        kept = store().get(_KIND, asked) if commit else None
        if kept is not None:
            return bool(kept.said)
        with open_tree(self._location) as tree:
            found = TreeFacts(Survey(tree, self._architectures)).does(capability, *patterns)
        if commit:
            store().put(_KIND, asked, found)
        return found
