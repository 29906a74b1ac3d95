# SPDX-License-Identifier: GPL-2.0-only
"""The selftest that knows the valid memslot flags, written otherwise."""

from __future__ import annotations

import re

from tests.drift.draft import SELFTESTS, Draft, NotApplicable
from tests.drift.drift import drift

_PATH = f"{SELFTESTS}set_memory_region_test.c"
_TEST = "test_invalid_memory_region_flags"
_SITES = "selftest-memslot-flags selftest-memslot-v2-only"


def _there(tree: Draft) -> None:
    if "supported_flags" not in tree.text(_PATH):
        raise NotApplicable("no test of invalid flags")


@drift("selftest tables", _SITES, f"{_TEST} set_memory_region_test.c")
def known_flags_renamed(tree: Draft) -> None:
    """The test calls the valid flags otherwise."""
    _there(tree)
    tree.rename("supported_flags", "valid_flags", (SELFTESTS,))
    tree.rename("v2_only_flags", "flags_of_v2", (SELFTESTS,))


@drift("selftest tables", _SITES, "test_flags set_memory_region_test.c", {_TEST: "test_flags"})
def known_flags_function_renamed(tree: Draft) -> None:
    """The test's function has another name."""
    _there(tree)
    tree.rename(_TEST, "test_flags", (SELFTESTS,))


@drift("selftest tables", _SITES, f"{_TEST} set_memory_region_test.c")
def known_flags_loop_over_bits(tree: Draft) -> None:
    """The loop's end is computed."""
    _there(tree)
    tree.replace(_PATH, (r"i < 32;", "i < (int)(8 * sizeof(supported_flags));"))


@drift("selftest tables", _SITES, f"{_TEST} set_memory_region_test.c")
def known_flags_loop_over_masks(tree: Draft) -> None:
    """The loop is over masks, not over numbers."""
    _there(tree)
    tree.within(
        _TEST,
        (r"int r, i;", "uint64_t flag;\n\tint r;"),
        (r"for \(i = 0; i < 32; i\+\+\)", "for (flag = 1; flag < BIT_ULL(32); flag <<= 1)"),
        (r"\bBIT\(i\)", "flag"),
        prefixes=(SELFTESTS,),
    )
    tree.put(_PATH, re.sub(r'("[^"]*)%d([^"]*", )i\)', r"\1%d\2(int)flag)", tree.text(_PATH)))
    tree.put(_PATH, re.sub(r'("[^"]*0x%lx", )flag\)', r"\1(unsigned long)flag)", tree.text(_PATH)))


@drift("selftest tables", _SITES, "known_flags set_memory_region_test.c", {_TEST: "known_flags"})
def known_flags_in_a_table(tree: Draft) -> None:
    """The flags stand in a table, each with its capability."""
    _there(tree)
    text = tree.text(_PATH)
    memfd = re.search(
        r"^\tif \(kvm_check_cap\(KVM_CAP_MEMORY_ATTRIBUTES\).*\n\t\tsupported_flags \|= .*\n\n",
        text,
        re.M,
    )
    rows = "\t{ KVM_MEM_LOG_DIRTY_PAGES, 0, false },\n"
    rows += "#ifdef __x86_64__\n\t{ KVM_MEM_READONLY, 0, false },\n#endif\n"
    rows += "\t{ KVM_MEM_GUEST_MEMFD, KVM_CAP_GUEST_MEMFD, true },\n"
    table = (
        "static const struct {\n\tuint32_t flag;\n\tuint32_t cap;\n\tbool v2_only;\n} known_flags[] = {\n"
        f"{rows}}};\n\n"
    )
    tree.within(
        _TEST,
        (
            r"\tuint32_t supported_flags = KVM_MEM_LOG_DIRTY_PAGES;\n",
            "\tuint32_t supported = 0, v2_only = 0;\n",
        ),
        (r"\tconst uint32_t v2_only_flags = .*\n", ""),
        (r"\n#if.*\n\tsupported_flags \|= KVM_MEM_READONLY;\n#endif\n", "\n"),
        (r"\bsupported_flags\b", "supported"),
        (r"\bv2_only_flags\b", "v2_only"),
        prefixes=(SELFTESTS,),
    )
    if memfd:
        row = memfd[0].replace("supported_flags", "supported")
        tree.put(_PATH, tree.text(_PATH).replace(row, ""))
    fill = (
        "\tfor (i = 0; i < (int)ARRAY_SIZE(known_flags); i++) {\n"
        "\t\tif (known_flags[i].cap && !kvm_has_cap(known_flags[i].cap))\n\t\t\tcontinue;\n"
        "\t\tsupported |= known_flags[i].flag;\n"
        "\t\tif (known_flags[i].v2_only)\n\t\t\tv2_only |= known_flags[i].flag;\n\t}\n\n"
    )
    # the comment of the loop stays with it
    at = re.search(r"(?:^\t/\*.*\*/\n)?^\tfor \(i = 0; i < 32; i\+\+\)", tree.text(_PATH), re.M)
    assert at
    text = tree.text(_PATH)
    tree.put(_PATH, text[: at.start()] + fill + text[at.start() :])
    span = tree.function(_TEST, (SELFTESTS,))
    tree.before(span, table)


