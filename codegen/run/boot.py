# SPDX-License-Identifier: GPL-2.0-only
"""Boot a kernel in QEMU, watch what it says, and end it when it says nothing more."""

import enum
import os
import shlex
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from codegen.architectures import DEFAULT, Architecture
from codegen.base.errors import EnvironmentFailure
from codegen.run.make import printable
from codegen.sandbox import made, sandbox
from codegen.sandbox.limits import GIB, MIB, Limits, size
from codegen.sandbox.view import Room

# A WARN() is printed at level 4 and must be seen; "oops=panic" because nothing
# that a kernel does after an oops says anything about the next test.
KERNEL_ARGS = ("loglevel=5", "printk.devkmsg=on", "panic=-1", "oops=panic")
DEVICE = Path("/dev/kvm")
SAYS = 16 * MIB  # what a guest may say, on each of its ports
POLL_S = 0.02
END_S = 5.0


class Ending(enum.Enum):
    """Why QEMU is not running any more."""

    DONE = "the guest ran everything and powered off"
    RESET = "the guest reset or powered off by itself"
    SILENT = "the guest stopped answering"
    LOUD = f"the guest said more than {size(SAYS)}"
    QEMU = "QEMU itself ended"


@dataclass(frozen=True)
class BootLog:
    """What one boot left behind.

    `console` is the kernel's log, `output` what init said (see init.c);
    `detail` says in words why QEMU ended, `seconds` is QEMU's whole life.
    """

    console: str
    output: str
    ending: Ending
    detail: str
    seconds: float
    accel: str


Watcher = Callable[[str, str], bool]


def qemu_command(
    kernel: Path,
    initramfs: Path,
    folder: Path,
    *,
    accel: str,
    arch: Architecture = DEFAULT,
    cmdline_extra: Sequence[str] = (),
    memory_mb: int = 2048,
    cpus: int = 2,
    qemu: str = "",
) -> list[str]:
    """The whole QEMU command; the guest's two ports go to files in `folder`."""
    its, guest = arch.machine.qemu, arch.machine.guest
    # One processor a socket: the MP table, which a kernel without ACPI reads, lists no others.
    smp = f"{cpus},sockets={cpus}"
    params = (f"console={guest.console}", *KERNEL_ARGS, *guest.params, *cmdline_extra)
    return [
        *(qemu or its.program, "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"),
        *(*its.machine, "-accel", accel, *(its.kvm if accel == "kvm" else its.tcg)),
        *("-m", str(memory_mb), "-smp", smp, "-kernel", str(kernel), "-initrd", str(initramfs)),
        *("-append", " ".join(params)),
        *("-chardev", _to_file("console", folder / "console.log")),
        *("-chardev", _to_file("report", folder / "output.log")),
        *its.ports,
    ]


def _to_file(name: str, path: Path) -> str:
    return f"file,id={name},path={str(path).replace(',', ',,')}"


def check_qemu(arch: Architecture, qemu: str = "") -> None:
    """Raise EnvironmentFailure where QEMU is missing."""
    its = arch.machine.qemu
    if not shutil.which(qemu or its.program):
        what = f"{qemu or its.program} is not installed"
        raise EnvironmentFailure(f"{what} (Debian: {its.package})")


def _read(path: Path) -> str:
    """Text that a terminal may show: the guest's kernel and tests say what they like."""
    text = made.text(path, most=2 * SAYS) if path.exists() else ""
    return printable(text.replace("\r", ""))


def _progress(output: str) -> int:
    """How many lines init itself has said; a test that only talks makes no progress."""
    return output.count("\n@gen ") + output.startswith("@gen ")


