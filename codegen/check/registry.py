# SPDX-License-Identifier: GPL-2.0-only
"""Every check by name, why KVM's maintainers ask it, and the function that answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from codegen.check import checkpatch, docs, layout, mails, scope, selftests, uapi, words
from codegen.check.look import Look
from codegen.check.remark import Remark

_X86 = "Documentation/process/maintainer-kvm-x86.rst"
_REVIEW = "Documentation/virt/kvm/review-checklist.rst"
_GENERATED = "Documentation/process/generated-content.rst"
_SUBMIT = "Documentation/process/submitting-patches.rst"


@dataclass(frozen=True, slots=True)
class Check:
    """A check that reads a series; `reason` says why it is asked, and names the document."""

    name: str
    reason: str
    run: Callable[[Look], Iterator[Remark]]


CHECKS = (
    Check("R1", f"readers find a patch by its topic, `KVM: x86/mmu: …` ({_X86})", words.topic),
    Check("R2", f"the subject is an order to the code, 75 columns at most ({_X86})", words.subject),
    Check(
        "R3",
        f"what changes comes first, the background behind, no pronouns ({_X86})",
        words.message,
    ),
    Check(
        "R4", f"`base-commit:`, a cover letter, a thread of its own ({_X86}, {_SUBMIT})", mails.sent
    ),
    Check(
        "R5",
        f"a uAPI is documented and discoverable from its first day ({_REVIEW})",
        uapi.documented,
    ),
    Check(
        "R6",
        f"old userspace sees no change: features off, quirks on ({_REVIEW})",
        uapi.off_by_default,
    ),
    Check(
        "R7", f"a bit that is ignored today cannot get a meaning tomorrow ({_REVIEW})", uapi.strict
    ),
    Check("R8", f"32-bit userspace has the same structs ({_REVIEW})", layout.sized),
    Check("R9", f"the ABI permits, KVM's inside stays free to change ({_REVIEW})", docs.permits),
    Check("R10", f"a uAPI without a test breaks unseen ({_X86}, {_REVIEW})", selftests.tested),
    Check(
        "R11", f"selftests of all architectures have to build on each ({_X86})", selftests.guarded
    ),
    Check(
        "R12",
        f"a test that nobody builds, or that fails on other kernels, is none ({_X86})",
        selftests.registered,
    ),
    Check("R14", f"shadow paging is other code, and broke before ({_X86})", scope.shadow),
    Check("R16", f"tools/ has copies of headers that others sync ({_X86})", scope.copies),
    Check(
        "R18",
        f"a person signs, and says what a tool made ({_GENERATED}, {_SUBMIT})",
        mails.signed,
    ),
    Check(
        "checkpatch", f"R17: style is not discussed on the list ({_SUBMIT})", checkpatch.checkpatch
    ),
    Check(
        "maintainers",
        f"a patch that its maintainers do not get is not reviewed ({_SUBMIT})",
        mails.reached,
    ),
    Check(
        "docs",
        "R15: the documentation builds without new warnings (Documentation/doc-guide/sphinx.rst)",
        docs.built,
    ),
)

# Those that need a build, in codegen.check.bisect.
BUILT = {
    "bisect": f"R13: any patch is where a bisection may stop, warnings are errors ({_X86})",
    "sparse": "lockdep sees what runs, sparse what is written (Documentation/dev-tools/sparse.rst)",
}
REASONS = {**{check.name: check.reason for check in CHECKS}, **BUILT}
