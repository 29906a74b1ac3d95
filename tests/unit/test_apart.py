# SPDX-License-Identifier: GPL-2.0-only
"""What hostile C does to the parser stays in the parser's process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from codegen.base.errors import FindingsError
from codegen.c import apart
from codegen.c.source import CSource

pytestmark = pytest.mark.programs

ROOT = Path(__file__).parents[2]

GOOD = CSource("good.c", b"int f(void)\n{\n\treturn 0;\n}\n")
DOUBLING = b"#define A0 x x\n" + b"".join(
    b"#define A%d A%d A%d\n" % (n, n - 1, n - 1) for n in range(1, 41)
)
BAD = {
    "a macro that doubles 40 times": DOUBLING + b"int y = A40;\n",
    "signs": b"int f(void) { return " + b"- " * 200_000 + b"1; }\n",
    "terms": b"int f(void) { return " + b"1+" * 300_000 + b"1; }\n",
    "else": b"int f(void) { " + b"if (1); else " * 100_000 + b"; }",
}

# The parser is done with these; their tokens are as many.
DEEP = {
    "brackets": b"int f(void) { return " + b"(" * 200_000 + b"1" + b")" * 200_000 + b"; }\n",
    "blocks": b"int f(void)" + b"{" * 200_000 + b"}" * 200_000,
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_a_deep_file_is_read(text: bytes) -> None:
    start = time.monotonic()
    source = CSource("include/deep.h", text)
    assert source.all("function")
    assert len(source.tokens(0, len(text))) > 400_000
    assert time.monotonic() - start < 60


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_a_file_that_kills_the_parser_is_an_error_about_it(text: bytes) -> None:
    start = time.monotonic()
    source = CSource("include/bad.h", text)
    with pytest.raises(FindingsError) as caught:
        assert source.all("function")
    assert caught.value.findings[0].path == "include/bad.h"
    assert time.monotonic() - start < 60  # it took minutes; a busy machine may take some
    assert len(CSource("next.c", GOOD.data).all("function")) == 1


@pytest.mark.parametrize("place", ["/dev/zero", "/proc/self/mem", "fifo"])
def test_nothing_is_read_from_the_disk(place: str, tmp_path: Path) -> None:
    if place == "fifo":
        place = str(tmp_path / "fifo")
        os.mkfifo(place)
    text = b'#include "%s"\nint f(void)\n{\n\treturn 0;\n}\n' % place.encode()
    assert [each.name for each in CSource("a.c", text).all("function")] == ["f"]


def test_a_parser_that_was_killed_is_started_again() -> None:
    def asked() -> str:
        ((_, name, *_),) = apart.apart("codegen.c.clang", "extents", "good.c", GOOD.data)
        return str(name)

    assert asked() == "f"
    assert apart._running is not None
    os.kill(apart._running.process.pid, signal.SIGKILL)
    with pytest.raises(FindingsError, match="gave up"):
        asked()
    assert asked() == "f"


def test_the_parser_ends_with_its_caller_whatever_it_does(tmp_path: Path) -> None:
    """Also in the midst of C code that never looks up."""
    told = tmp_path / "pid"
    child = os.fork()
    if child == 0:
        apart.start()
        assert apart._running is not None
        told.write_text(str(apart._running.process.pid))
        CSource("a.h", BAD["a macro that doubles 40 times"]).all("macro")
        os._exit(0)
    while not told.exists() or not told.read_text():
        time.sleep(0.01)
    pid = int(told.read_text())
    time.sleep(0.5)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    for _ in range(500):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.01)
    pytest.fail("the parser outlived its caller")


def test_a_parser_that_is_not_installed_is_the_machine_s_fault() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from codegen.base.errors import EnvironmentFailure\n"
        "from codegen.c.apart import apart\n"
        "try:\n    apart('codegen.c.clang', 'index', 'x.c')\n"
        "except EnvironmentFailure as problem:\n    print(problem)\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True
    )
    assert "cannot load the C parser: `pip install libclang`" in done.stdout
