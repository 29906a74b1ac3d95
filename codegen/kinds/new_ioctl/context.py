# SPDX-License-Identifier: GPL-2.0-only
"""What the templates of ioctls see, and how they say it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codegen.base.findings import Finding, error
from codegen.c.layout import filled
from codegen.kinds.failures import reasons
from codegen.kinds.ioctls import struct_of
from codegen.kinds.levels import FDS, IOCTLS, OBJECTS, PARAMETERS
from codegen.kinds.new_ioctl.parts import Ioctl, IoctlMember
from codegen.kinds.structs import StructMember, member_lines, offsets, size
from codegen.style.filters import listing, literal

if TYPE_CHECKING:
    from codegen.kinds.new_ioctl import NewIoctl
    from codegen.plan.asked import Asked

_VMS = {"system": "NULL", "vm": "kvm", "vcpu": "vcpu->kvm"}  # by who answers
_COLUMNS = 77  # of a table in api.rst, two blanks in front


@dataclass(frozen=True)
class Call:
    """One ioctl as templates see it: what is `said` of it, and whether it is `new`.

    `handler` is the function's name, `parameters` are in C, `passes` is what goes to KVM: a
    `struct`, a `number`, `nothing`, or what is `ignored`, as an ioctl that there is has it.
    `command` is the macro that makes the number, `takes` and `gives` say whether the struct goes
    to KVM and back, `layout` has its members with their offsets and its size, `failures` the
    errors, and `suffix` tells its functions in the selftest from those of others.
    """

    said: Ioctl
    new: bool
    handler: str
    parameters: str
    passes: str
    failures: Mapping[str, str]
    suffix: str

    @property
    def takes(self) -> bool:
        return any(member.goes != "out" for member in self.said.members)

    @property
    def gives(self) -> bool:
        return self.said.gives

    @property
    def asks(self) -> bool:
        """Whether userspace says anything by it that KVM could act upon."""
        members = self.said.members
        return not members or any(m.goes != "out" and not m.zero for m in members)

    @property
    def command(self) -> str:
        both = self.takes and self.gives
        usual = "_IOWR" if both else "_IO" + "R" * self.gives + "W" * self.takes
        return self.said.command or usual

    @property
    def refuses(self) -> bool:
        """Whether the selftest has calls that fail."""
        return bool(self.said.struct or self.new or any(each.call for each in self.said.errors))

    @property
    def layout(self) -> Mapping[str, Any]:
        return {"members": list(offsets(self.said.members)), "size": size(self.said.members)}


def context(asked: Asked) -> Mapping[str, Any]:
    """`calls`, the ioctls, the first of which is `call`; `level`, `object`, `vm` and `fd` of who
    answers; `names`, all of them, and `known`, those that there are; `refuses`, whether the
    selftest has calls that fail; `plain`, whether the capability's answer is 1; and `answer`, what
    KVM_CHECK_EXTENSION returns, where the description says it.

    Raises FindingsError where an ioctl that there is takes another struct than the one said.
    """
    v = asked.section
    wrong = list(_others_structs(asked))
    if wrong:
        raise error(*wrong)
    calls = [_call(v, each, asked.chosen["condition"]) for each in (v, *v.also)]
    told = {"answer": v.check_extension.expression} if v.check_extension else {}
    return {
        "level": IOCTLS[v.of],
        "object": OBJECTS[v.of],
        "vm": _VMS[v.of],
        "fd": FDS[v.of],
        "call": calls[0],
        "calls": calls,
        "names": [each.said.name for each in calls],
        "refuses": any(each.refuses for each in calls),
        "known": " ".join(v.there),
        "plain": not asked.chosen["condition"] and not v.check_extension,
        **told,
    }


def _others_structs(asked: Asked) -> Iterator[Finding]:
    """Ioctls that there are, of which the tree says another struct, or one, or none."""
    v = asked.section
    said: list[tuple[tuple[str | int, ...], Ioctl]] = [] if v.new else [((), v)]
    said += [(("also", index), each) for index, each in enumerate(v.also)]
    for where, each in said:
        takes = struct_of(asked.survey, each.name)
        if takes == (each.struct or ""):
            continue
        key = "struct" if each.struct else "argument" if each.argument else "name"
        what = f"{each.name} takes {f'struct {takes}' if takes else 'no struct'}"
        hint = f"`struct: {takes}`, with its `members`" if takes else "`argument`, or nothing"
        yield asked.finding((*where, key), f"{what} in this tree", hint)


def _call(v: NewIoctl, said: Ioctl, condition: str) -> Call:
    new = said is v and v.new
    passes = (
        "struct" if said.struct else "number" if said.argument else "nothing" if new else "ignored"
    )
    passed = {"struct": "void __user *argp", "ignored": ""}.get(passes, "unsigned long arg")
    short = said.name.removeprefix("KVM_").lower()
    return Call(
        said=said,
        new=new,
        handler=f"kvm_{IOCTLS[v.of]}_ioctl_{short}",
        parameters=", ".join(filter(None, (PARAMETERS[v.of], passed))) or "void",
        passes=passes,
        failures=_failures(v, said, new, condition),
        suffix="" if said is v else f"_{short}",
    )


def _failures(v: NewIoctl, said: Ioctl, new: bool, condition: str) -> Mapping[str, str]:
    """Each error with all that it is returned for."""
    zeros = [f"``{member.name}``" for member in said.members if member.zero]
    invalid = [f"{listing(zeros, 'or')} is not 0"] if zeros else []
    invalid += [f"``{member.name}`` has a bit that KVM does not know" for member in said.masks]
    invalid += [f"``{member.name}`` has a value that KVM does not know" for member in said.choices]
    if new and not said.struct:
        number = "the argument does not fit into 32 bits"
        invalid.append(number if said.argument else "the argument is not 0")
    goes = {member.goes for member in said.members}
    ways = [way for way, no in (("read", "out"), ("written", "in")) if goes - {no}]
    own = {
        "EFAULT": [f"the struct cannot be {listing(ways, 'or')}"] if said.struct else [],
        "ENOMEM": ["there is no memory for it"] if said.rest else [],
        "EINVAL": invalid,
        "EOPNOTSUPP": ["the capability is not available"] if condition else [],
    }
    return {error: "; or ".join(whens) for error, whens in reasons(own, said.errors).items()}


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
    for name, reason in failures.items():
        first, *rest = filled(f"{reason}.", _COLUMNS - wide - 1).split("\n")
        rows.append(f"  {name:<{wide}} {first}\n")
        rows += [f"  {' ' * wide} {line}\n" for line in rest]
    return f"{border}{''.join(rows)}{border}"


def unknown_bits(said: IoctlMember, struct: str, v: NewIoctl) -> str:
    """The C test that says whether a mask has bits that KVM does not know: those that the
    capability answers with are known, if it does, and else all that there are.
    """
    known = " | ".join(each.name for each in said.bits)
    mask = f"({known})" if len(said.bits) > 1 else known
    if v.check_extension:
        mask = re.sub(r"\bkvm\b", _VMS[v.of], v.check_extension.expression)
    return f"{struct}.{said.name} & ~{mask}"


def bit_lines(said: IoctlMember) -> str:
    """`#define` for each bit of a mask."""
    one = "1ULL" if said.size == 8 else "1U" if said.size == 4 else "1"
    return "".join(f"#define {each.name}\t({one} << {each.bit})\n" for each in said.bits)


def no_value(said: IoctlMember, struct: str) -> str:
    """The C test that says whether a member is none of its values."""
    return " && ".join(f"{struct}.{said.name} != {each.name}" for each in said.values)


def value_lines(said: IoctlMember) -> str:
    """`#define` for each value of a member."""
    return "".join(f"#define {each.name}\t{literal(each.value)}\n" for each in said.values)


def speaks_of(code: str, word: str) -> bool:
    """Whether C has that name in it."""
    return bool(re.search(rf"\b{word}\b", code))


FILTERS = {
    "speaks_of": speaks_of,
    "unknown_bits": unknown_bits,
    "bit_lines": bit_lines,
    "no_value": no_value,
    "value_lines": value_lines,
    "member_lines": member_lines,
    "zero_test": zero_test,
    "errors_table": errors_table,
}
