# SPDX-License-Identifier: GPL-2.0-only
"""Where KVM looks at the flags of a memslot: generic code, and the architecture's veto."""

from __future__ import annotations

from dataclasses import replace

from codegen.c.pattern import Match, closing, find, statement_end
from codegen.c.source import Token
from codegen.kernel.survey import Found, Survey
from codegen.sites import code
from codegen.sites.code import C_FILES, functions_naming, only
from codegen.sites.place import Place
from codegen.sites.registry import site
from codegen.uapi.writing import FIRST_FLAG


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
    return only(
        "memslot-v1-mask",
        f"a macro that holds {FIRST_FLAG}",
        hits,
        survey.holding(FIRST_FLAG, survey.folders.code),
        near=code.mentions(survey, FIRST_FLAG, survey.folders.code),
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
    return only(
        "memslot-immutable-flags",
        "a test `(new->flags ^ old->flags) & (… KVM_MEM_READONLY …)`",
        hits,
        survey.holding("KVM_MEM_READONLY", survey.folders.code),
        near=code.mentions(survey, "KVM_MEM_READONLY", survey.folders.code),
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
    no function warns by a condition on the first flag needs no edit.
    """
    hits, warning = [], []
    prefixes = survey.kvm_prefixes(arch)
    for found, tokens in functions_naming(survey, prefixes, FIRST_FLAG, "WARN", suffix=C_FILES):
        warning += _warnings(found, tokens)
        for match in find(f"if (WARN_ON_ONCE(!((... ^ ...) & {FIRST_FLAG})))", tokens):
            how = f"{found.extent.name}(): before the warning about other flags"
            place = code.line_before(found, tokens[match.first].start, how)
            inner = "".join(t.text for t in tokens[match.first : match.last])
            old, _, new = inner.partition("!((")[2].partition(")")[0].partition("^")
            hits.append(replace(place, names={"old": old, "new": new}))
    if not warning:
        return ()
    what = f"`if (WARN_ON_ONCE(!((old ^ new) & {FIRST_FLAG})))`"
    near = f"what warns by that flag is {', '.join(warning)}"
    searched = survey.holding(FIRST_FLAG, prefixes)
    return (only("memslot-apply-flags", what, hits, searched, near),)


def _warnings(found: Found, tokens: tuple[Token, ...]) -> list[str]:
    """Where a function warns by a condition on the first flag, or on a local made of it."""
    made = {
        tokens[match.first - 1].text
        for match in find("= ...;", tokens)
        if any(token.text == FIRST_FLAG for token in tokens[match.first : match.last])
    }
    source = found.source
    return [
        f"{found.extent.name}() at {source.path}:{source.line(token.start)}"
        for index, token in enumerate(tokens)
        if token.text.startswith("WARN") and tokens[index + 1].text == "("
        if {t.text for t in tokens[index + 1 : closing(tokens, index + 1)]} & {FIRST_FLAG, *made}
    ]
