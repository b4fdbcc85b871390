"""What is shipped installs, runs and says what it is; the files for systems hold together."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from opentcf import __version__
from opentcf.runtime.config import load_config

ROOT = Path(__file__).parent.parent
PACKAGING = ROOT / "packaging"
UNITS = sorted((PACKAGING / "systemd").glob("*.service"))


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder with a wheel and an sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-d", folder, cwd=ROOT)
    return folder


def run(*command: object, **options: object) -> str:
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [*map(str, command)], check=True, capture_output=True, text=True, env=clean, **options
    ).stdout  # type: ignore[call-overload]


@pytest.mark.parametrize("kind", ["*.whl", "*.tar.gz"])
def test_it_installs_into_a_clean_environment(built: Path, tmp_path: Path, kind: str):
    """Its dependencies, pip and the builder are lent by the environment of the tests."""
    (archive,) = built.glob(kind)
    venv.create(tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    (lent,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    (lent / "lent.pth").write_text(sysconfig.get_path("purelib"))
    run(python, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-build-isolation",
        "--ignore-installed", archive)  # fmt: skip
    said = run(tmp_path / "venv" / "bin" / "opentcf", "--version", cwd=tmp_path)
    assert said == f"opentcf, version {__version__}, plain core\n"
    where = run(python, "-c", "import opentcf; print(opentcf.__file__)", cwd=tmp_path)
    assert where.startswith(str(lent))


def test_the_wheel_has_all_that_a_node_needs(built: Path):
    (wheel,) = built.glob("*.whl")
    shipped = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("opentcf/")}
    source = ROOT / "src"
    assert shipped == {str(path.relative_to(source)) for path in files(source / "opentcf")}
    assert any(
        name.endswith("/share/opentcf/wireshark/btrunc.lua") for name in zipfile.ZipFile(wheel).namelist()
    )


def files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def test_the_sdist_has_what_packagers_need(built: Path):
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "docs/index.md", "packaging/systemd/opentcf.service"} <= names


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_takes_the_unit(unit: Path, tmp_path: Path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is missing")
    copy = tmp_path / unit.name.replace("@", "@core1")
    copy.write_text(unit.read_text("utf-8").replace("/usr/bin/opentcf", sys.executable), "utf-8")
    checked = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False)
    said = [line for line in checked.stderr.splitlines() if copy.name in line]
    assert said == []


def test_the_units_are_the_same_but_for_the_instance():
    one, many = (
        (PACKAGING / "systemd" / name).read_text() for name in ("opentcf.service", "opentcf@.service")
    )
    assert one.splitlines()[1:] == many.replace(" %i", "").replace("%i.toml", "opentcf.toml").splitlines()[1:]


def test_the_example_configuration_is_valid_with_and_without_its_examples(tmp_path: Path, monkeypatch):
    text = (PACKAGING / "etc" / "opentcf.toml").read_text("utf-8")
    whole = re.sub(r"^# (?=\[|\w+ = )", "", text, flags=re.MULTILINE)
    monkeypatch.setenv("PASSWORD_1001", "secret")
    loaded = []
    for name, content in (("as_shipped.toml", text), ("whole.toml", whole)):
        (tmp_path / name).write_text(content, "utf-8")
        loaded.append(load_config(tmp_path / name).settings)
    assert [settings.domain for settings in loaded] == ["core1.example"] * 2
    assert [one.aor.number for one in loaded[1].subscribers] == ["1001"]
