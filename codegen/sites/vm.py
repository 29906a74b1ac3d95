# SPDX-License-Identifier: GPL-2.0-only
"""Where a VM's capabilities, fields and quirks are."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.c.pattern import Match, find, nesting, statement_end
from codegen.c.source import Token
from codegen.kernel.survey import Found, Survey
from codegen.sites import code
from codegen.sites.place import Place, not_found
from codegen.sites.registry import site

_CHECK = "kvm_vm_ioctl_check_extension"
_ENABLE = "kvm_vm_ioctl_enable_cap"


def _end_of_true_list(site_name: str, found: Found) -> tuple[tuple[Token, ...], Match, str]:
    """The statement behind the longest run of labels whose answer is 1, and the result's name."""
    tokens = code.code_tokens(found)
    best: tuple[int, Match, str] | None = None
    for index, token in enumerate(tokens):
        if token.text != "1" or tokens[index + 1].text != ";":
            continue
        first = index - 1 if tokens[index - 1].text == "return" else index - 2
        labels = _labels_before(tokens, first)
        if labels and (best is None or labels > best[0]):
            result = "" if first == index - 1 else tokens[first].text
            best = labels, Match(first, index + 2), result
    if best is None:
        raise not_found(
            site_name, f"a list of capabilities in {found.extent.name}()", [found.source.path]
        )
    return tokens, best[1], best[2]


def _labels_before(tokens: Sequence[Token], index: int) -> int:
    """How many `case X:` stand in front of a statement; preprocessor lines are passed over."""
    labels = 0
    while index >= 3:
        if tokens[index - 1].text == ":" and tokens[index - 3].text == "case":
            labels += 1
            index -= 3
        elif tokens[index - 2].text == "#":
            index -= 2
        elif tokens[index - 3].text == "#":
            index -= 3
        else:
            break
    return labels


@site("check-extension-generic")
def check_extension_generic(survey: Survey) -> Place:
    """The end of the list of capabilities that every architecture has."""
    name = f"{_CHECK}_generic"
    return _list_end(
        survey, "check-extension-generic", code.function(survey, "check-extension-generic", name)
    )


@site("check-extension-list")
def check_extension_list(survey: Survey, *, arch: str) -> Place:
    """The end of the architecture's list of capabilities whose answer is 1."""
    found = code.function(survey, "check-extension-list", _CHECK, arch)
    return _list_end(survey, "check-extension-list", found)


def _list_end(survey: Survey, site_name: str, found: Found) -> Place:
    tokens, match, _ = _end_of_true_list(site_name, found)
    source = found.source
    start = source.line_start(tokens[match.first].start)
    how = f"{found.extent.name}(): end of the list whose answer is 1"
    return Place(source.path, start, start, source.line(start), how, indent="\t")


@site("check-extension-case")
def check_extension_case(survey: Survey, *, arch: str) -> Place:
    """Behind the architecture's list of capabilities whose answer is 1, for a case of its own."""
    found = code.function(survey, "check-extension-case", _CHECK, arch)
    tokens, match, result = _end_of_true_list("check-extension-case", found)
    last = match.last
    if result:
        last = statement_end(tokens, last)
    source = found.source
    end = source.line_end(tokens[last - 1].end)
    how = f"{_CHECK}(): a case behind the list whose answer is 1"
    return Place(
        source.path, end, end, source.line(end), how, indent="\t", names={"result": result}
    )


@site("enable-cap-case")
def enable_cap_case(survey: Survey, *, arch: str) -> Place:
    """Before the `default:` of the architecture's switch over the capability to enable."""
    found = code.function(survey, "enable-cap-case", _ENABLE, arch)
    tokens = code.code_tokens(found)
    body = next(i for i, token in enumerate(tokens) if token.text == "{")
    names = {"kvm": tokens[_parameter(tokens, "kvm")].text, "cap": "cap"}
    names["cap"] = tokens[_parameter(tokens, "kvm_enable_cap")].text
    results = [match.last for match in find("return", tokens) if match.first > body]
    names["result"] = tokens[results[-1]].text if results else ""
    if not names["result"].isidentifier():
        raise not_found(
            "enable-cap-case", f"the variable that {_ENABLE}() returns", [found.source.path]
        )
    for index, (depth, _) in enumerate(nesting(tokens)):
        if tokens[index].text == "default" and depth == 2:
            source = found.source
            start = source.line_start(tokens[index].start)
            how = f"{_ENABLE}(): before default"
            return Place(source.path, start, start, source.line(start), how, "", "\t", names)
    raise not_found("enable-cap-case", f"the default: of {_ENABLE}()", [found.source.path])


def _parameter(tokens: Sequence[Token], struct: str) -> int:
    match = next(find(f"struct {struct} *", tokens), None)
    return match.last if match else 0


@site("arch-field")
def arch_field(survey: Survey, *, arch: str) -> Place:
    """Behind the last field of struct kvm_arch that enable_cap sets, outside of any `#if`.

    Fields of capabilities stand together; which ones these are, the code that sets them says.
    """
    enable = code.function(survey, "arch-field", _ENABLE, arch)
    assigned = _assigned_fields(code.code_tokens(enable))
    structs = survey.definitions("struct", "kvm_arch", arch)
    if len(structs) != 1:
        raise not_found(
            "arch-field", "one definition of struct kvm_arch", survey.kvm_prefixes(arch)
        )
    found = structs[0]
    tokens = code.code_tokens(found)
    last: Token | None = None
    name = ""
    for index, (token, (depth, conditional)) in enumerate(
        zip(tokens, nesting(tokens), strict=True)
    ):
        ends = token.text == ";" and depth == 1 and not conditional
        if ends and tokens[index - 1].text in assigned:
            last, name = token, tokens[index - 1].text
    if last is None:
        raise not_found("arch-field", f"a field that {_ENABLE}() sets", [found.source.path])
    source = found.source
    end = source.line_end(last.end)
    how = f"struct kvm_arch: behind {name}"
    return Place(source.path, end, end, source.line(last.end), how, indent="\t")


def _assigned_fields(tokens: Sequence[Token]) -> frozenset[str]:
    return frozenset(
        tokens[match.last].text
        for match in find("kvm->arch.", tokens)
        if match.last + 1 < len(tokens) and tokens[match.last + 1].text in ("=", "|=")
    )


@site("init-vm")
def init_vm(survey: Survey, *, arch: str) -> Place:
    """Behind the last plain assignment to a field of kvm->arch in kvm_arch_init_vm()."""
    name = "kvm_arch_init_vm"
    found = code.function(survey, "init-vm", name, arch)
    tokens = code.code_tokens(found)
    last: Match | None = None
    starts = {match.first for match in find("kvm->arch.", tokens)}
    for index, (depth, conditional) in enumerate(nesting(tokens)):
        plain = index in starts and tokens[index + 5].text == "="
        if plain and depth == 1 and not conditional and tokens[index - 1].text in (";", "{", "}"):
            last = Match(index, index + 1)
    if last is None:
        raise not_found("init-vm", f"an assignment to kvm->arch in {name}()", [found.source.path])
    return code.line_after(found, last, f"{name}(): behind the last field that it sets")
