# SPDX-License-Identifier: GPL-2.0-only

"""The command line: exit statuses, what is printed where, and machine-readable answers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from codegen.base.errors import UsageError
from codegen.base.resources import resources
from codegen.cli.main import main
from codegen.cli.target import reserved
from tests.minitree import KVM_MAIN, minitree
from tests.unit.kit import SHIPPED, VARIANTS, contents, git, knob_text
from tests.unit.test_git import state

ROOT = Path(__file__).parents[2]


@pytest.fixture
def description(tmp_path: Path) -> Path:
    """A description of the user's own."""
    path = tmp_path / "small-maps.yaml"
    path.write_text(knob_text())
    return path


class Ran:
    """What a run of gen came to."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: object) -> None:
        self.status = main([str(argument) for argument in arguments])
        self.out, self.err = capsys.readouterr()

    def json(self) -> Any:
        """What it printed for machines: that, and nothing else."""
        assert self.err == ""
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """pytest-xdist sets COLUMNS, for which gen would wrap."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture
def gen(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run gen in this process."""
    return lambda *arguments: Ran(capsys, *arguments)


def test_a_series_is_made_and_described(
    gen: Any, description: Path, repository: Path, tmp_path: Path
) -> None:
    ran = gen(
        "--variant",
        "memslot-flag",
        "--abi",
        description,
        "--tree",
        repository,
        "--out",
        tmp_path / "out",
    )
    assert ran.status == 0
    assert ran.err == ""
    before, _, _ = minitree()[KVM_MAIN].partition(b"if (mem->flags & ~valid_flags)")
    tests_flags = before.count(b"\n") + 1
    for text in (
        "small-maps as memslot-flag on linux-", "(Linux 6.99.3-mini)", "0002  KVM: Add memslot flag KVM_MEM_SMALL_MAPS",
        "KVM_MEM_SMALL_MAPS = bit 3, KVM_CAP_MEMSLOT_SMALL_MAPS = 238", f"{KVM_MAIN}:{tests_flags}",
        "check_memory_region_flags(): before the test of unknown flags", " am ",
    ):  # fmt: skip
        assert text in ran.out, text


def test_all_variants_go_on_where_one_cannot_be(gen: Any, repository: Path, tmp_path: Path) -> None:
    ran = gen("--variant", "all", "--tree", repository, "--out", tmp_path, "--json")
    said = ran.json()
    assert ran.status == 0
    assert [made["variant"] for made in said["series"]] == [
        "memslot-flag",
    ]
    refused = {each["site"]: each["message"] for each in said["not_here"]}
    assert set(refused) == set(VARIANTS) - {"memslot-flag"}
    assert "is there already" in refused.pop("quirk")
    assert all(said.startswith("here already") for said in refused.values())


def test_what_is_redundant_is_made_if_asked_for(gen: Any, repository: Path, tmp_path: Path) -> None:
    asked = ("--variant", "vm-type", "--tree", repository)
    ran = gen(*asked, "--out", tmp_path)
    assert ran.status == 1 and "here already" in ran.err and "--redundant" in ran.err
    ran = gen(*asked, "--out", tmp_path, "--redundant", "--json")
    assert ran.status == 0
    (made,) = ran.json()["series"]
    folder = Path(made["folder"])
    manifest = json.loads((folder / ".gen/manifest.json").read_text())
    assert manifest["redundant"].startswith("here already: without the series")
    assert manifest["command"].endswith(" --redundant")
    cover = " ".join((folder / "0000-cover-letter.patch").read_text().split())
    assert "is for comparing uAPIs and not for merging: here already" in cover


def test_all_variants_are_a_table(
    gen: Any, description: Path, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["--variant", "all", "--abi", description, "--tree", repository, "--out", tmp_path]
    ran = gen(*command)
    assert (ran.status, ran.err) == (0, "")
    title, _, head, *rows = ran.out.splitlines()
    assert title.startswith("small-maps on linux-")
    assert head.split()[:4] == ["variant", "patches", "files", "code"]
    names = [row.split()[0] for row in rows[: rows.index("")] if not row.startswith(" ")]
    assert names == sorted(VARIANTS)
    for text in (
        r"memslot-flag   3 +\d+ +\d+ +\d+ +\d+ +KVM_MEM_SMALL_MAPS = bit 3, KVM_CAP_MEMSLOT_SMALL_MAPS = 238",
        "KVM_SET_USER_MEMORY_REGION, flags .= KVM_MEM_SMALL_MAPS",
        "KVM_ENABLE_CAP, cap = KVM_CAP_X86_SMALL_MAPS, args.0. = 1",
        "KVM_ENABLE_CAP, cap = KVM_CAP_DISABLE_QUIRKS2, args.0. .= KVM_X86_QUIRK_HUGE_MAPS",
        "KVM_CREATE_VM, type = KVM_X86_SMALL_MAPS_VM",
        "nothing, KVM decides by itself",
        "files: .*/small-maps/VARIANT/",
        "compare: .* compare --quick --abi ",
    ):
        assert re.search(text, ran.out), text
    (folder,) = tmp_path.glob("*/small-maps/quirk")
    files = {p.name: p.read_text() for p in folder.glob("*.patch") if p.name[:4] != "0000"}
    tests = next(text for text in files.values() if "selftests: Test" in text)
    added = len(re.findall(r"^\+(?!\+\+ )", tests, re.M))
    assert re.search(rf"quirk +{len(files)} +\d+ +\d+ +\d+ +{added} ", ran.out)
    monkeypatch.setenv("COLUMNS", "40")
    narrow = gen(*command).out
    assert all(len(line) <= 40 or len(line.split()) == 1 for line in narrow.splitlines())
    (refused,) = [
        line
        for line in gen("--variant", "all", "--tree", repository, "--out", tmp_path).out.split(
            "\n\n"
        )
        if "quirk" in line
    ]
    assert "not here: KVM_X86_QUIRK_SLOT_ZAP_ALL" in refused


def test_a_variant_whose_terms_the_tree_has_not_is_named(
    gen: Any, repository: Path, tmp_path: Path
) -> None:
    asked = tmp_path / "small-maps.yaml"
    asked.write_text(knob_text().replace("kvm->created_vcpus > 8", "no_such_device(kvm)"))
    command = ["--variant", "all", "--abi", asked, "--tree", repository, "--out", tmp_path]
    assert re.search(r"^hardcoded .*not here: no alternative", gen(*command).out, re.M)
    said = gen(*command, "--force", "--json").json()
    assert [each["site"] for each in said["not_here"]] == ["hardcoded"]


def test_what_is_printed_to_be_pasted_is_the_same_however_narrow(
    gen: Any, description: Path, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["--variant", "quirk", "--abi", description, "--tree", repository, "--out", tmp_path]
    wide = gen(*command).out.partition("next:\n")[2].strip().splitlines()
    assert any(len(line) > 40 for line in wide)
    monkeypatch.setenv("COLUMNS", "40")
    narrow = gen(*command).out.partition("next:\n")[2].strip().replace("\\\n", "").splitlines()
    assert [line.split() for line in narrow] == [line.split() for line in wide]


def test_a_variant_that_cannot_be_is_status_1(gen: Any, repository: Path, tmp_path: Path) -> None:
    ran = gen("--variant", "quirk", "--tree", repository, "--out", tmp_path / "out")
    assert ran.status == 1
    assert ran.out == ""
    assert re.search(r"KVM_X86_QUIRK_SLOT_ZAP_ALL is there already: arch/x86/\S+:13", ran.err)
    assert not (tmp_path / "out").exists()


def bad_description(tmp_path: Path) -> Path:
    """A description with an error."""
    path = tmp_path / "bad.yaml"
    path.write_text(knob_text().replace("title:", "titel:"))
    return path


WRONG: list[tuple[list[str], int, str]] = [
    ([], 2, "--variant is missing: zap-leafs-only describes hardcoded, memslot-flag, "),
    (["--variant", "nonsense"], 2, "there is no variant 'nonsense'; there are: "),
    (["--variant", "memslot_flag"], 2, "'memslot_flag' (did you mean memslot-flag?); there"),
    (["--variant", "qirk"], 2, "(did you mean quirk?)"),
    (
        ["--variant", "quirk", "--abi", "nowhere"],
        2,
        "no description 'nowhere'; by name there are: apic",
    ),
    (["--variant", "quirk", "--abi", "zap-leaf-only"], 2, "(did you mean zap-leafs-only?)"),
    (["--variant", "quirk", "--abi", "baad.yaml"], 2, "(did you mean bad.yaml?)"),
    (["--variant", "quirk", "--tree", "debain:6.12"], 2, "(did you mean debian:6.12?)"),
    (["--variant", "quirk", "--tree", "debian:6.l2"], 2, "(did you mean debian:6.12?)"),
    (["abi-diff", "debain:6.12", "{repo}"], 2, "(did you mean debian:6.12?)"),
    (["tree", "remove", "debian6.12"], 2, "(did you mean debian:6.12?)"),
    (["--variant", "quirk", "--abi", "{tmp}"], 2, "{tmp}"),
    (["--variant", "quirk", "--tree", "{tmp}/nowhere"], 2, "nowhere"),
    (["--variant", "quirk", "--tree", "{tmp}"], 2, "no kernel source"),
    (["--variant", "quirk", "--tree", "{repo}@nowhere"], 2, "names no commit"),
    (
        ["--variant", "quirk", "--tree", "{repo}", "--reserve", "KVM_CAP=1"],
        2,
        "write it like KVM_CAP_=239,240",
    ),
    (["--variant", "quirk", "--xyzzy"], 2, "there is no option --xyzzy; see gen --help"),
    (["--var", "quirk"], 2, "there is no option --var"),
    (["--varient", "quirk"], 2, "there is no option --varient (did you mean --variant?)"),
    (["--varient=quirk", "check"], 2, "there is no option --varient (did you mean --variant?)"),
    (["lint", "--variant", "quirk"], 2, "gen lint takes no --variant; see gen lint --help"),
    (["--variant", "quirk", "lint"], 2, "gen lint takes no --variant; see gen lint --help"),
    (["-k", "x", "check"], 2, "gen check takes no -k"),
    (["-kx", "check"], 2, "gen check takes no -k"),
    (["--variant"], 2, "expected one argument"),
    (["--jobs", "0", "build"], 2, "'0' is no number from 1 on; see gen build --help"),
    (["test", "--accel", "xen"], 2, "invalid choice: 'xen'"),
    (["nonsense"], 2, "there is no command gen nonsense; there are: explain, apply"),
    (["chek"], 2, "there is no command gen chek (did you mean check?); see gen --help"),
    (["chek", "series/"], 2, "(did you mean check?)"),
    (["check", "one", "two"], 2, "unrecognized arguments: two; see gen check --help"),
    (["abi-diff", "one"], 2, "the following arguments are required: B; see gen abi-diff --help"),
    (["explain", "--tree", "{repo}"], 2, "--variant is missing"),
    (["apply", "--variant", "quirk"], 2, "apply needs --tree"),
    (["--tree", "{repo}", "explain"], 2, "--variant is missing"),
    (["--abi", "test", "check"], 2, "no description 'test'"),
    (["check"], 2, "; or name a series"),
    (
        ["explain", "--variant", "quirk", "--reserve", "KVM_CAPS_=1"],
        2,
        "no variant takes a number KVM_CAPS_*, but KVM_",
    ),
    (["apply", "--variant", "all", "--tree", "{repo}"], 2, "one variant"),
    (["apply", "--variant", "quirk", "--tree", "{repo}", "--in-place"], 2, "is a repository"),
    (
        ["apply", "--variant", "quirk", "--abi", "{own}", "--tree", "{repo}", "--branch", "-x"],
        2,
        "branch",
    ),
    (
        ["apply", "--variant", "quirk", "--abi", "{own}", "--tree", "{repo}", "--branch", "main"],
        2,
        "main exists",
    ),
    (["lint", "{tmp}/nowhere.yaml"], 2, "nowhere.yaml"),
    (["lint", "{bad}"], 1, "unknown key `titel`"),
    (["--variant", "quirk", "--abi", "{bad}", "--tree", "{repo}"], 1, "unknown key `titel`"),
    (["tree"], 2, "gen tree needs one more word; there are: list, add, remove; see gen tree --"),
    (["tree", "lst"], 2, "there is no command gen tree lst (did you mean list?)"),
    (["tree", "remove", "nowhere"], 2, "nowhere"),
    (["tree", "add", "x", "{tmp}"], 2, "no kernel source"),
]


@pytest.mark.parametrize(("arguments", "status", "said"), WRONG)
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_what_is_wrong_is_said(
    arguments: list[str], status: int, said: str, as_json: bool,
    gen: Any, description: Path, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    names = {
        "tmp": str(tmp_path),
        "repo": str(repository),
        "bad": str(bad_description(tmp_path)),
        "own": str(description),
    }
    given = [argument.format(**names) for argument in arguments]
    before = state(tmp_path)
    ran = gen(*given, *(["--json"] if as_json else []))
    assert ran.status == status
    assert "Traceback" not in ran.out + ran.err
    if as_json:
        error = ran.json()["error"]
        assert error["status"] == status
        text = json.dumps(error, ensure_ascii=False)
    else:
        assert ran.out == ""
        text = ran.err
    assert said.format(**names) in text
    assert state(tmp_path) == before


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["KVM_CAP_=239"], {"KVM_CAP_": {239}}),
        (["KVM_CAP_=239,240", "KVM_MEM_=3"], {"KVM_CAP_": {239, 240}, "KVM_MEM_": {3}}),
        (["KVM_CAP_=1", "KVM_CAP_=2"], {"KVM_CAP_": {1, 2}}),
        (["KVM_X86_QUIRK_=9"], {"KVM_X86_QUIRK_": {9}}),
    ],
)
def test_reserved_numbers_are_read(given: list[str], expected: dict[str, set[int]]) -> None:
    made = reserved(given)
    assert {key: set(value) for key, value in made.numbers.items()} == expected


@pytest.mark.parametrize("text", ["", "KVM_CAP_", "KVM_CAP_=", "KVM_CAP_=a", "KVM_CAP_=1,", "KVM_CAP_=-1", "x=1", "KVM_CAP_=1 2", "KVM_CAP_=1;KVM_MEM_=2"])  # fmt: skip
def test_numbers_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="write it like"):
        reserved([text])


def test_the_plan_is_explained_and_nothing_is_written(
    gen: Any, description: Path, repository: Path, tmp_path: Path
) -> None:
    before = state(tmp_path)
    ran = gen("explain", "--variant", "vm-capability", "--abi", description, "--tree", repository)
    assert ran.status == 0
    assert "site enable-cap-case: kvm_vm_ioctl_enable_cap(): before default" in ran.out
    assert re.search(r"arch/x86/kvm/x86.c:\d+\n", ran.out)
    assert "+ #define KVM_CAP_X86_SMALL_MAPS 238" in ran.out
    assert "- false" in ran.out
    said = gen(
        "explain", "--variant", "all", "--abi", description, "--tree", repository, "--json"
    ).json()
    assert [plan["variant"] for plan in said["plans"]] == list(VARIANTS)
    assert state(tmp_path) == before


def test_the_only_variant_of_a_description_need_not_be_named(
    gen: Any, repository: Path, tmp_path: Path
) -> None:
    path = tmp_path / "one.yaml"
    path.write_text(knob_text("quirk"))
    said = gen("explain", "--abi", path, "--tree", repository, "--json").json()
    assert [plan["variant"] for plan in said["plans"]] == ["quirk"]


def test_shipped_descriptions_are_all_right(gen: Any) -> None:
    ran = gen("lint")
    assert ran.status == 0
    assert (
        ran.out == "".join(f"{name}.yaml: all right\n" for name in SHIPPED)
        or "all right" in ran.out
    )
    assert len(gen("lint", "--json").json()["files"]) == len(SHIPPED)
    assert gen("lint", "zap-leafs-only").status == 0


def test_the_schema_takes_the_shipped_descriptions_and_refuses_others(gen: Any) -> None:
    schema = gen("schema").json()
    jsonschema.Draft202012Validator.check_schema(schema)
    takes = jsonschema.Draft202012Validator(schema).is_valid
    for name in SHIPPED:
        said = yaml.safe_load((resources("abi") / f"{name}.yaml").read_text())
        assert takes(said)
        assert not takes({**said, "unknown": 1})
        assert not takes({**said, "name": "Not A Name"})


def test_a_branch_is_made(gen: Any, description: Path, repository: Path) -> None:
    ran = gen("apply", "--variant", "quirk", "--abi", description, "--tree", repository, "--json")
    said = ran.json()
    assert said["branch"] == "gen/small-maps-quirk"
    assert git(repository, "rev-parse", said["branch"]) == said["commit"]
    again = gen("apply", "--variant", "quirk", "--abi", description, "--tree", repository)
    assert again.status == 2
    assert "exists" in again.err


def test_a_folder_is_changed_only_if_that_is_asked_for(
    gen: Any, description: Path, unpacked: Path
) -> None:
    refused = gen("apply", "--variant", "quirk", "--abi", description, "--tree", unpacked)
    assert refused.status == 2
    assert "--in-place" in refused.err
    said = gen(
        "apply",
        "--variant",
        "quirk",
        "--abi",
        description,
        "--tree",
        unpacked,
        "--in-place",
        "--json",
    ).json()
    assert "arch/x86/include/uapi/asm/kvm.h" in said["changed"]


def test_signing_off_takes_the_users_name(
    gen: Any, description: Path, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    command = [
        "--variant",
        "quirk",
        "--abi",
        description,
        "--tree",
        repository,
        "--out",
        tmp_path / "out",
        "--signoff",
    ]
    refused = gen(*command)
    assert refused.status == 2
    assert "git config --global user.email" in refused.err
    git(repository, "config", "user.name", "Grace Example")
    git(repository, "config", "user.email", "grace@example.org")
    assert gen(*command).status == 0
    (mail,) = (tmp_path / "out").glob("*/*/*/0002-*")
    assert "Signed-off-by: Grace Example <grace@example.org>" in mail.read_text()


def test_trees_get_names(
    gen: Any, description: Path, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / "cache"))
    assert gen("tree", "list").status == 0
    assert gen("tree", "add", "mine", repository).status == 0
    (entry,) = gen("tree", "list", "--json").json()["trees"]
    assert entry["name"] == "mine"
    assert "mine" in gen("tree", "list").out
    assert gen("explain", "--variant", "quirk", "--abi", description, "--tree", "mine").status == 0
    assert gen("tree", "remove", "mine").status == 0
    assert gen("tree", "list", "--json").json()["trees"] == []


def program(*arguments: object, **more: Any) -> subprocess.CompletedProcess[str]:
    """gen in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "codegen", *map(str, arguments)],
        cwd=ROOT, capture_output="stdout" not in more, text=True, check=False, timeout=60, **more,
    )  # fmt: skip


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ran = program("schema", stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert "Traceback" not in ran.stderr
    assert "Exception ignored" not in ran.stderr
    assert ran.returncode in (0, 2, 120) or ran.returncode < 0


def test_a_full_output_is_no_traceback() -> None:
    with open("/dev/full", "w") as full:
        ran = program("schema", stdout=full, stderr=subprocess.PIPE)
    assert "Traceback" not in ran.stderr
    assert ran.returncode != 0


def test_an_interrupt_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("codegen.cli.commands.knobs.lint", interrupted)
    assert main(["lint"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_the_library_says_the_same_as_the_command_line(
    gen: Any, description: Path, repository: Path, tmp_path: Path
) -> None:
    import codegen

    gen("--variant", "quirk", "--abi", description, "--tree", repository, "--out", tmp_path / "out")
    (folder,) = (tmp_path / "out").glob("*/*/*")
    series = codegen.generate(description, "quirk", str(repository))
    assert contents(folder) == series.files
