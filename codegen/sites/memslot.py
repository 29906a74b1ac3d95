# SPDX-License-Identifier: GPL-2.0-only
"""Where KVM looks at the flags of a memslot: generic code, and the architecture's veto."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from codegen.c.pattern import Match, closing, find, statement_end
from codegen.c.source import Token
from codegen.sites import code
from codegen.sites.place import Place, ambiguous, not_found
from codegen.sites.registry import site
from codegen.survey import Found, Survey

FIRST_FLAG = "KVM_MEM_LOG_DIRTY_PAGES"  # the oldest flag: it was there before all others


def functions_naming(
    survey: Survey, prefixes: tuple[str, ...], *words: str, suffix: str = ".c"
) -> Iterator[tuple[Found, tuple[Token, ...]]]:
    """The functions below the prefixes whose text holds all the words, with their tokens."""
    for path in survey.holding(words[0], prefixes):
        if not path.endswith(suffix):
            continue
        source = survey.source(path)
        wanted = [word.encode() for word in words]
        for extent in source.all("function"):
            text = source.data[extent.start : extent.end]
            if all(word in text for word in wanted):
                found = Found(source, extent)
                yield found, code.code_tokens(found)


def _only(site_name: str, what: str, hits: list[Place], searched: tuple[str, ...]) -> Place:
    if not hits:
        raise not_found(site_name, what, searched)
    if len(hits) > 1:
        raise ambiguous(site_name, what, [f"{p.path}:{p.line}" for p in hits])
    return hits[0]


@site("memslot-flag-check")
def flag_check(survey: Survey) -> Place:
    """Before the test that refuses unknown memslot flags.

    Looked for: `if (… & ~valid) return -EINVAL;` where `valid` was initialised with the first
    memslot flag, in any function of the code that all architectures build.
    """
    hits = []
    for found, tokens in functions_naming(survey, survey.folders.code, FIRST_FLAG, "~", "EINVAL"):
        for start in find(f"= {FIRST_FLAG};", tokens):
            valid = tokens[start.first - 1].text
            for match in _refusals(valid, tokens):
                how = f"{found.extent.name}(): before the test of unknown flags"
                place = code.line_before(found, tokens[match.first].start, how)
                flags = _tested(valid, tokens[match.first : match.last])
                hits.append(replace(place, names={"valid": valid, "flags": flags}))
    return _only(
        "memslot-flag-check",
        f"a function that refuses what is not in a mask begun with {FIRST_FLAG}",
        hits,
        survey.holding(FIRST_FLAG, survey.folders.code),
    )


def _refusals(valid: str, tokens: tuple[Token, ...]) -> list[Match]:
    """The statements that refuse what is not in the mask `valid`."""
    forms = (f"if (... & ~{valid})", f"if (unlikely(... & ~{valid}))")
    return [match for form in forms for match in find(f"{form} return -EINVAL;", tokens)]


def _tested(valid: str, tokens: tuple[Token, ...]) -> str:
    """What stands in front of `& ~valid`: how the function calls the flags."""
    last = first = next(find(f"& ~{valid}", tokens)).first
    while tokens[first - 1].text not in ("(", "||", "&&"):
        first -= 1
    return "".join(token.text for token in tokens[first:last])


@site("memslot-v1-mask")
def v1_mask(survey: Survey) -> Place:
    """The mask of the flags that the first version of the ioctl takes: a macro of KVM's own."""
    hits = []
    for path in survey.holding(FIRST_FLAG, survey.folders.code):
        source = survey.source(path)
        for extent in source.all("macro"):
            if FIRST_FLAG.encode() not in source.data[extent.start : extent.end]:
                continue
            found = Found(source, extent)
            tokens = code.code_tokens(found)
            hits.append(code.span(found, Match(1, len(tokens)), f"the flags in {extent.name}"))
    return _only(
        "memslot-v1-mask",
        f"a macro that holds {FIRST_FLAG}",
        hits,
        survey.holding(FIRST_FLAG, survey.folders.code),
    )


