# SPDX-License-Identifier: GPL-2.0-only
"""What an architecture keeps as bits of a word of struct kvm_arch, and not as fields."""

from __future__ import annotations

from dataclasses import dataclass
from os.path import commonprefix

from codegen.c.pattern import find, texts
from codegen.kernel.survey import Found, Survey
from codegen.sites.place import Place, not_found
from codegen.sites.registry import site
from codegen.sites.scopes import functions_of
from codegen.sites.vm import ENABLING


@dataclass(frozen=True, slots=True)
class FlagWord:
    """The word, such as `flags`, and what the names of its bits begin with."""

    word: str
    prefix: str


def flag_word(survey: Survey, arch: str) -> FlagWord | None:
    """The word whose bits KVM_ENABLE_CAP sets; None where it sets fields.

    `set_bit(KVM_ARCH_FLAG_MTE_ENABLED, &kvm->arch.flags)`, for two or more of a family of macros.
    """
    found: dict[str, set[str]] = {}
    for scope in ENABLING:
        for _, tokens in functions_of(survey, "arch-flag", scope, arch):
            for match in find("set_bit($flag, &$word)", tokens):
                said = texts(tokens, match)
                kvm, _, word = said["word"].partition("->arch.")
                if kvm.isidentifier() and word.isidentifier() and said["flag"].isidentifier():
                    found.setdefault(word, set()).add(said["flag"])
        if found:
            break
    for word, flags in found.items():
        prefix = commonprefix(sorted(flags)).rpartition("_")[0]  # noqa: RUF071 (names, no paths)
        if len(flags) > 1 and prefix:
            return FlagWord(word, f"{prefix}_")
    return None


@site("arch-flag")
def arch_flag(survey: Survey, *, arch: str) -> Place:
    """Behind the definition of the highest of the bits that enable_cap sets in struct kvm_arch."""
    known = flag_word(survey, arch)
    members = _members(survey, known.prefix, arch) if known else ()
    if not members:
        what = "macros of the bits that KVM_ENABLE_CAP sets in struct kvm_arch"
        raise not_found("arch-flag", what, survey.kvm_prefixes(arch))
    number, found = max(members, key=lambda member: member[0])
    source = found.source
    end = source.line_end(found.extent.end)
    sibling = source.text(source.line_start(found.extent.start), found.extent.end)
    return Place(
        source.path,
        end,
        end,
        source.line(found.extent.start),
        f"behind {found.extent.name}",
        names={"sibling": sibling, "number": str(number + 1)},
    )


def _members(survey: Survey, prefix: str, arch: str) -> list[tuple[int, Found]]:
    """The macros of that family that are numbers, with these."""
    found = (
        Found(survey.source(path), extent)
        for path in survey.holding(prefix, survey.kvm_prefixes(arch))
        for extent in survey.source(path).all("macro")
        if extent.name.startswith(prefix)
    )
    values = ((each.text().removeprefix(each.extent.name).strip(), each) for each in found)
    return [(int(value), each) for value, each in values if value.isdecimal()]
