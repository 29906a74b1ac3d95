# SPDX-License-Identifier: GPL-2.0-only
"""Where api.rst speaks of the flags of a memslot."""

from __future__ import annotations

import re

from codegen.kernel.survey import Survey
from codegen.sites.place import Place, not_found
from codegen.sites.registry import site
from codegen.sites.rst import behind_defines, described, paragraphs


@site("api-memslot-defines")
def api_memslot_defines(survey: Survey) -> Place:
    """Behind the last `#define KVM_MEM_*` in the section of the memslot ioctl."""
    word = "KVM_SET_USER_MEMORY_REGION"
    return behind_defines(survey, "api-memslot-defines", word, r"\s+#define KVM_MEM_", "flag")


@site("api-memslot-flags")
def api_memslot_flags(survey: Survey) -> Place:
    """The paragraph that says which flags the memslot ioctl takes."""
    document, section = described(survey, "api-memslot-flags", "KVM_SET_USER_MEMORY_REGION")
    for first, last in paragraphs(document, section):
        text = "".join(document.lines[first:last])
        if re.search(r"flags field", text) and "KVM_MEM_READONLY" in text:
            return document.place(first, last, f"{section.title}: the paragraph on flags")
    raise not_found(
        "api-memslot-flags", f"the paragraph on flags in {section.title}", [document.path]
    )


@site("api-memslot-v2")
def api_memslot_v2(survey: Survey) -> Place:
    """The end of the section of the memslot ioctl's second version."""
    document, section = described(survey, "api-memslot-v2", "KVM_SET_USER_MEMORY_REGION2")
    nested = [s.first for s in document.sections if section.first < s.first < section.last]
    end = min(nested, default=section.last)
    while not document.lines[end - 1].strip():
        end -= 1
    return document.place(end, end, f"{section.title}: its end")
