# SPDX-License-Identifier: GPL-2.0-only
"""The wheel has all that gen needs: it works from an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.unit.kit import SHIPPED, VARIANTS

pytestmark = pytest.mark.programs

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel, built from what is in the checkout, without network."""
    pytest.importorskip("setuptools", minversion="68", reason="builds the wheel")
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("codegen", "templates", "abi", "pyproject.toml", "setup.py", "README.md"):
        if (ROOT / name).exists():
            subprocess.run(["cp", "-r", str(ROOT / name), str(source)], check=True)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation",
         "--no-index", "-w", str(folder), str(source)],
        check=True,
    )  # fmt: skip
    (made,) = folder.glob("*.whl")
    return made


def test_the_wheel_has_templates_and_descriptions(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for name in SHIPPED:
        assert f"codegen/abi/{name}.yaml" in names
    for variant in VARIANTS:
        assert f"codegen/templates/{variant}/variant.yaml" in names
    shipped = {name.removeprefix("codegen/") for name in names if name.endswith(".j2")}
    assert shipped == {str(p.relative_to(ROOT)) for p in ROOT.glob("templates/**/*.j2")}
    modules = {name for name in names if name.startswith("codegen/") and name.endswith(".py")}
    assert modules == {str(p.relative_to(ROOT)) for p in ROOT.glob("codegen/**/*.py")}
    assert not [n for n in names if n.startswith(("tests", "patches")) or "goldens" in n]


def test_gen_from_the_wheel_works_in_an_empty_folder(
    wheel: Path, repository: Path, tmp_path: Path
) -> None:
    venv, empty = tmp_path / "venv", tmp_path / "empty"
    empty.mkdir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    site = sysconfig.get_path("purelib", vars={"base": str(venv), "platbase": str(venv)})
    pip = [sys.executable, "-m", "pip", "-q", "--python", str(venv / "bin/python")]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", str(wheel)], check=True)
    assert Path(site).is_dir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(empty),
        # for what gen depends on
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if "site-packages" in path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }

    def gen(*arguments: str) -> str:
        done = subprocess.run(
            [str(venv / "bin/python"), "-P", str(venv / "bin/gen"), *arguments],
            cwd=empty, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = [str(venv / "bin/python"), "-P", "-c", "import codegen; print(codegen.__file__)"]
    said = subprocess.check_output(where, cwd=empty, env=environment, text=True)
    assert said.startswith(str(venv))
    assert gen("lint").count("all right") == len(SHIPPED)
    assert list(empty.iterdir()) == []
    gen("--variant", "memslot-flag", "--tree", str(repository))
    assert [path.name for path in empty.iterdir()] == ["patches"]
