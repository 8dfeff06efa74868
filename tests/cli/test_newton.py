"""`hwdesign simulate deck --mode newton` with thermal noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.cli.conftest import Cli

DECK = """* a shunted junction at 4.2 K
IB 0 1 pwl(0 0 5p 175u)
B1 1 0 jm area=2.5
R1 1 0 2.744
.model jm jj(rtype=1, vg=2.8m, cap=0.07p, r0=160, rn=16, icrit=0.1m)
.temp 4.2
.tran 0.2p 100p 0 0.2p
.print phase B1
.end
"""


def test_a_seed_is_a_path_and_the_deck_is_warm(cli: Cli, tmp_path: Path) -> None:
    deck = tmp_path / "warm.cir"
    deck.write_text(DECK, encoding="utf-8")
    found = {}
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        out = tmp_path / f"{name}.csv"
        assert cli("simulate", "deck", deck, "--mode", "newton", "--seed", seed, "-o", out).code == 0
        found[name] = out.read_text(encoding="utf-8")
    assert found["a"] == found["b"] != found["c"]
    phase = np.loadtxt(tmp_path / "a.csv", delimiter=",", skiprows=1)[200:, 1]
    # About asin(0.7), with a standard deviation of the root of kT over the Josephson energy times cos(phase).
    assert abs(phase.mean() - np.arcsin(0.7)) < 0.05
    assert 0.6 < phase.std() / np.sqrt(1.380649e-23 * 4.2 / (3.2910598e-16 * 2.5e-4 * 0.714)) < 1.6
