# SPDX-License-Identifier: GPL-2.0-only
"""build() on a tree of our own that has the kernel's targets and none of its size."""

import json
import os
from pathlib import Path

import pytest

from codegen.base.errors import EnvironmentFailure, UsageError
from codegen.run import make
from codegen.run.build import STAMP, ConfigRefused, Options, build, stale_objects
from codegen.run.make import BuildFailed, Step, error_lines
from codegen.run.preprocessed import preprocessed
from codegen.run.selftests import build_selftests, resolve

MAKEFILE = """\
O ?= nowhere
tinyconfig:
\techo '# CONFIG_KVM is not set' >$(O)/.config
olddefconfig:
\tgrep -q 'config KVM$$' arch/x86/kvm/Kconfig || : >$(O)/.config
\tsed -i '/CONFIG_GONE/d' $(O)/.config
\t@echo configured >>$(O)/configured
\tmkdir -p $(O)/include/config
\tprintf 'deps_config := \\\\\\n\\tKconfig \\\\\\n\\tarch/x86/kvm/Kconfig\\n\\n' \\
\t\t>$(O)/include/config/auto.conf.cmd
\techo 1.0-gen >$(O)/include/config/kernel.release
bzImage: $(O)/x86.o
\tmkdir -p $(O)/arch/x86/boot
\tcp $(O)/x86.o $(O)/arch/x86/boot/bzImage
\tcp $(O)/x86.o $(O)/vmlinux
headers:
\tmkdir -p $(O)/usr/include
$(O)/x86.o: arch/x86/kvm/x86.c
\t@echo "  CC      arch/x86/kvm/x86.o"
\t@$(CC) -c $(CURDIR)/$< -o $@
"""
SELFTESTS = """\
# 6.1 has no -M?D
TEST_GEN_PROGS := $(OUTPUT)/x86_64/a_test $(OUTPUT)/b_test
all: $(TEST_GEN_PROGS)
$(OUTPUT)/%: %.c
\tmkdir -p $(@D)
\t$(CC) $(KHDR_INCLUDES) $< -o $@
"""
FRAGMENT = "CONFIG_KVM=y # for: KVM\nCONFIG_KVM_SMM=y # optional\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    source = tmp_path / "tree"
    selftests = source / "tools/testing/selftests/kvm"
    for folder in (source / "arch/x86/kvm", selftests / "x86_64"):
        folder.mkdir(parents=True)
    (source / "Makefile").write_text(MAKEFILE)
    (source / "Kconfig").write_text('source "arch/x86/kvm/Kconfig"\n')
    (source / "arch/x86/kvm/Kconfig").write_text("config KVM\n")
    (source / "arch/x86/kvm/x86.c").write_text("int x;\n")
    (selftests / "Makefile").write_text(SELFTESTS)
    for name in ("x86_64/a_test.c", "b_test.c"):
        (selftests / name).write_text("int main(void) { return 0; }\n")
    for path in source.rglob("*"):
        os.utime(path, (1e9, 1e9))
    return source


@pytest.fixture
def options(tmp_path: Path) -> Options:
    fragment = tmp_path / "fragment"
    fragment.write_text(FRAGMENT)
    return Options(fragment=fragment)


def test_second_build_does_nothing(tree: Path, tmp_path: Path, options: Options) -> None:
    out = tmp_path / "out"
    steps: list[Step] = []
    first = build(tree, out, steps.append, options)
    assert (first.objects, first.release) == (1, "1.0-gen")
    assert first.image.exists()
    assert first.vmlinux.exists()
    assert [(step.done, step.what) for step in steps] == [(1, "x86.o")]
    assert build(tree, out, None, options).objects == 0
    assert (out / "configured").read_text() == "configured\n"


def test_source_is_not_written_to(tree: Path, tmp_path: Path, options: Options) -> None:
    before = sorted(tree.rglob("*"))
    build_selftests(build(tree, tmp_path / "out", None, options))
    assert sorted(tree.rglob("*")) == before
    with pytest.raises(UsageError, match="must not lie in the source"):
        build(tree, tree / "out", None, options)


@pytest.mark.parametrize("what", ["Kconfig", "fragment"])
def test_configured_again_only_when_needed(
    tree: Path, tmp_path: Path, options: Options, what: str
) -> None:
    out = tmp_path / "out"
    build(tree, out, None, options)
    if what == "Kconfig":
        (tree / "arch/x86/kvm/Kconfig").write_text("config KVM\nconfig KVM_NEW\n")
    else:
        options.fragment.write_text("CONFIG_KVM=y\n")
    build(tree, out, None, options)
    assert (out / "configured").read_text() == "configured\n" * 2


