# SPDX-License-Identifier: GPL-2.0-only
"""What boot() makes of a QEMU that hangs, dies or is not there."""

from pathlib import Path

import pytest
from fake_qemu import GUEST, fake_qemu

from codegen.base.errors import EnvironmentFailure
from codegen.run import accel
from codegen.run import boot as boot_module
from codegen.run.boot import BootLog, Ending, boot, qemu_command
from tests.processes import running


def boot_with(tmp_path: Path, script: str, quiet_s: float = 0.5, boot_s: float = 0.5) -> BootLog:
    qemu = fake_qemu(tmp_path / "bin", script)
    kernel = tmp_path / "kernel"
    kernel.touch()
    return boot(kernel, kernel, tmp_path / "boot", qemu=qemu, boot_s=boot_s, quiet_s=quiet_s)


CASES = {
    "runs-everything": (GUEST + 'say "@gen done"', Ending.DONE, "ran everything"),
    "never-answers": ("exec sleep 60", Ending.SILENT, "stopped after 0.5 s"),
    "hangs-later": (GUEST + "exec sleep 60", Ending.SILENT, "stopped after 0.5 s"),
    "killed": ("kill -9 $$", Ending.QEMU, "killed by SIGKILL"),
    "refuses": (
        'echo "invalid accelerator kvm" >&2; exit 1',
        Ending.QEMU,
        "status 1: invalid accelerator kvm",
    ),
    "resets": (GUEST, Ending.RESET, "reset"),
}


@pytest.mark.parametrize("case", CASES)
def test_ending(tmp_path: Path, case: str) -> None:
    script, ending, detail = CASES[case]
    log = boot_with(tmp_path, script)
    assert log.ending is ending
    assert detail in log.detail
    assert log.seconds < 5


def test_a_test_that_only_talks_does_not_keep_the_guest_alive(tmp_path: Path) -> None:
    log = boot_with(tmp_path, GUEST + 'while :; do say "| still here"; sleep 0.05; done')
    assert log.ending is Ending.SILENT


def test_words_of_init_do(tmp_path: Path) -> None:
    script = GUEST + "for i in 1 2 3 4; do sleep 0.3; begin $i; done\nsay '@gen done'"
    assert boot_with(tmp_path, script, quiet_s=1).ending is Ending.DONE


def test_its_qemu_is_gone_afterwards(tmp_path: Path) -> None:
    boot_with(tmp_path, "sleep 61.75 & exec sleep 61.75")
    assert not running("61.75")


def test_a_guest_that_says_too_much_is_ended_and_shown_without_what_a_terminal_obeys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boot_module, "SAYS", 100_000)
    log = boot_with(
        tmp_path, GUEST + 'while :; do say "| $(printf "\\033]0;title\\007")"; done', 20
    )
    assert log.ending is Ending.LOUD
    assert "\x1b" not in log.output
    assert "\N{REPLACEMENT CHARACTER}]0;title" in log.output
    log = boot_with(tmp_path, "exec cat /dev/zero >$console", 20, boot_s=20)
    assert log.ending is Ending.LOUD


def test_it_sees_no_more_than_its_files(tmp_path: Path) -> None:
    (tmp_path / "boot").mkdir()
    (tmp_path / "boot/secret").write_text("secret")
    script = 'say "$(ls -A $folder | tr "\\n" " ")"; rm -f $console; echo >$folder/new'
    log = boot_with(tmp_path, script)
    assert log.output == "console.log output.log \n"
    assert not (tmp_path / "boot/new").exists()


def test_missing_qemu_is_named(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailure, match="no-such-qemu is not installed"):
        boot(tmp_path, tmp_path, tmp_path, qemu="no-such-qemu")


def test_no_network_and_no_reboot(tmp_path: Path) -> None:
    command = qemu_command(tmp_path, tmp_path, tmp_path, accel="tcg", cmdline_extra=["a.b=0"])
    assert {"-nodefaults", "-no-reboot"} <= set(command)
    assert not {"-net", "-netdev", "-nic", "-device"} & set(command)
    assert command[command.index("-append") + 1].endswith(" a.b=0")
    assert command[command.index("-cpu") + 1] == "max"


def choose(tmp_path: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> accel.Accel:
    device = tmp_path / "kvm"
    device.touch()
    monkeypatch.setattr(accel, "DEVICE", device)
    monkeypatch.setattr(accel, "CANARY_S", 0.5)
    qemu = fake_qemu(tmp_path / "bin", script)
    return accel.choose("auto", device, device, tmp_path / "accel.json", qemu=qemu)


@pytest.mark.parametrize(
    ("script", "name", "why"),
    [
        (GUEST + 'say "@gen done"', "kvm", "canary boot"),
        ("exec sleep 60", "tcg", "stopped answering"),
        ('say "@gen guest kvm=0"; say "@gen done"', "tcg", "no nested virtualization"),
        ("exit 1", "tcg", "status 1"),
    ],
)
def test_accel_is_found_by_a_canary_and_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, name: str, why: str
) -> None:
    found = choose(tmp_path, script, monkeypatch)
    assert found.name == name
    assert why in found.why
    assert choose(tmp_path, "exit 9", monkeypatch) == found


def test_accel_without_a_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accel, "DEVICE", tmp_path / "none")
    assert accel.choose("auto", tmp_path, tmp_path, tmp_path / "a").name == "tcg"
    assert accel.choose("kvm", tmp_path, tmp_path, tmp_path / "a") == accel.Accel("kvm", "as asked")
