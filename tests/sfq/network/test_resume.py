"""Trainings that are interrupted and resumed end as if nothing had happened."""

import json
import os
import signal

import pytest
import torch

from hwdesign.cli import main
from hwdesign.errors import ConfigError, DataError
from hwdesign.learn import load_checkpoint, save_checkpoint
from hwdesign.sfq.network import NetworkConfig, train_network
from hwdesign.sfq.network import train as training
from hwdesign.sfq.network.config import CURVE_FILE, LAST_FILE, NETWORK_FILE, unfinished
from hwdesign.sfq.network.state import held_interrupt

# `good` cannot be reached by so few steps, so that both starts are made.
_TRAIN = {"threads": 1, "steps": 25, "starts": 2, "chips": 4, "good": 1.0}


def _config(**more):
    return NetworkConfig(name="both", task="xor", hidden=(2,), train={**_TRAIN, **more})


@pytest.fixture
def quick(monkeypatch, tables):
    """Without measuring the cells."""
    monkeypatch.setattr(training, "measure_tables", lambda *args, **more: tables)


class _CtrlC:
    """Interrupts at the n-th step of the optimiser, in the middle of it."""

    def __init__(self, monkeypatch, at):
        self.left, self.real = at, torch.optim.Adam.step
        monkeypatch.setattr(torch.optim.Adam, "step", lambda optimizer: self.step(optimizer))

    def step(self, optimizer):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGINT)
        self.real(optimizer)


@pytest.mark.parametrize("at", [1, 13, 25, 26, 40])
def test_a_resumed_training_equals_an_uninterrupted_one(tmp_path, monkeypatch, quick, at):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    expected = train_network(_config(), folder=whole)
    assert expected.starts == 2
    said = []
    with monkeypatch.context() as patch:
        _CtrlC(patch, at)
        with pytest.raises(KeyboardInterrupt):
            train_network(_config(), folder=parts, say=said.append)
    start, step = (1, at) if at <= 25 else (2, at - 25)
    assert said[-1] == f"stopped in start {start} after step {step}; --resume goes on from {parts / LAST_FILE}"
    assert unfinished(parts)
    assert not (parts / NETWORK_FILE).exists()
    torch.manual_seed(99)
    found = train_network(_config(), folder=parts, resume=True)
    assert found.network == expected.network
    assert found.accuracy == expected.accuracy
    assert not unfinished(parts)
    for name in (NETWORK_FILE, CURVE_FILE, "tables.json", "settings.json"):
        assert (parts / name).read_bytes() == (whole / name).read_bytes()
    assert list((parts / "logs").glob("events.*"))
    # Resuming what is finished changes nothing.
    assert train_network(_config(), folder=parts, resume=True).network == expected.network


def test_the_curve_has_a_row_every_ten_steps_and_one_a_start(tmp_path, quick):
    train_network(_config(), folder=tmp_path)
    rows = [line.split(",") for line in (tmp_path / CURVE_FILE).read_text().splitlines()]
    assert rows[0] == ["epoch", "start", "train/loss", "val/accuracy"]
    assert [float(row[0]) for row in rows[1:]] == [10, 20, 25, 35, 45, 50]
    assert [row[3] != "nan" for row in rows[1:]] == [False, False, True] * 2


def test_other_settings_and_missing_checkpoints_are_refused(tmp_path, quick):
    path = tmp_path / LAST_FILE
    with pytest.raises(DataError) as missing:
        train_network(_config(), folder=tmp_path, resume=True)
    assert str(missing.value) == f"{path}: there is no checkpoint to resume from; train without resuming"
    train_network(_config(), folder=tmp_path)
    with pytest.raises(ConfigError) as other:
        train_network(_config(lr=0.1), folder=tmp_path, resume=True)
    assert str(other.value) == (
        f"{path}: the training to resume was begun with another train; train again with --fresh"
    )
    with pytest.raises(ConfigError, match="a training is resumed from a folder, and none is given"):
        train_network(_config(), resume=True)


@pytest.mark.parametrize(
    "damage",
    [
        lambda state: state.update(step=26),
        lambda state: state.update(start=True),
        lambda state: state.update(best=[1.0, {"layers": []}]),
        lambda state: state.pop("losses"),
        lambda state: state["tensors"]["moments"].pop("exp_avg"),
        lambda state: state["tensors"]["moments"]["exp_avg"].reverse(),
        lambda state: state["tensors"].update(random=torch.zeros(3, dtype=torch.uint8)),
        lambda state: state["tensors"].update(random=torch.zeros_like(state["tensors"]["random"])),
        lambda state: state.update(tables={"temperature_k": 4.2}),
    ],
)
def test_damaged_states_are_refused(tmp_path, monkeypatch, quick, damage):
    with monkeypatch.context() as patch:
        _CtrlC(patch, 7)
        with pytest.raises(KeyboardInterrupt):
            train_network(_config(), folder=tmp_path)
    path = tmp_path / LAST_FILE
    state, card = load_checkpoint(path)
    damage(state)
    save_checkpoint(path, state, card)
    with pytest.raises(DataError) as caught:
        train_network(_config(), folder=tmp_path, resume=True)
    assert str(caught.value) == (f"{path}: the state of the training does not fit this run; train again with --fresh")


def test_a_second_interrupt_does_not_wait():
    with pytest.raises(KeyboardInterrupt), held_interrupt() as came:
        assert not came()
        os.kill(os.getpid(), signal.SIGINT)
        assert came()
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_unfinished_runs_are_not_overwritten(tmp_path, monkeypatch, quick, capsys):
    options = ["--config", "sims/xor.yaml", "--run", str(tmp_path)]
    options += ["--set", "train={steps: 25, starts: 1, chips: 4, threads: 1}"]
    with monkeypatch.context() as patch:
        _CtrlC(patch, 7)
        assert main(["train", "sfq", *options]) == 130
    assert capsys.readouterr().err.splitlines()[-2:] == [
        f"stopped in start 1 after step 7; --resume goes on from {tmp_path / LAST_FILE}",
        "interrupted",
    ]
    refused = (
        f"error: {tmp_path}: the folder holds an unfinished training; add --resume to go on, or --fresh to start anew\n"
    )
    for command in (["train", "sfq"], ["simulate", "network"], ["simulate", "xor"]):
        assert main([*command, *options]) == 1
        assert capsys.readouterr().err == refused
    assert main(["train", "sfq", *options, "--resume", "--fresh"]) == 2
    assert capsys.readouterr().err == "error: --resume and --fresh exclude each other; leave one of them out\n"
    assert main(["train", "sfq", *options, "--resume", "--json"]) == 0
    out = capsys.readouterr()
    assert json.loads(out.out)["starts"] == 1
    assert out.err.startswith("going on with start 1 after step 7\n")
    assert main(["train", "sfq", *options, "--fresh"]) == 0
