"""Fixtures that every test may use."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent

# A shell's background job ignores Ctrl-C, and its children inherit that: the tests of interruption need it back.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Continuous integration judges a change, not the day's luck: the same examples every time. Elsewhere they vary.
hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")


def data_folder() -> Path | None:
    """The shared data, from HWDESIGN_DATA or beside the project; None where there is none."""
    named = os.environ.get("HWDESIGN_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of public circuits; skips the test where it is missing."""
    folder = data_folder()
    if folder is None:
        pytest.skip("shared data not found: set HWDESIGN_DATA to its folder")
    return folder


def require_tool(*programs: str) -> Path:
    """Path of the first of `programs` on the PATH; skips where none is, fails under HWDESIGN_REQUIRE_TOOLS=1."""
    for program in programs:
        found = shutil.which(program)
        if found:
            return Path(found)
    message = f"none of these programs is on the PATH: {', '.join(programs)}"
    if os.environ.get("HWDESIGN_REQUIRE_TOOLS") == "1":
        pytest.fail(message)
    pytest.skip(message)
