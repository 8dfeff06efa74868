"""A small deck and its specification."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwdesign.sfq.analysis import Study, load_spec, prepare

ROOT = Path(__file__).resolve().parents[3]
JTL = ROOT / "netlists" / "sfq" / "jtl.cir"
SPEC = ROOT / "sims" / "jtl_margins.yaml"
SYNAPSE = ROOT / "sims" / "synapse.cir"


@pytest.fixture(scope="session")
def jtl() -> Study:
    """The line of `sims/jtl_margins.yaml`."""
    return prepare(load_spec(SPEC))


def study(folder: Path, text: str, *, deck: Path = JTL, checks: bool = True) -> Study:
    """A specification's text, made ready for a deck."""
    path = folder / "spec.yaml"
    path.write_text(text)
    return prepare(load_spec(path, deck), checks=checks)
