# SPDX-License-Identifier: GPL-2.0-only
"""How a tree writes its selftests: names of types and how a statistic is asked for.

Descriptions and templates are written in the older dialect, and translated token by token.
"""

from __future__ import annotations

from codegen.c.source import CSource
from codegen.kernel.survey import Survey

_TYPES = {
    f"{sign}int{bits}_t": f"{sign or 's'}{bits}" for sign in ("u", "") for bits in (8, 16, 32, 64)
}
_ADDRESSES = {"vm_vaddr_t": "gva_t", "vm_paddr_t": "gpa_t"}
_BY_NAME = ("vm_get_stat", "vcpu_get_stat")


def renames(survey: Survey) -> dict[str, str]:
    """The names that this tree's selftests call otherwise."""
    headers = [
        survey.tree.read(path)
        for path in survey.files(f"{survey.folders.selftests}include/")
        if path.endswith(".h")
    ]
    together = b"\n".join(headers)
    found = {}
    if together.count(b"uint64_t") * 4 < together.count(b"u64 "):
        found.update(_TYPES)
    for old, new in _ADDRESSES.items():
        if f" {new};".encode() in together and f" {old};".encode() not in together:
            found[old] = new
    for name in _BY_NAME:
        if f"#define {name}(".encode() in together:
            found[name] = f"{name} by name"
    return found


def translated(survey: Survey, text: str) -> str:
    """A selftest's C in this tree's dialect."""
    new = renames(survey)
    if not new:
        return text
    data = text.encode()
    source = CSource("selftest.c", data)
    tokens = [token for token in source.tokens(0, len(data)) if not token.comment]
    pieces, at = [], 0
    for index, token in enumerate(tokens):
        replacement = new.get(token.text)
        start, end = token.start, token.end
        if replacement and replacement.endswith(" by name"):
            # vm_get_stat(vm, "pages_4k") is vm_get_stat(vm, pages_4k) where it is a macro
            literal = next((t for t in tokens[index : index + 6] if t.text[:1] == '"'), None)
            if literal is None:
                continue
            replacement, start, end = literal.text.strip('"'), literal.start, literal.end
        if replacement:
            pieces += [data[at:start], replacement.encode()]
            at = end
    return b"".join([*pieces, data[at:]]).decode()