def boot(
    kernel: Path,
    initramfs: Path,
    folder: Path,
    *,
    accel: str = "tcg",
    arch: Architecture = DEFAULT,
    cmdline_extra: Sequence[str] = (),
    boot_s: float = 60,
    quiet_s: float = 90,
    memory_mb: int = 2048,
    cpus: int = 2,
    qemu: str = "",
    watch: Watcher | None = None,
) -> BootLog:
    """Boot `kernel` with `initramfs`; QEMU's logs, and qemu.sh to do it again, go to `folder`.

    `accel` is "kvm" or "tcg" (see accel.py for "auto"), `qemu` the architecture's own program
    where none is named.  The guest has `boot_s`
    seconds to reach init, and then `quiet_s` from one word of init to the next.
    `watch(console, output)` is called whenever init has said something new;
    where it says False, the guest is ended.
    Raises EnvironmentFailure where QEMU is missing; what happens later is in the log.
    """
    check_qemu(arch, qemu)
    folder.mkdir(parents=True, exist_ok=True)
    console, output = folder / "console.log", folder / "output.log"
    for log in (console, output):
        log.unlink(missing_ok=True)
        log.touch()  # QEMU is shown these files, not their folder
    command = qemu_command(
        kernel,
        initramfs,
        folder,
        accel=accel,
        arch=arch,
        cmdline_extra=cmdline_extra,
        memory_mb=memory_mb,
        cpus=cpus,
        qemu=qemu,
    )
    start = last = time.monotonic()
    said, length, limit, ending = 0, 0, boot_s, Ending.QEMU
    (folder / "qemu.sh").write_text(f"#!/bin/sh\n{shlex.join(command)}\n")
    devices = (DEVICE,) if accel == "kvm" else ()
    room = Room((kernel, initramfs), (console, output), devices=devices)
    env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    with (
        (folder / "qemu.log").open("wb") as errors,
        sandbox.foreign(command, room, _limits(memory_mb, cpus), errors, env=env) as running,
    ):
        while running.process.poll() is None and ending is Ending.QEMU:
            time.sleep(POLL_S)
            new_length = output.stat().st_size
            if max(new_length, console.stat().st_size) > SAYS:
                ending = Ending.LOUD
            elif new_length != length:
                length, text = new_length, _read(output)
                if _progress(text) > said:
                    said, last, limit = _progress(text), time.monotonic(), quiet_s
                    if "\n@gen done\n" in text:
                        limit = END_S
                    if watch and not watch(_read(console), text):
                        break
            if time.monotonic() - last > limit:
                ending = Ending.SILENT
    said_all, errors_said = _read(output), _read(folder / "qemu.log")
    if running.hit:
        detail = f"QEMU {running.hit}, and was ended"
    else:
        ending, detail = _why(running.status, ending, limit, said_all, errors_said)
    return BootLog(_read(console), said_all, ending, detail, time.monotonic() - start, accel)


def _limits(memory_mb: int, cpus: int) -> Limits:
    """Those of QEMU: what it emulates with comes on top of the guest's own memory, and time is
    the guest's matter."""
    memory = memory_mb * MIB + 2 * GIB
    told = 4 * MIB
    return Limits(24 * 3600, memory, processes=128 + 8 * cpus, written=2 * SAYS, told=told)


def _why(status: int, ending: Ending, limit: float, output: str, errors: str) -> tuple[Ending, str]:
    if "\n@gen done\n" in output:
        return Ending.DONE, Ending.DONE.value
    if ending is Ending.SILENT:
        return ending, f"{ending.value}; stopped after {limit:g} s"
    # the limit on what QEMU writes ends it where nobody has looked meanwhile
    if ending is Ending.LOUD or status == -signal.SIGXFSZ:
        return Ending.LOUD, f"{Ending.LOUD.value}, and was stopped"
    last = errors.strip().splitlines()[-1:] or ["it said nothing"]
    if status < 0:
        return Ending.QEMU, f"QEMU was killed by {signal.Signals(-status).name}: {last[0]}"
    if status > 0:
        return Ending.QEMU, f"QEMU ended with status {status}: {last[0]}"
    return Ending.RESET, Ending.RESET.value


def boot_id() -> str:
    """The host's boot id, where it has one: what was learnt of /dev/kvm holds until it changes."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return f"pid {os.getpid()}"
