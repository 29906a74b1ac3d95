# SPDX-License-Identifier: GPL-2.0-only
"""What the templates of ioctls see, and how they say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from codegen.c.layout import filled
from codegen.kinds.failures import reasons
from codegen.kinds.levels import FDS
from codegen.kinds.structs import StructMember, member_lines, offsets, size
from codegen.style.filters import listing

if TYPE_CHECKING:
    from codegen.plan.asked import Asked

# By who answers: what generic code calls it in its functions' names, the handler's parameter, its
# name and its VM.
_LEVELS = {
    "system": ("dev", "", "", "NULL"),
    "vm": ("vm", "struct kvm *kvm, ", "kvm", "kvm"),
    "vcpu": ("vcpu", "struct kvm_vcpu *vcpu, ", "vcpu", "vcpu->kvm"),
}
_COLUMNS = 77  # of a table in api.rst, two blanks in front


def context(asked: Asked) -> Mapping[str, Any]:
    """`level`, `parameter`, `object`, `vm` and `fd` of who answers, `handler`, the function's name,
    `command`, the macro that makes the number, `takes` and `gives`, whether the struct goes to KVM
    and back, `layout`, its members with their offsets and its size, and `failures`, the errors.
    """
    v = asked.section
    level, parameter, named, vm = _LEVELS[v.of]
    takes = any(member.goes != "out" for member in v.members)
    gives = any(member.goes_out for member in v.members)
    return {
        "level": level,
        "parameter": parameter,
        "object": named,
        "vm": vm,
        "fd": FDS[v.of],
        "handler": f"kvm_{level}_ioctl_{v.name.removeprefix('KVM_').lower()}",
        "command": "_IO" + "R" * gives + "W" * takes if not (takes and gives) else "_IOWR",
        "takes": takes,
        "gives": gives,
        "layout": {"members": list(offsets(v.members)), "size": size(v.members)},
        "failures": _failures(v, asked.chosen["condition"]),
    }


def _failures(v: Any, condition: str) -> Mapping[str, str]:
    """Each error with all that it is returned for."""
    zeros = [f"``{member.name}``" for member in v.members if member.zero]
    own = {
        "EFAULT": ["the struct cannot be read or written"],
        "EINVAL": [f"{listing(zeros, 'or')} is not 0"] if zeros else [],
        "EOPNOTSUPP": ["the capability is not available"] if condition else [],
    }
    return {error: "; or ".join(whens) for error, whens in reasons(own, v.errors).items()}


def zero_test(said: Sequence[StructMember], struct: str) -> str:
    """The C test that says whether a member is not 0 that has to be; empty where none has to."""
    tests = []
    for member in said:
        name = f"{struct}.{member.name}"
        if member.zero and member.count:
            tests.append(f"memchr_inv({name}, 0, sizeof({name}))")
        elif member.zero:
            tests.append(name)
    return " || ".join(tests)


def errors_table(failures: Mapping[str, str]) -> str:
    """The errors as a simple table of RST."""
    wide = max(map(len, failures))
    border = f"  {'=' * wide} {'=' * (_COLUMNS - wide - 1)}\n"
    rows = []
    for error, reason in failures.items():
        first, *rest = filled(f"{reason}.", _COLUMNS - wide - 1).split("\n")
        rows.append(f"  {error:<{wide}} {first}\n")
        rows += [f"  {' ' * wide} {line}\n" for line in rest]
    return f"{border}{''.join(rows)}{border}"


FILTERS = {
    "member_lines": member_lines,
    "zero_test": zero_test,
    "errors_table": errors_table,
}
