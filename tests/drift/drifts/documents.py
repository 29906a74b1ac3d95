# SPDX-License-Identifier: GPL-2.0-only
"""KVM's api.rst, written otherwise."""

from __future__ import annotations

import re

from tests.drift.draft import API, Draft, NotApplicable
from tests.drift.drift import drift

_ALL = (
    "api-vm-capability api-other-capability api-memslot-defines api-memslot-flags "
    "api-memslot-v2 api-quirk-table api-vm-types api-vm-types-end"
)
_FOLDER = "Documentation/virt/kvm/"
_CHAPTERS = "api-vm-capability api-other-capability api-quirk-table api-vm-types api-vm-types-end"


def _section(text: str, title: str) -> tuple[int, int]:
    """The lines of a section, without deeper ones only if they have the same underline."""
    found = re.search(rf"^(?:\d+(?:\.\d+)*\.? )?{title}\n([-=~^])\1+\n", text, re.M)
    if not found:
        raise NotApplicable(f"no section {title}")
    mark = "=" if found[1] == "=" else "[-=]"
    behind = re.search(rf"^\S.*\n(?:{mark}){{4,}}\n", text[found.end() :], re.M)
    return found.start(), found.end() + behind.start() if behind else len(text)


@drift("documents", _ALL, "api.rst")
def sections_without_numbers(tree: Draft) -> None:
    """No section has a number."""
    text = tree.text(API)

    def shorter(match: re.Match[str]) -> str:
        return f"{match[2]}\n{match[3][0] * len(match[2])}\n"

    tree.put(
        API,
        re.sub(
            r"^(\d+(?:\.\d+)*\.? )(\S.*)\n([-=~^])\3{3,}\n", lambda m: shorter(m), text, flags=re.M
        ).replace("\0", ""),
    )
    fixed = re.sub(
        r"^(\S.*)\n(([-=~^])\3{3,})\n",
        lambda m: f"{m[1]}\n{m[3] * max(len(m[1]), 4)}\n",
        tree.text(API),
        flags=re.M,
    )
    # a title with a line above it keeps both
    tree.put(API, fixed)


@drift("documents", _CHAPTERS, "capabilities.rst")
def capabilities_in_a_document(tree: Draft) -> None:
    """The chapters on capabilities are a document of their own, which api.rst includes."""
    text = tree.text(API)
    first, _ = _section(text, "Capabilities that can be enabled on VMs")
    ends = re.search(r"^9\. .*\n=+\n", text, re.M)
    if not ends:
        raise NotApplicable("no chapter 9")
    own = text[first : ends.start()]
    tree.put(API, f"{text[:first]}.. include:: capabilities.rst\n\n{text[ends.start():]}")
    tree.put(
        f"{_FOLDER}capabilities.rst", f".. SPDX-License-Identifier: GPL-2.0\n\n{own.rstrip()}\n"
    )


@drift("documents", "api-memslot-defines api-memslot-flags", "memslots.rst")
def memslots_in_a_document(tree: Draft) -> None:
    """The ioctl of memslots is described in a document of its own."""
    text = tree.text(API)
    first, last = _section(text, "KVM_SET_USER_MEMORY_REGION")
    own = text[first:last].rstrip()
    tree.put(API, f"{text[:first]}.. include:: memslots.rst\n\n{text[last:]}")
    tree.put(f"{_FOLDER}memslots.rst", f".. SPDX-License-Identifier: GPL-2.0\n\n{own}\n")


@drift("documents", _ALL, "api.rst")
def sections_underlined_otherwise(tree: Draft) -> None:
    """Sections are underlined by `~`."""
    tree.replace(API, (r"^(\S.*\n)(-{4,})\n", lambda m: f"{m[1]}{'~' * len(m[2])}\n"))  # type: ignore[arg-type]


@drift("documents", "api-memslot-flags", "KVM_SET_USER_MEMORY_REGION api.rst")
def memslot_flags_as_a_list(tree: Draft) -> None:
    """The flags of a memslot are a list."""
    text = tree.text(API)
    found = re.search(r"^The flags field supports two flags: [\s\S]*?\n\n", text, re.M)
    if not found:
        raise NotApplicable("no paragraph on flags")
    rest = re.sub(r"\s+", " ", found[0].partition("KVM_MEM_READONLY.")[2]).strip()
    former, _, latter = rest.partition("The latter")
    tree.put(
        API,
        text.replace(
            found[0],
            "The flags are:\n\n"
            f"- KVM_MEM_LOG_DIRTY_PAGES {former.removeprefix('The former').strip()}\n\n"
            f"- KVM_MEM_READONLY {latter.strip()}\n\n",
        ),
    )


@drift("documents", "api-memslot-flags", "KVM_SET_USER_MEMORY_REGION api.rst")
def memslot_flags_in_other_words(tree: Draft) -> None:
    """The paragraph on flags begins otherwise."""
    tree.replace(
        API,
        (
            r"^The flags field supports two flags: KVM_MEM_LOG_DIRTY_PAGES and\nKVM_MEM_READONLY\.",
            "Two flags can be set in flags: KVM_MEM_LOG_DIRTY_PAGES and\nKVM_MEM_READONLY.",
        ),
    )


