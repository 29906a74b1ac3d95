# SPDX-License-Identifier: GPL-2.0-only
"""Which accelerator QEMU is given, found out by a boot and not by looking.

A /dev/kvm that exists, opens and creates VMs can still hang a guest in its
firmware, and one without nested virtualization has no KVM to test: only a
kernel that reaches init and finds its own /dev/kvm shows that "kvm" works.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from codegen.architectures import DEFAULT, Architecture
from codegen.base import whole
from codegen.run.boot import DEVICE, Ending, boot, boot_id
from codegen.run.guestlog import guest_facts
from codegen.run.initramfs import write_initramfs
from codegen.tree.scratch import scratch_folder

CANARY_S = 10.0


@dataclass(frozen=True)
class Accel:
    """`name` is "kvm" or "tcg", `why` one sentence on how it was chosen."""

    name: str
    why: str


def choose(
    wanted: str,
    kernel: Path,
    init: Path,
    memory: Path,
    *,
    arch: Architecture = DEFAULT,
    qemu: str = "",
) -> Accel:
    """ "kvm" or "tcg" for `wanted`, which may be "auto".

    For "auto" the answer is kept in the file `memory` until the host reboots.
    """
    if wanted != "auto":
        return Accel(wanted, "as asked")
    if not arch.native:
        return Accel("tcg", f"this machine is no {arch.cpu}")
    if not os.access(DEVICE, os.R_OK | os.W_OK):
        return Accel("tcg", f"{DEVICE} is not there or not ours")
    key = f"{boot_id()} {qemu or arch.machine.qemu.program}"
    known = _recall(memory, key)
    if known:
        return known
    found = _try(kernel, init, arch, qemu)
    memory.parent.mkdir(parents=True, exist_ok=True)
    whole.write(memory, json.dumps({"key": key, "name": found.name, "why": found.why}))
    return found


def _recall(memory: Path, key: str) -> Accel | None:
    try:
        known = json.loads(memory.read_text())
        return Accel(known["name"], known["why"]) if known["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _try(kernel: Path, init: Path, arch: Architecture, qemu: str) -> Accel:
    with scratch_folder() as folder:
        initramfs = write_initramfs(Path(folder) / "initramfs", init, [], arch)
        log = boot(
            kernel,
            initramfs,
            Path(folder),
            accel="kvm",
            arch=arch,
            boot_s=CANARY_S,
            quiet_s=5,
            qemu=qemu,
        )
    if log.ending is not Ending.DONE:
        return Accel("tcg", f"a canary boot with {DEVICE} failed: {log.detail}")
    if guest_facts(log.output).get("kvm") != "1":
        return Accel("tcg", f"{DEVICE} gives a guest no nested virtualization")
    return Accel("kvm", f"a canary boot with {DEVICE} took {log.seconds:.1f} s")
