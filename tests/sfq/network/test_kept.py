"""Interrupted proofs go on after the last finished spread."""

import json

import numpy as np
import pytest

from hwdesign.cli import main
from hwdesign.errors import DataError
from hwdesign.sfq.network import TASKS, prove
from hwdesign.sfq.network import proof as proving
from tests.sfq.network.nets import xor

SPREADS = (0.0, 0.2, 0.3)


def _prove(folder=None, **more):
    return prove(xor(), TASKS["xor"](), chips=2, spread=0.2, sweep=SPREADS, keep=folder, **more)


class _Stop:
    """Interrupts the n-th simulation with spreads; counts how many there were."""

    def __init__(self, monkeypatch, at=0):
        self.calls, self.at, self.real = 0, at, proving.simulate_patterns
        monkeypatch.setattr(proving, "simulate_patterns", self)

    def __call__(self, *args, **more):
        self.calls += "chips" in more
        if self.at and self.calls == self.at:
            raise KeyboardInterrupt
        return self.real(*args, **more)


def test_a_proof_goes_on(tmp_path, monkeypatch):
    whole = _prove().as_dict()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        _Stop(patch, 3)
        _prove(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    with monkeypatch.context() as patch:
        counter = _Stop(patch)
        found = _prove(tmp_path).as_dict()
    assert counter.calls == 1
    whole.pop("seconds"), found.pop("seconds")
    # Latencies that never came are not numbers.
    assert json.dumps(found) == json.dumps(whole)


def test_only_what_is_the_same_is_taken(tmp_path, monkeypatch):
    _prove(tmp_path)
    counter = _Stop(monkeypatch)
    _prove(tmp_path)
    assert counter.calls == 0
    _prove(tmp_path, seed=1)
    assert counter.calls == 3


@pytest.mark.parametrize(
    "damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: data[:8] + b"x"]
)
def test_damaged_files_are_refused(tmp_path, damage):
    _prove(tmp_path)
    path = min(tmp_path.iterdir())
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError) as caught:
        _prove(tmp_path)
    assert str(caught.value) == f"{path}: the kept simulation is damaged; remove it, and it is simulated again"


def test_the_command_says_how_to_go_on(tmp_path, monkeypatch, capsys):
    stored = tmp_path / "network.json"
    xor().save(stored)
    options = ["simulate", "network", str(stored), "--run", str(tmp_path), "--chips", "2"]
    with monkeypatch.context() as patch:
        patch.setattr("hwdesign.sfq.network.proof.simulate_patterns", _interrupted)
        assert main(options) == 130
    kept = tmp_path / "simulated"
    assert capsys.readouterr().err.splitlines() == [
        f"stopped in the simulation; the same command goes on with the finished spreads in {kept}",
        "interrupted",
    ]
    assert main([*options, "--json"]) == 0
    assert np.isfinite(json.loads(capsys.readouterr().out)["proof"]["energy_aj"])
    assert not kept.exists()


def _interrupted(*args, **more):
    raise KeyboardInterrupt
