# SPDX-License-Identifier: GPL-2.0-only
"""Places in Kconfig files, by their structure."""

from __future__ import annotations

import re
from dataclasses import replace

from codegen.kernel.kconfig import ENTRY, with_kvm
from codegen.kernel.survey import Survey
from codegen.sites.place import Place, not_found
from codegen.sites.registry import site

_BODY = re.compile(r"(?:^(?:[ \t]+\S.*|[ \t]*)\n)*", re.M)

_SELECTS = re.compile(r"^[ \t]+select[ \t]+\w*KVM\w*.*\n", re.M)


def _text(survey: Survey, path: str, site_name: str) -> str:
    try:
        return survey.tree.read(path).decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        raise not_found(site_name, f"the file {path}", [path]) from None


def _place(path: str, text: str, at: int, how: str) -> Place:
    offset = len(text[:at].encode("utf-8", "surrogateescape"))
    return Place(path, offset, offset, text.count("\n", 0, at) + 1, how)


@site("kconfig-symbol")
def kconfig_symbol(survey: Survey) -> Place:
    """Behind the last `config HAVE_KVM_*` of the Kconfig file that has them."""
    path = survey.folders.kconfig
    if path is None:
        raise not_found("kconfig-symbol", "a Kconfig file with `config HAVE_KVM_*`", [])
    text = _text(survey, path, "kconfig-symbol")
    entries = [m for m in ENTRY.finditer(text) if m[1].startswith("HAVE_KVM_")]
    if not entries:
        raise not_found("kconfig-symbol", "a `config HAVE_KVM_*`", [path])
    last = entries[-1]
    body = _BODY.match(text, last.end() + 1)[0].rstrip("\n")  # type: ignore[index]
    end = last.end() + 1 + len(body)
    how = f"behind config {last[1]}"
    place = _place(path, text, min(end + 1, len(text)), how)
    return replace(place, indent=re.search(r"^[ \t]*(?=\S)|$", body, re.M)[0] or "\t")  # type: ignore[index]


@site("kconfig-select")
def kconfig_select(survey: Survey, *, arch: str) -> Place:
    """Behind the last `select` of the architecture's KVM symbol: of those that are on wherever KVM
    is the one that selects most, or one that they select.
    """
    path = survey.folders.arch_kconfig(arch)
    if path is None:
        raise not_found("kconfig-select", f"a Kconfig file with `config KVM` in arch/{arch}", [])
    text = _text(survey, path, "kconfig-select")
    counts: dict[str, tuple[int, int]] = {}  # how many each selects, and where the last ends
    for entry in ENTRY.finditer(text):
        body = _BODY.match(text, entry.end() + 1)
        selects = list(_SELECTS.finditer(body[0] if body else ""))
        if selects:
            counts[entry[1]] = len(selects), entry.end() + 1 + selects[-1].end()
    direct, selected = with_kvm(text)
    for known in (direct, selected):
        best = max((n for n in counts if n in known), key=lambda n: counts[n][0], default="")
        if best:
            return _place(path, text, counts[best][1], f"behind the selects of config {best}")
    most = max(counts, key=lambda n: counts[n][0], default="")
    near = f"config {most}, which may be off where KVM is on" if most else ""
    what = "a config that selects KVM's symbols wherever KVM is on"
    raise not_found("kconfig-select", what, [path], near=near)
