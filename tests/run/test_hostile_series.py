# SPDX-License-Identifier: GPL-2.0-only
"""Series and trees that attack who builds them: what `gen build` and `gen check` let them do."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import codegen
from codegen.cli.main import DONE, FAILED, FOUND, main
from codegen.run import make
from codegen.run.bench import open_bench
from codegen.sandbox import group, sandbox
from codegen.sandbox.confined import Sandbox
from codegen.sandbox.limits import MIB, SCRIPT
from codegen.tree import resolve
from tests.minitree import minitree, written
from tests.processes import running
from tests.unit.kit import committed, git
from tests.unit.test_check import COMPLETE
from tests.unprivileged import NOBODY, somebody

pytestmark = pytest.mark.programs

# A kernel's targets and none of its size; what it compiles goes through the cache.
MAKEFILE = """\
O ?= nowhere
tinyconfig: ; @: >$(O)/.config
olddefconfig: ; @mkdir -p $(O)/include/config
bzImage: $(O)/arch/x86/kvm/x86.o
\t@mkdir -p $(O)/arch/x86/boot $(O)/include/config
\t@cp $< $(O)/arch/x86/boot/bzImage
\t@echo 6.12.0 >$(O)/include/config/kernel.release
headers: ; @mkdir -p $(O)/usr/include
$(O)/arch/x86/kvm/x86.o: arch/x86/kvm/one.c
\t@mkdir -p $(@D)
\t@echo "  CC      arch/x86/kvm/x86.o"
\t@$(CC) -c $(CURDIR)/$< -o $@
"""
SELFTESTS = """\
TEST_GEN_PROGS := $(OUTPUT)/a_test
all: $(TEST_GEN_PROGS)
$(OUTPUT)/%: %.c ; $(CC) $< -o $@
"""
ROOT = Path(__file__).resolve().parents[2]
KEY = "the key of the user"


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder that users can get to."""
    folder = Path(tempfile.mkdtemp(prefix="gen-test-"))
    folder.chmod(0o755)
    yield folder
    subprocess.run(["rm", "-rf", "--", folder], check=True)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A user's home with a key and the cache, where gen's own is."""
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh/id").write_text(KEY)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("GEN_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(home / "agent"))
    return home


@pytest.fixture
def linux(tmp_path: Path) -> Path:
    folder = written(minitree(*COMPLETE), tmp_path / "linux")
    selftests = folder / "tools/testing/selftests/kvm"
    (folder / "Makefile").write_text((folder / "Makefile").read_text() + MAKEFILE)
    (selftests / "Makefile").write_text(SELFTESTS)
    (selftests / "a_test.c").write_text("int main(void) { return 0; }\n")
    (folder / "arch/x86/kvm/one.c").write_text("int x;\n")
    return committed(folder)


@pytest.fixture(autouse=True)
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    small = replace(
        make.BUILD, seconds=60, memory=400 * MIB, processes=60, written=100 * MIB, told=MIB
    )
    monkeypatch.setattr(make, "BUILD", small)


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture(params=["root", "root without groups", "user"] if os.geteuid() == 0 else ["user"])
def who(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Who builds; what another user cannot read of root's Python is imported before."""
    sandbox.tried.cache_clear()
    if request.param == "user" and os.geteuid() == 0:
        for module in pkgutil.walk_packages(codegen.__path__, "codegen."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
        subprocess.run(["chown", "-R", str(NOBODY), tmp_path], check=True)
        with somebody(tmp_path):
            yield
    else:
        if "without" in request.param:
            monkeypatch.setattr(group, "makers", lambda: iter(()))
        yield
    monkeypatch.undo()
    sandbox.tried.cache_clear()


def patch(linux: Path, path: str, text: str, *, instead: bool = False) -> Path:
    """A series of a stranger's: one patch, which adds to a file."""
    work = linux.parent / "work"
    git(linux.parent, "clone", "-q", "--shared", str(linux), "work")
    (work / path).write_text(("" if instead else (work / path).read_text()) + text)
    git(work, "add", "-f", "-A")
    git(work, "commit", "-q", "-m", "KVM: x86: Do it")
    git(work, "format-patch", "-q", "-1", "-o", str(linux.parent / "series"))
    return linux.parent / "series"


def build(linux: Path, attack: str, *more: str) -> int:
    """`gen build` of a series that adds to the Makefile."""
    series = patch(linux, "Makefile", attack)
    return main(["build", str(series), "--tree", str(linux), *more])


def snapshot(folder: Path) -> dict[str, bytes | str]:
    """All files of a folder."""
    found: dict[str, bytes | str] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[str(path)] = os.readlink(path)
        elif path.is_file():
            found[str(path)] = path.read_bytes()
    return found


def test_a_good_series_is_built(linux: Path, home: Path, who: None) -> None:
    assert build(linux, "# a comment\n") == DONE


def test_secrets_stay_secret(linux: Path, home: Path, who: None, listener: int) -> None:
    attack = f"""
LEAK := $(shell cat {home}/.ssh/id ~/.ssh/id >>$(O)/leak)
LEAK += $(shell env >>$(O)/leak; cat /proc/1/environ /proc/self/environ >>$(O)/leak)
LEAK += $(shell bash -c 'echo hello >/dev/tcp/127.0.0.1/{listener} && echo reached >>$(O)/leak')
LEAK += $(shell ls /run /home /root /etc/shadow >>$(O)/leak)
"""
    assert build(linux, attack) == DONE
    leaks = [path.read_text() for path in home.rglob("leak")]
    assert any("PATH=" in text for text in leaks), "the attack did not run"
    for text in leaks:
        assert KEY not in text
        assert "SSH_AUTH_SOCK" not in text
        assert "reached" not in text
        assert not re.search("shadow|dbus|ssh", text)


def test_nothing_is_written_elsewhere(linux: Path, home: Path, who: None) -> None:
    source = "$(shell pwd)"
    attack = f"""
HARM := $(shell touch {home}/harm {home}/.ssh/harm /usr/harm /var/tmp/harm {source}/harm)
HARM += $(shell echo harm >{home}/.ssh/id; rm -rf {home}/.ssh {linux}; touch $(O)/ran)
"""
    before = snapshot(linux)
    assert build(linux, attack) == DONE
    assert list(home.rglob("ran"))
    assert not list(home.rglob("harm"))
    assert (home / ".ssh/id").read_text() == KEY
    assert snapshot(linux) == before


BOMBS = {
    "processes": (r"bash -c 'f() { f | f & }; f; sleep 30'", "started more than 60 processes"),
    "memory": ("perl -e '$$x = q(a) x 2e9; sleep 30'", "needed more than 400 MiB of memory"),
    "time": ("sleep 3600", "ran for 8 s"),
    "disk": (
        "for i in 1 2 3 4 5 6 7 8; do head -c 50M /dev/urandom >$(O)/$$i; done; sleep 20",
        "wrote more than 100 MiB",
    ),
    "words": ("yes >&2", "said more than 1 MiB"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_limit_is_named_and_nothing_is_left(
    linux: Path,
    home: Path,
    bomb: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command, words = BOMBS[bomb]
    if bomb == "time":
        monkeypatch.setattr(make, "BUILD", replace(make.BUILD, seconds=8))
    attack = f"BOMB := $(shell {command})\n"
    assert build(linux, attack, "--json") == FAILED
    said = json.loads(capsys.readouterr().out)
    assert re.search(rf"^(tinyconfig|the kernel) {words}, and was ended", said["error"]["message"])
    assert sum(path.stat().st_size for path in home.rglob("*") if path.is_file()) < 50e6
    assert not [path for path in home.rglob("arch/x86/boot") if "strangers" in path.parts]


def test_no_process_is_left(linux: Path, home: Path, who: None) -> None:
    attack = "LEFT := $(shell setsid nohup sleep 3599.5 >/dev/null 2>&1 &)\n"
    assert build(linux, attack) == DONE
    assert not running("3599.5")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_of_it(linux: Path, home: Path, number: int) -> None:
    attack = (
        "SLEEP := $(shell trap '' TERM INT; touch $(O)/ran; setsid sleep 3599.75 & sleep 3599.75)\n"
    )
    series = patch(linux, "Makefile", attack)
    command = [sys.executable, "-m", "codegen", "build", str(series), "--tree", str(linux)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, cwd=ROOT) as gen:
        while not list(home.rglob("ran")):
            time.sleep(0.05)
            assert gen.poll() is None
        gen.send_signal(number)
        start = time.monotonic()
        gen.wait(20)
        assert time.monotonic() - start < 5  # a second, on a machine that is not busy
    assert gen.returncode == 128 + number
    assert not running("3599.75")


def test_the_terminal_gets_text(
    linux: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    attack = "$(error $(shell printf 'x.c:1:1: error: \\033]0;title\\007\\033[2J\\u202e'))\n"
    assert build(linux, attack) == FOUND
    told = capsys.readouterr()
    assert "title" in told.out + told.err
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", told.out + told.err)


def test_links_lead_gen_nowhere(
    linux: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """gen adds to .config, reads the release, copies images, removes what is old."""
    precious = home / "precious"
    precious.mkdir()
    (precious / "file").write_text(KEY)
    attack = f"""
TRAP := $(shell mkdir -p $(O)/include $(O)/arch/x86/boot; ln -sfn {precious} $(O)/include/config)
TRAP += $(shell ln -sf {home}/new $(O)/.config; ln -sf {precious}/file $(O)/.gen-configured)
TRAP += $(shell ln -sfn {home}/.ssh $(O)/arch/x86/kvm; mkfifo $(O)/.gen-build.json.new)
headers: ; ln -sf {home}/.ssh/id $(O)/arch/x86/boot/bzImage
"""
    for _ in range(2):
        status = main(["build", str(patch(linux, "Makefile", attack)), "--tree", str(linux)])
        subprocess.run(["rm", "-rf", linux.parent / "work", linux.parent / "series"], check=True)
        assert status in (DONE, FOUND, FAILED)
        told = capsys.readouterr()
        assert KEY not in told.out + told.err
        assert [path.name for path in precious.iterdir()] == ["file"]
        assert (precious / "file").read_text() == (home / ".ssh/id").read_text() == KEY
        assert not (home / "new").exists()
    cache = home / ".cache"
    assert not [path for path in cache.rglob("*") if path.is_symlink() and KEY in path.read_text()]
    assert not [
        path for path in cache.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()
    ]


def test_a_stranger_poisons_nobody(linux: Path, home: Path) -> None:
    """What the tree's own build has made and kept is as it was, and is what the next one reads."""
    where = resolve(str(linux))
    assert where.commit
    with open_bench(where) as bench:
        kernel = bench.kernel(where.commit)
        bench.keep(kernel, where.commit)
        shared = [kernel.out, bench.folder / "ccache", bench.folder / "images"]
        scripts = [path for path in bench.folder.parent.iterdir() if path.is_file()]
    before = [snapshot(folder) for folder in shared]
    texts = [path.read_bytes() for path in scripts]
    attack = f"""
EVIL := $(shell for f in $$(find {home}/.cache $(O) $(CCACHE_DIR) -type f); do echo evil >$$f; done)
EVIL += $(shell echo 'compiler = /bin/false' >$(CCACHE_DIR)/ccache.conf; touch $(O)/ran)
"""
    build(linux, attack)
    assert list(home.rglob("ran"))
    assert [snapshot(folder) for folder in shared] == before
    assert [path.read_bytes() for path in scripts] == texts
    with open_bench(where) as bench:
        image = bench.kernel(where.commit).image.read_bytes()
    assert image == before[0][str(kernel.image)]


HOSTILE = """\
#!/usr/bin/env perl
my $said = `cat {home}/.ssh/id; cat /proc/1/environ; touch {home}/harm {tree}/harm`;
$said .= "reached" if `bash -c 'echo >/dev/tcp/127.0.0.1/{port} && echo yes'`;
$said =~ s/[\\n\\0]/ /g;
print "$ARGV[-1]/0:1: ERROR:LEAK: said: $said \\e[2J\\n" if $0 =~ /checkpatch/;
print "0:1: ERROR:LEAK: said: $said \\e[2J\\n./0:1: ERROR:LEAK: said: $said \\e[2J\\n";
system("setsid sleep 3599.25 &");
{more}
exit 1;
"""


def hostile_scripts(linux: Path, home: Path, port: int, more: str = "") -> None:
    for name in ("checkpatch.pl", "get_maintainer.pl"):
        text = HOSTILE.format(home=home, tree=linux, port=port, more=more)
        (linux / "scripts" / name).write_text(text)
    git(linux, "add", "-f", "-A")
    git(linux, "commit", "-q", "-m", "Scripts")


def test_scripts_of_a_tree_that_was_named(
    linux: Path, home: Path, listener: int, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile_scripts(linux, home, listener)
    series = patch(linux, "arch/x86/kvm/one.c", "int y;\n")
    main(["check", str(series), "--tree", str(linux), "--no-build"])
    told = capsys.readouterr()
    text = told.out + told.err
    assert "said:" in text, "the attack did not run"
    assert KEY not in text
    assert "reached" not in text
    assert "\x1b" not in text
    assert not list(home.rglob("harm"))
    assert not (linux / "harm").exists()
    assert not running("3599.25")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("fork while 1;", "started more than 64 processes"),
        ("my $x = 'a' x 4e9; sleep 60;", "needed more than 1.0 GiB of memory"),
        ("print 'x' x 1e6 while 1;", "said more than 16 MiB"),
        ("sleep 3600;", "ran for 5 s"),
    ],
)
def test_limits_of_scripts(
    linux: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: str,
    words: str,
) -> None:
    small = replace(SCRIPT, seconds=5 if "sleep 3600" in more else 60)
    monkeypatch.setattr(sandbox, "SCRIPT", small)
    hostile_scripts(linux, home, 9, more)
    series = patch(linux, "arch/x86/kvm/one.c", "int y;\n")
    command = ["check", str(series), "--tree", str(linux), "--no-build", "--select", "checkpatch"]
    assert main(command) == FAILED
    assert f"checkpatch.pl {words}, and was ended" in capsys.readouterr().err


def test_without_a_sandbox_a_stranger_is_refused_unless_trusted(
    linux: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sandbox, "found", lambda: Sandbox(None, "bwrap is not installed"))
    series = patch(linux, "Makefile", "RAN := $(shell touch $(O)/ran)\n")
    for command in ("build", "test", "check"):
        assert main([command, str(series), "--tree", str(linux)]) == FAILED
        said = capsys.readouterr().err
        assert "no sandbox" in said
        assert "bwrap is not installed" in said
        assert "--trust" in said
    assert not list(home.rglob("ran"))
    assert main(["build", str(series), "--tree", str(linux), "--trust"]) == DONE
    assert list(home.rglob("ran"))
