# SPDX-License-Identifier: GPL-2.0-only
"""Every check by name, why KVM's maintainers ask it, and the function that answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from codegen.base.errors import UsageError
from codegen.base.nearest import did_you_mean
from codegen.check import (
    abi,
    checkpatch,
    comments,
    configs,
    docs,
    effect,
    layout,
    mails,
    memslots,
    messages,
    numbering,
    said,
    scope,
    selftests,
    uapi,
)
from codegen.check.remark import Remark
from codegen.check.view import View

_X86 = "Documentation/process/maintainer-kvm-x86.rst"
_CODING = "Documentation/process/coding-style.rst"
_REVIEW = "Documentation/virt/kvm/review-checklist.rst"
_SUBMIT = "Documentation/process/submitting-patches.rst"
_TOOLS = "Documentation/process/generated-content.rst"
_STABLE = "Documentation/process/stable-api-nonsense.rst"
_ADDING = "Documentation/process/botching-up-ioctls.rst"
_SPHINX = "Documentation/doc-guide/sphinx.rst"
_CONFIGS = "Documentation/process/submit-checklist.rst"
_SPARSE = "Documentation/dev-tools/sparse.rst"
_API = "Documentation/virt/kvm/api.rst"
_UAPI = "include/uapi/linux/kvm.h"
_LIST = "kvm@vger.kernel.org, 15 May 2024"  # in no document yet
_HEADERS = "tools/include/uapi/README"


@dataclass(frozen=True, slots=True)
class Check:
    """A check: why it is asked, the document that asks it, and the function that answers.

    Without a function it needs a build: `codegen.check.bisect` answers it.
    """

    name: str
    why: str
    document: str
    run: Callable[[View], Iterator[Remark]] | None = None

    @property
    def rule(self) -> str:
        """The number that reviewers know it by, its name where it has none."""
        number, colon, _ = self.why.partition(": ")
        return number if colon and number[1:].isdecimal() else self.name

    @property
    def reason(self) -> str:
        """Why, and where it is written."""
        return f"{self.why} ({self.document})"


CHECKS = (
    Check("R1", "readers find a patch by its topic: `KVM: x86/mmu: …`", _X86, messages.topic),
    Check("R2", "a subject is an order to the code in 75 columns", _X86, messages.subject),
    Check("R3", "what changes comes first, why behind it, no pronouns", _X86, messages.message),
    Check("R4", "a series says what it is for, and where it applies", _X86, mails.sent),
    Check("R5", "a uAPI is documented and discoverable from the start", _REVIEW, uapi.documented),
    Check("R6", "old userspace sees no change: features off", _REVIEW, uapi.off_by_default),
    Check("R7", "a bit that is ignored can never get a meaning", _ADDING, uapi.strict),
    Check("R8", "32-bit and 64-bit userspace have the same structs", _REVIEW, layout.sized),
    Check("R9", "the ABI permits, KVM's inside stays free to change", _LIST, docs.permits),
    Check("R10", "features come with tests, of what is refused as well", _X86, selftests.tested),
    Check("R11", "common selftests build on every architecture", _X86, selftests.guarded),
    Check("R12", "a test is built, and skips where it cannot run", _X86, selftests.registered),
    Check("R14", "shadow paging is other code, and has broken before", _X86, scope.shadow),
    Check("R16", "the copies of headers in tools/ are synced by others", _HEADERS, scope.copies),
    Check("R18", "a person signs off, and says what a tool did", _TOOLS, mails.signed),
    Check("numbers", "a number given away once keeps its meaning", _UAPI, numbering.continued),
    Check("sections", "a section is found by its number", _API, numbering.sections),
    Check("memslots", "a flag is taken where something acts on it", _API, memslots.accepted),
    Check("effect", "what is advertised works: userspace relies on it", _REVIEW, effect.used),
    Check("said", "what is documented is what KVM does", _API, said.still_true),
    Check("comments", "who reads the code believes its comments", _CODING, comments.still_true),
    Check("abi", "programs are not built again for a new kernel", _STABLE, abi.kept),
    Check("configs", "a kernel without an option builds as well", _CONFIGS, configs.declared),
    Check("checkpatch", "R17: nobody wants to discuss style", _SUBMIT, checkpatch.checkpatch),
    Check("maintainers", "who does not get a patch does not review it", _SUBMIT, mails.reached),
    Check("docs", "R15: the documentation builds without new warnings", _SPHINX, docs.built),
    Check("bisect", "R13: a bisection may stop at any patch; warnings are errors", _X86),
    Check("sparse", "annotations are checked by nothing else", _SPARSE),
)


def chosen(select: Sequence[str], ignore: Sequence[str]) -> tuple[Check, ...]:
    """The checks named by `select`, all where it is empty, without those named by `ignore`.

    Each may be called by its name or by the rule that it answers.  Raises UsageError for others.
    """
    wanted, left = (frozenset(named(name).name for name in names) for names in (select, ignore))
    return tuple(c for c in CHECKS if (not wanted or c.name in wanted) and c.name not in left)


def named(name: str) -> Check:
    """A check by its name or its rule, `R17` as well as `checkpatch`.  Raises UsageError."""
    for each in CHECKS:
        if name in (each.name, each.rule):
            return each
    known = sorted({text for each in CHECKS for text in (each.name, each.rule)})
    near = did_you_mean(name, known) or f"; there are: {', '.join(known)}"
    raise UsageError(f"there is no check {name}{near}")


REASONS = {check.name: check.reason for check in CHECKS}


def reasoned(name: str, remarks: Iterable[Remark]) -> Iterator[Remark]:
    """Remarks with the rule and the reason of the check that they came from."""
    for remark in remarks:
        rule = remark.rule or name
        yield replace(remark, rule=rule, reason=REASONS.get(rule.partition(":")[0], ""))
