"""Which resistances a specification's temperature warms."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from hwdesign.errors import ConfigError
from hwdesign.sfq.analysis import Study, delay
from tests.sfq.analysis.conftest import study
from tests.spice.decks import jtl

TEXT = "checks: []\ndelay: {{input: B1, output: B6, samples: 800}}\nafter: 10p\ntemperature: 4\nnoisy: {}\n"


def line(folder: Path, noisy: str) -> Study:
    deck = folder / "line.cir"
    deck.write_text(f"* line\n{jtl(6, rtype=0)}\n.tran 0.1p 40p\n.end\n")
    return study(folder, TEXT.format(noisy), deck=deck, checks=False)


def test_junctions_add_their_share_to_the_jitter(tmp_path: Path) -> None:
    """Jitter goes with the root of the noisy conductance, that of the shunts with or without the junctions' own."""
    jitter = {noisy: delay(line(tmp_path, noisy)).rms_jitter for noisy in ("all", "resistors")}
    circuit = line(tmp_path, "all").circuit
    shunt, own = (1 / circuit.nominal(name) for name in ("R2", "B2.rn"))
    wanted = math.sqrt(1 + own / shunt)
    assert wanted > 1.15
    assert jitter["all"] / jitter["resistors"] == pytest.approx(wanted, rel=0.08)


def test_refuses_other_words(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        line(tmp_path, "shunts")
    assert str(caught.value) == f"{tmp_path / 'spec.yaml'}:5: 'noisy' is 'shunts'; choose all or resistors"