def test_folder_of_another_tree_or_compiler_is_built_anew(
    tree: Path, tmp_path: Path, options: Options
) -> None:
    out = tmp_path / "out"
    build(tree, out, None, options)
    stamp = json.loads((out / STAMP).read_text())
    (out / STAMP).write_text(json.dumps({**stamp, "compiler": "another 1.0"}))
    (out / "left").touch()
    assert build(tree, out, None, options).objects == 1
    assert not (out / "left").exists()


def test_foreign_folder_is_refused(tree: Path, tmp_path: Path, options: Options) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").touch()
    with pytest.raises(UsageError, match="not made by gen"):
        build(tree, out, None, options)
    assert (out / "thesis.txt").exists()


def test_not_a_kernel(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a kernel tree"):
        build(tmp_path, tmp_path / "out")


def test_config_that_cannot_have_kvm(tree: Path, tmp_path: Path, options: Options) -> None:
    (tree / "arch/x86/kvm/Kconfig").write_text("config OTHER\n")
    with pytest.raises(ConfigRefused) as error:
        build(tree, tmp_path / "out", None, options)
    assert error.value.findings == ("CONFIG_KVM=y: the tree has no such symbol; needed for: KVM",)


def test_a_wish_that_is_gone_is_a_note(tree: Path, tmp_path: Path, options: Options) -> None:
    """Told by each build, also where nothing is configured anew."""
    options.fragment.write_text(f"{FRAGMENT}CONFIG_GONE=y\n")
    for _ in range(2):
        made = build(tree, tmp_path / "out", None, options)
        assert made.notes == ("CONFIG_GONE=y: the tree has no such symbol",)
    assert (tmp_path / "out" / "configured").read_text() == "configured\n"


def test_patch_that_does_not_compile(tree: Path, tmp_path: Path, options: Options) -> None:
    (tree / "arch/x86/kvm/x86.c").write_text("int f(void) { return gone; }\n")
    with pytest.raises(BuildFailed) as error:
        build(tree, tmp_path / "out", None, options)
    (finding,) = error.value.findings
    assert finding.startswith("arch/x86/kvm/x86.c:1:22: error: 'gone' undeclared")
    assert "return gone;" in finding
    assert "gone" in error.value.log.read_text()


def test_missing_compiler(tree: Path, tmp_path: Path, options: Options) -> None:
    with pytest.raises(EnvironmentFailure, match="no-such-cc"):
        build(tree, tmp_path / "out", None, Options("no-such-cc", fragment=options.fragment))


def test_missing_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", {"make": "", "bison": "/b", "ld": "/l"}.get)
    with pytest.raises(EnvironmentFailure, match=r"missing: make, flex, bc"):
        make.check_tools()


def test_full_disk_is_the_machine_s_fault(tree: Path, tmp_path: Path, options: Options) -> None:
    full = "bzImage:\n\t@echo 'x.o: No space left on device' >&2; false\n"
    (tree / "Makefile").write_text(MAKEFILE.replace("bzImage: $(O)/x86.o\n", full + "other:\n"))
    with pytest.raises(EnvironmentFailure, match="No space left"):
        build(tree, tmp_path / "out", None, options)


def test_selftests_all_and_named(tree: Path, tmp_path: Path, options: Options) -> None:
    kernel = build(tree, tmp_path / "out", None, options)
    steps: list[Step] = []
    named = build_selftests(kernel, ["a_test"], steps.append)
    assert steps == [Step(1, 1, "a_test")]
    assert list(named.programs) == ["x86_64/a_test"]
    assert named.programs["x86_64/a_test"].exists()
    assert not (named.out / "b_test").exists()
    both = build_selftests(kernel)
    assert list(both.programs) == ["x86_64/a_test", "b_test"]
    assert both.objects == 1
    assert build_selftests(kernel).objects == 0


def test_selftests_see_a_changed_header(tree: Path, tmp_path: Path, options: Options) -> None:
    kernel = build(tree, tmp_path / "out", None, options)
    build_selftests(kernel)
    header = kernel.headers / "include/linux/kvm.h"
    header.parent.mkdir()
    header.write_text("#define KVM_CAP_NEW 1\n")
    assert build_selftests(kernel).objects == 2


def test_selftest_that_does_not_compile(tree: Path, tmp_path: Path, options: Options) -> None:
    kernel = build(tree, tmp_path / "out", None, options)
    (tree / "tools/testing/selftests/kvm/b_test.c").write_text("int main(void) { return no; }\n")
    with pytest.raises(BuildFailed, match="the selftests") as error:
        build_selftests(kernel, ["b_test"])
    assert error.value.findings[0].startswith("b_test.c:1:25: error: 'no' undeclared")


def test_one_broken_selftest_does_not_cost_the_others(
    tree: Path, tmp_path: Path, options: Options
) -> None:
    kernel = build(tree, tmp_path / "out", None, options)
    build_selftests(kernel)
    (tree / "tools/testing/selftests/kvm/b_test.c").write_text("int main(void) { return no; }\n")
    made = build_selftests(kernel)
    assert (list(made.programs), made.broken) == (["x86_64/a_test"], ("b_test",))
    (tree / "tools/testing/selftests/kvm/x86_64/a_test.c").write_text("neither does this\n")
    with pytest.raises(BuildFailed):
        build_selftests(kernel)


def test_unknown_selftest_names_those_close_to_it() -> None:
    known = ["x86/hyperv_ipi", "x86/fix_hypercall_test"]
    assert resolve(["fix_hypercall_test", "x86/hyperv_ipi"], known, "x86") == (known[1], known[0])
    with pytest.raises(UsageError, match="did you mean fix_hypercall_test"):
        resolve(["fix_hypercal_test"], known, "x86")


LOGS = {
    "linker": (
        [
            "  LD      vmlinux",
            "ld: x86.o: in function `f':",
            "x86.c:(.text+0x1): undefined reference to `g'",
        ],
        ("x86.c:(.text+0x1): undefined reference to `g'",),
    ),
    "kconfig": (
        ["arch/x86/kvm/Kconfig:23: syntax error"],
        ("arch/x86/kvm/Kconfig:23: syntax error",),
    ),
    "nothing-known": (["  CC  a.o", "make[1]: *** [a.o] Error 1"], ("make[1]: *** [a.o] Error 1",)),
    "the-same-twice": (["a.h:1:2: error: x"] * 2, ("a.h:1:2: error: x",)),
    "modpost": (
        ['ERROR: modpost: "f" [kvm.ko] undefined!'],
        ('ERROR: modpost: "f" [kvm.ko] undefined!',),
    ),
}


@pytest.mark.parametrize("case", LOGS)
def test_error_lines(case: str) -> None:
    log, found = LOGS[case]
    assert error_lines(log) == found


def test_stale_objects_are_those_older_than_what_they_came_from(tmp_path: Path) -> None:
    header = tmp_path / "kvm.h"
    for number, name in enumerate(("old.o", "new.o")):
        (tmp_path / name).touch()
        deps = f"deps_{name} := \\\n  {header} \\\n  $(wildcard x)\n\n"
        (tmp_path / f".{name}.cmd").write_text(f"savedcmd := cc\n\nsource_{name} := x.c\n\n{deps}")
        os.utime(tmp_path / name, (number * 100, number * 100))
    header.touch()
    os.utime(header, (50, 50))
    assert stale_objects(tmp_path, 2) == 1


def killed_while_writing(path: Path) -> None:
    with make.resumed(path.parent.parent):
        path.write_text("ha")
        raise KeyboardInterrupt


def test_what_a_killed_make_left_is_made_again(tmp_path: Path) -> None:
    old, half, kept = tmp_path / "old.o", tmp_path / "dir/half.o", tmp_path / "include/x.h"
    for path in (old, half, kept):
        path.parent.mkdir(exist_ok=True)
        path.touch()
    os.utime(old, (1, 1))
    with pytest.raises(KeyboardInterrupt):
        killed_while_writing(half)
    assert half.exists()
    with make.resumed(tmp_path):
        assert old.exists()
        assert kept.exists()
        assert not half.exists()
        half.write_text("half")
    with make.resumed(tmp_path):
        assert half.exists()


@pytest.mark.parametrize("key", ["cmd", "savedcmd"])
def test_what_the_configuration_leaves_out_is_not_compiled(
    tree: Path, tmp_path: Path, options: Options, key: str
) -> None:
    source = tree / "arch/x86/kvm/x86.c"
    source.write_text("#ifdef CONFIG_A\nint a = gen_mutant == 1;\n#else\nint b;\n#endif\n")
    kernel = build(tree, tmp_path / "out", options=options)
    (kernel.out / "arch/x86/kvm").mkdir(exist_ok=True)
    kept = kernel.out / "arch/x86/kvm/.x86.o.cmd"
    command = "gcc -Wp,-MMD,x86.d -DNAME='\"x86\"' {} -c -o arch/x86/kvm/x86.o {}"
    for define, seen in (("-DCONFIG_A", True), ("", False)):
        text = f"{key}_arch/x86/kvm/x86.o := {command.format(define, source)} ; tools/objtool x\n"
        kept.write_text(f"{text}\nsource_arch/x86/kvm/x86.o := {source}\n")
        said = preprocessed(kernel, "arch/x86/kvm/x86.c")
        assert said is not None
        assert (b"gen_mutant == 1" in said) is seen
        assert (b"int b" in said) is not seen
    assert not (kernel.out / "x86.d").exists()
    assert preprocessed(kernel, "arch/x86/kvm/mmu.c") is None
    kept.write_text("cmd_x := 'gcc\n")
    assert preprocessed(kernel, "arch/x86/kvm/x86.c") is None
