# SPDX-License-Identifier: GPL-2.0-only
"""A piece of reStructuredText as docutils reads it; nothing is included or run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docutils import nodes

_SETTINGS = {
    "report_level": 5,
    "halt_level": 6,
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "_disable_config": True,
}


def doctree(text: str) -> nodes.document:
    """The document that a text is."""
    from docutils.core import publish_doctree

    return publish_doctree(text, settings_overrides=_SETTINGS)


def messages(tree: nodes.document) -> list[nodes.system_message]:
    """What docutils warns of in a document, in order; notes left out."""
    said = (*tree.parse_messages, *tree.transform_messages)
    return [message for message in said if message.get("level", 0) > 1]