@drift("documents", "api-memslot-defines", "KVM_SET_USER_MEMORY_REGION api.rst")
def memslot_flags_without_defines(tree: Draft) -> None:
    """The flags' values are not quoted as macros."""
    tree.replace(
        API,
        (
            r"^  /\* for kvm_userspace_memory_region::flags \*/\n((?:  #define KVM_MEM_.*\n)+)",
            lambda m: (
                "\n"
                if False
                else re.sub(r"  #define (\w+)\s+\(1UL << (\d+)\)", r"  bit \2: \1", m[0])
            ),
        ),  # type: ignore[arg-type]
    )


def _table(tree: Draft) -> tuple[str, str]:
    """api.rst and the table of quirks in it."""
    text = tree.text(API)
    first, last = _section(text, "KVM_CAP_DISABLE_QUIRKS2")
    found = re.search(r"^=+ =+\n[\s\S]*\n=+ =+\n", text[first:last], re.M)
    if not found:
        raise NotApplicable("no table of quirks")
    return text, found[0]


@drift("documents", "api-quirk-table", "KVM_CAP_DISABLE_QUIRKS2 api.rst")
def quirk_table_widened(tree: Draft) -> None:
    """The first column of the table of quirks is wider."""
    text, table = _table(tree)
    border = table.partition("\n")[0]
    at = border.index(" ")
    rows = [
        (
            f"{line[:at]}{'=' * 9 if line.startswith('==') else ' ' * 9}{line[at:]}"
            if len(line) > at
            else line
        )
        for line in table.splitlines()
    ]
    tree.put(API, text.replace(table, "\n".join(rows) + "\n"))


def _cells(table: str) -> list[tuple[str, list[str]]]:
    lines = table.splitlines()
    at = lines[0].index(" ")
    rows: list[tuple[str, list[str]]] = []
    for line in lines[1:-1]:
        name = line[:at].strip()
        if name and not name.startswith("=="):
            rows.append((name, []))
        if rows:
            rows[-1][1].append(line[at:].strip())
    return rows


@drift("documents", "api-quirk-table", "KVM_CAP_DISABLE_QUIRKS2 api.rst")
def quirk_table_as_a_list_table(tree: Draft) -> None:
    """The table of quirks is a `list-table`."""
    text, table = _table(tree)
    made = ".. list-table::\n\n"
    for name, lines in _cells(table):
        made += f"   * - {name}\n"
        for index, line in enumerate(lines):
            made += f"     {'- ' if index == 0 else '  '}{line}".rstrip() + "\n"
    tree.put(API, text.replace(table, made.rstrip() + "\n"))


@drift("documents", "api-quirk-table", "KVM_CAP_DISABLE_QUIRKS2 api.rst")
def quirk_table_as_a_grid(tree: Draft) -> None:
    """The table of quirks has lines around its cells."""
    text, table = _table(tree)
    rows = _cells(table)
    first = max(len(name) for name, _ in rows) + 2
    second = max(len(line) for _, lines in rows for line in lines) + 2
    rule = f"+{'-' * first}+{'-' * second}+\n"
    made = rule
    for name, lines in rows:
        while lines and not lines[-1]:
            lines.pop()
        for index, line in enumerate(lines):
            made += (
                f"| {(name if index == 0 else '').ljust(first - 2)} | {line.ljust(second - 2)} |\n"
            )
        made += rule
    tree.put(API, text.replace(table, made))


@drift("documents", "api-quirk-table", "KVM_CAP_DISABLE_QUIRKS2 api.rst")
def quirk_table_as_definitions(tree: Draft) -> None:
    """The quirks are a list of definitions."""
    text, table = _table(tree)
    made = ""
    for name, lines in _cells(table):
        made += f"{name}\n" + "".join(f"  {line}".rstrip() + "\n" for line in lines)
        made = made.rstrip() + "\n\n"
    tree.put(API, text.replace(table, made.rstrip() + "\n"))


@drift("documents", "api-vm-types api-vm-types-end", "KVM_CAP_VM_TYPES api.rst")
def vm_types_as_a_list(tree: Draft) -> None:
    """The VM types are a list."""
    tree.replace(
        API,
        (r"are::\n\n((?:  #define KVM_X86_\w+_VM\s+\d+\n)+)", lambda m: "are:\n\n" + re.sub(r"  #define (\w+)\s+(\d+)", r"- \1 (\2)", m[1])),  # type: ignore[arg-type]
    )


@drift("documents", _CHAPTERS, "api.rst")
def chapters_renamed(tree: Draft) -> None:
    """The chapters on capabilities have other titles."""
    tree.replace(
        API,
        (
            r"^7\. Capabilities that can be enabled on VMs\n=+\n",
            "7. VM capabilities\n==================\n",
        ),
        (
            r"^8\. Other capabilities\.?\n=+\n",
            "8. Capabilities to ask for\n==========================\n",
        ),
    )
