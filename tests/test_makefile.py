"""The Makefile's set-up where something is missing: it says so, and removes nothing that it did not make."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# A Python as Debian has it without python3-venv: the folder is begun, then the module fails.
WITHOUT_VENV = """\
#!/bin/sh
case "$*" in *"-m venv"*) mkdir -p "$3"; touch "$3/pyvenv.cfg"; exit 1;; esac
exec python3 "$@"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    shutil.copy(ROOT / "Makefile", tmp_path)
    for folder in ("scripts", "hwdesign", "tests", "benchmarks"):
        (tmp_path / folder).mkdir()
    packages = tmp_path / "scripts" / "system_packages.sh"
    packages.write_text("#!/bin/sh\nexit 0\n")
    python = tmp_path / "python"
    python.write_text(WITHOUT_VENV)
    for program in (packages, python):
        program.chmod(0o755)
    return tmp_path


def make(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *words],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/bin:/bin"},
    )


def test_without_the_venv_module(project: Path) -> None:
    done = make(project, "setup", f"PYTHON={project}/python")
    assert done.returncode == 2
    assert "cannot make an environment; run: sudo apt-get install -y python3-venv" in done.stderr
    assert not (project / ".venv").exists()


def test_without_python(project: Path) -> None:
    done = make(project, "demo", "PYTHON=python9")
    assert done.returncode == 2
    assert "python9 is missing or older than 3.11; name a newer one: make PYTHON=python3.12 demo" in done.stderr


def test_a_folder_that_is_no_environment_is_left_alone(project: Path) -> None:
    (project / "mine").mkdir()
    (project / "mine" / "data").touch()
    done = make(project, "setup", f"PYTHON={project}/python", "VENV=mine")
    assert done.returncode == 2
    assert "mine exists and is no virtual environment; name another folder" in done.stderr
    assert make(project, "distclean", "VENV=mine").returncode == 0
    assert (project / "mine" / "data").exists()