@site("memslot-immutable-flags")
def immutable_flags(survey: Survey) -> Place:
    """The test that refuses to change some flags of an existing memslot.

    Looked for: `(x->flags ^ y->flags) & mask`, the mask having KVM_MEM_READONLY, in generic code.
    """
    hits = []
    for found, tokens in functions_naming(
        survey, survey.folders.code, "KVM_MEM_READONLY", "^", "EINVAL"
    ):
        for match in find("(... ^ ...) &", tokens):
            if not _compares_flags(tokens[match.first : match.last]):
                continue
            last = match.last + 1
            if tokens[match.last].text == "(":
                last = closing(tokens, match.last) + 1
            if any(t.text == "KVM_MEM_READONLY" for t in tokens[match.last : last]):
                how = f"{found.extent.name}(): the flags that an existing memslot keeps"
                place = code.span(found, Match(match.first, last), how)
                test = found.source.text(tokens[match.first].start, tokens[match.last - 2].end)
                mask = found.source.text(tokens[match.last].start, tokens[last - 1].end)
                hits.append(replace(place, names={"test": test, "mask": mask}))
    return _only(
        "memslot-immutable-flags",
        "a test `(new->flags ^ old->flags) & (… KVM_MEM_READONLY …)`",
        hits,
        survey.holding("KVM_MEM_READONLY", survey.folders.code),
    )


def _compares_flags(tokens: tuple[Token, ...]) -> bool:
    """Whether the tokens are `(x->flags ^ y.flags) &`."""
    texts = [token.text for token in tokens]
    at = texts.index("^")
    return len(texts) <= 16 and texts[at - 1] == "flags" and texts[-3] == "flags"


@site("memslot-arch-veto")
def arch_veto(survey: Survey, *, arch: str) -> Place:
    """Before the first statement of the architecture's kvm_arch_prepare_memory_region()."""
    name = "kvm_arch_prepare_memory_region"
    found = code.function(survey, "memslot-arch-veto", name, arch)
    tokens = code.code_tokens(found)
    body = next(i for i, token in enumerate(tokens) if token.text == "{")
    names = {"kvm": "kvm", "new": "new", "change": "change"}
    for match in find("enum kvm_mr_change", tokens[:body]):
        names["change"] = tokens[match.last].text
    for match in find("struct kvm_memory_slot *", tokens[:body]):
        if tokens[match.first - 1].text != "const":
            names["new"] = tokens[match.last].text
    first = _first_statement(tokens, body + 1)
    how = f"{name}(): before the first statement"
    return replace(code.line_before(found, tokens[first].start, how), names=names)


def _first_statement(tokens: tuple[Token, ...], index: int) -> int:
    """Past the declarations: they begin with a type, that is a name before a name or a `*`."""
    while tokens[index].text not in ("if", "for", "while", "switch", "return", "{", "}", "do"):
        following = tokens[index + 1].text
        if not (following == "*" or following[:1].isalpha() or following[:1] == "_"):
            break
        index = statement_end(tokens, index)
    return index


@site("memslot-apply-flags")
def apply_flags(survey: Survey, *, arch: str) -> tuple[Place, ...]:
    """Before the architecture's warning about a changed flag that is not the first one.

    Looked for: `WARN_ON_ONCE(!((old ^ new) & KVM_MEM_LOG_DIRTY_PAGES))`.  An architecture of which
    no function warns about changed flags needs no edit.
    """
    hits = []
    prefixes = survey.kvm_prefixes(arch)
    words = (FIRST_FLAG, "WARN", "^")
    if not any(functions_naming(survey, prefixes, *words)):
        return ()
    for found, tokens in functions_naming(survey, prefixes, *words):
        for match in find(f"if (WARN_ON_ONCE(!((... ^ ...) & {FIRST_FLAG})))", tokens):
            how = f"{found.extent.name}(): before the warning about other flags"
            place = code.line_before(found, tokens[match.first].start, how)
            inner = "".join(t.text for t in tokens[match.first : match.last])
            old, _, new = inner.partition("!((")[2].partition(")")[0].partition("^")
            hits.append(replace(place, names={"old": old, "new": new}))
    what = "a WARN_ON_ONCE() about changed flags"
    return (_only("memslot-apply-flags", what, hits, survey.holding(FIRST_FLAG, prefixes)),)
