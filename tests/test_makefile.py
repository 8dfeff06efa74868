"""The Makefile's set-up where something is missing: it says so, and removes nothing that it did not make."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# A Python as Debian has it without python3-venv: the folder is begun, then the module fails.
WITHOUT_VENV = """\
#!/bin/sh
case "$*" in *"-m venv"*) mkdir -p "$3"; touch "$3/pyvenv.cfg"; exit 1;; esac
exec python3 "$@"
"""


# One that makes an environment in which every program succeeds; `pip config list` prints $SETTINGS, and torch is there
# where $TORCH says so.
WITH_VENV = """\
#!/bin/sh
case "$*" in
  *"-m venv"*) mkdir -p "$3/bin"; touch "$3/pyvenv.cfg"; cp "$0" "$3/bin/python";;
  *"config list"*) echo "$SETTINGS";;
  *find_spec*) test -n "$TORCH";;
esac
"""
NOTE = """\
note: torch is not installed yet, and pip may fetch its CUDA build, several gigabytes; for the CPU build, stop here and
    name the index of PyTorch's CPU builds, as PyTorch's installation page says: PIP_EXTRA_INDEX_URL=... make
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    shutil.copy(ROOT / "Makefile", tmp_path)
    for folder in ("scripts", "hwdesign", "tests", "benchmarks"):
        (tmp_path / folder).mkdir()
    shutil.copy(ROOT / "scripts" / "torch_index.sh", tmp_path / "scripts")
    for file in ("pyproject.toml", "constraints.txt", "CMakeLists.txt"):
        (tmp_path / file).touch()
    packages = tmp_path / "scripts" / "system_packages.sh"
    packages.write_text("#!/bin/sh\nexit 0\n")
    python = tmp_path / "python"
    python.write_text(WITHOUT_VENV)
    for program in (packages, python):
        program.chmod(0o755)
    return tmp_path


def make(project: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *words],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/bin:/bin", **environment},
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


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a CUDA build on the common index")
@pytest.mark.parametrize(
    ("options", "torch", "settings", "told"),
    [
        ("", "", "", True),
        ("-q", "", "global.cert='/a'\nglobal.index-url='https://mirror.example/simple'", True),
        ("", "yes", "", False),
        ("", "", ":env:.extra-index-url='https://x.example/y'", False),
        ("", "", "global.index-url='https://x.example/whl/cpu'", False),
        ("", "", "install.find-links='/wheels'", False),
        ("--extra-index-url https://x.example/y", "", "", False),
        ("--index-url=https://x.example/whl/cpu", "", "", False),
        ("-i https://x.example/whl/cpu", "", "", False),
        ("-i https://x.example/simple", "", "", True),
        ("-f /wheels", "", "", False),
    ],
)
def test_the_cuda_build_is_announced(project: Path, options: str, torch: str, settings: str, told: bool) -> None:
    (project / "python").write_text(WITH_VENV)
    words = ("setup", f"PYTHON={project}/python", f"PIP_ARGS={options}")
    done = make(project, *words, TORCH=torch, SETTINGS=settings)
    assert done.returncode == 0, done.stderr
    assert done.stderr == (NOTE if told else "")
    # Once set up, nothing is said again.
    assert make(project, *words, TORCH=torch, SETTINGS=settings).stderr == ""