@drift(
    "selftest tables",
    _SITES,
    "SUPPORTED_FLAGS set_memory_region_test.c",
    {_TEST: "SUPPORTED_FLAGS"},
)
def known_flags_in_a_macro(tree: Draft) -> None:
    """The flags are a macro."""
    _there(tree)
    tree.within(
        _TEST,
        (
            r"\tuint32_t supported_flags = KVM_MEM_LOG_DIRTY_PAGES;\n",
            "\tuint32_t supported_flags = SUPPORTED_FLAGS;\n",
        ),
        (r"\n#if.*\n\tsupported_flags \|= KVM_MEM_READONLY;\n#endif\n", "\n"),
        prefixes=(SELFTESTS,),
    )
    tree.before(
        tree.function(_TEST, (SELFTESTS,)),
        "#define SUPPORTED_FLAGS (KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY)\n\n",
    )


@drift(
    "selftest tables",
    _SITES,
    "supported_flags set_memory_region_test.c",
    {_TEST: "supported_memslot_flags"},
)
def known_flags_in_a_function(tree: Draft) -> None:
    """A function of its own says which flags are valid."""
    _there(tree)
    tree.within(
        _TEST,
        (
            r"\tuint32_t supported_flags = KVM_MEM_LOG_DIRTY_PAGES;\n",
            "\tuint32_t supported_flags = supported_memslot_flags();\n",
        ),
        (r"\n#if.*\n\tsupported_flags \|= KVM_MEM_READONLY;\n#endif\n", "\n"),
        prefixes=(SELFTESTS,),
    )
    tree.before(
        tree.function(_TEST, (SELFTESTS,)),
        "static uint32_t supported_memslot_flags(void)\n{\n"
        "\tuint32_t flags = KVM_MEM_LOG_DIRTY_PAGES;\n\n"
        "#ifdef __x86_64__\n\tflags |= KVM_MEM_READONLY;\n#endif\n\n\treturn flags;\n}\n\n",
    )


@drift("selftest tables", _SITES, "memslot_flags_test.c")
def known_flags_in_another_file(tree: Draft) -> None:
    """The test is one of its own file."""
    _there(tree)
    path = f"{SELFTESTS}memslot_flags_test.c"
    tree.put(path, tree.text(_PATH))
    tree.remove(_PATH)
    for makefile in tree.paths(f"{SELFTESTS}Makefile"):
        text = tree.text(makefile)
        if "set_memory_region_test" in text:
            tree.put(makefile, text.replace("set_memory_region_test", "memslot_flags_test"))


@drift("selftest tables", _SITES, f"{_TEST} set_memory_region_test.c")
def known_v2_flags_in_a_macro(tree: Draft) -> None:
    """The flags of the second ioctl alone are a macro."""
    _there(tree)
    tree.within(_TEST, (r"\tconst uint32_t v2_only_flags = .*\n", ""), prefixes=(SELFTESTS,))
    tree.rename("v2_only_flags", "V2_ONLY_FLAGS", (SELFTESTS,))
    tree.before(tree.function(_TEST, (SELFTESTS,)), "#define V2_ONLY_FLAGS KVM_MEM_GUEST_MEMFD\n\n")
