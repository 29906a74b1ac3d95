# SPDX-License-Identifier: GPL-2.0-only
"""What a kind's facts may ask of a contender's tree, which is opened only for what nobody asked."""

from __future__ import annotations

from codegen.compare.contender import Contender
from codegen.kernel.survey import Survey
from codegen.plan.asked import TreeFacts
from codegen.series.make import open_tree
from codegen.store import answers, owncode

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
        own = owncode.code(_ROOMS, "codegen.plan.asked")
        asked = repr((commit, self._architectures, capability, patterns))
        question = [own.encode(), asked.encode()]
        known = answers.known(_KIND, question) if commit else None
        if known is not None:
            return bool(known)
        with open_tree(self._location) as tree:
            found = TreeFacts(Survey(tree, self._architectures)).does(capability, *patterns)
        if commit:
            answers.keep(_KIND, question, found)
        return found
