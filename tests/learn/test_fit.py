"""Lightning runs: checkpoints, interruption, resuming, several processes."""

from __future__ import annotations

import itertools
import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from hwdesign.errors import ConfigError, DataError, OverrideError
from hwdesign.learn import (
    FitResult,
    LearnModule,
    TrainConfig,
    check_trainer,
    fit,
    load_checkpoint,
    load_config,
    read_figures,
    save_checkpoint,
    seed_everything,
)
from hwdesign.learn.fit import EpochSampler
from hwdesign.learn.module import warmup_cosine


class Line(LearnModule):
    """y = 2x + noise, with dropout, so that a resumed run must draw the same random numbers."""

    def __init__(self, config: TrainConfig, stop_at: int = -1) -> None:
        seed_everything(config.seed)
        super().__init__(nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 1)), config.optim)
        self.stop_at = stop_at

    def loss(self, batch: Any) -> Tensor:
        if self.global_step == self.stop_at:
            os.kill(os.getpid(), signal.SIGINT)
        x, y = batch
        return (self.network(x)[:, 0] - y).square().mean()

    def validation_metrics(self, batch: Any) -> dict[str, Tensor]:
        x, y = batch
        return {"mae": (self.network(x)[:, 0] - y).abs().mean()}


def config_of(**trainer: object) -> TrainConfig:
    splits = {"train": ["a.v"], "validation": ["b.v"]}
    return TrainConfig.model_validate({"seed": 3, "data": {"splits": splits}, "trainer": {"threads": 1, **trainer}})


def run(folder: Path, config: TrainConfig, *, stop_at: int = -1, resume: bool = False) -> FitResult:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(24, 4, generator=generator)
    data = TensorDataset(x, 2 * x[:, 0])
    train: DataLoader[Any] = DataLoader(data, batch_size=8, sampler=EpochSampler(24, config.seed))
    check: DataLoader[Any] = DataLoader(data, batch_size=24)
    return fit(Line(config, stop_at), train, check, config, folder, {"task": "line"}, resume=resume, progress=False)


def weights(folder: Path, name: str = "last") -> dict[str, Tensor]:
    return load_checkpoint(folder / "checkpoints" / f"{name}.safetensors")[0]["state_dict"]


def test_a_run_leaves_logs_checkpoints_and_cards(tmp_path: Path) -> None:
    found = run(tmp_path, config_of(max_epochs=3))
    rows = read_figures(tmp_path / "metrics.csv")
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert found.epochs == 3
    assert found.best == pytest.approx(min(row["val/mae"] for row in rows))
    assert rows[found.best_epoch - 1]["val/mae"] == pytest.approx(found.best)
    card = json.loads((tmp_path / "checkpoints" / "last.json").read_text())
    assert (card["task"], card["epoch"], card["seed"]) == ("line", 3, 3)
    assert card["metrics"]["val/mae"] == pytest.approx(rows[-1]["val/mae"])
    assert set(card["versions"]) >= {"hwdesign", "torch", "lightning"}
    assert (tmp_path / "logs" / "metrics.csv").is_file()
    assert list((tmp_path / "logs").glob("events.out.tfevents.*"))
    assert not [item for item in tmp_path.rglob("*") if item.suffix in (".ckpt", ".pt", ".pkl", ".tmp")]


@pytest.mark.parametrize("stop_at", [0, 4, 6])
def test_an_interrupted_run_resumes_to_the_same_weights(tmp_path: Path, stop_at: int) -> None:
    config = config_of(max_epochs=4)
    run(tmp_path / "whole", config)
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", config, stop_at=stop_at)
    assert signal.getsignal(signal.SIGINT) is handler
    assert not list((tmp_path / "cut").rglob("*.tmp"))
    assert load_checkpoint(tmp_path / "cut" / "checkpoints" / "last.safetensors")[1]["epoch"] == stop_at // 3
    weights(tmp_path / "cut", "best")
    found = run(tmp_path / "cut", config, resume=True)
    assert found.epochs == 4
    for name in ("last", "best"):
        whole, cut = weights(tmp_path / "whole", name), weights(tmp_path / "cut", name)
        for key, value in whole.items():
            torch.testing.assert_close(cut[key], value, rtol=0, atol=1e-7)
    assert read_figures(tmp_path / "cut" / "metrics.csv") == read_figures(tmp_path / "whole" / "metrics.csv")


def test_nothing_to_resume(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no checkpoint to resume from"):
        run(tmp_path, config_of(max_epochs=1), resume=True)


# An accelerator that this machine does not have.
ABSENT = "cuda" if torch.backends.mps.is_available() else "mps"


CONFIG = """\
data:
  splits: {train: [a.v], validation: [b.v]}
trainer:
  max_epochs: 1
"""


def test_an_accelerator_that_is_not_here(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(f"{CONFIG}  accelerator: {ABSENT}\n")
    reason = f"'trainer.accelerator' is '{ABSENT}', which this machine does not have; choose cpu or auto"
    with pytest.raises(ConfigError) as caught:
        run(tmp_path, load_config(path))
    assert str(caught.value) == f"{path}:5: {reason}"
    path.write_text(CONFIG)
    with pytest.raises(OverrideError) as caught:
        run(tmp_path, load_config(path, [f"trainer.accelerator={ABSENT}"]))
    assert str(caught.value) == f"the override 'trainer.accelerator={ABSENT}' is wrong: {reason}"
    assert not (tmp_path / "checkpoints").exists()


def test_more_devices_than_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(f"{CONFIG}  accelerator: gpu\n  devices: 3\n")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(ConfigError) as caught:
        check_trainer(load_config(path))
    assert str(caught.value) == f"{path}:6: 'trainer.devices' is 3, more than the 2 of this machine; keep it at most 2"


def test_flags_that_lightning_refuses_together(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(CONFIG)
    config = load_config(path)
    # As if a later Lightning dropped the name.
    object.__setattr__(config.trainer, "strategy", "foo")
    with pytest.raises(ConfigError) as caught:
        check_trainer(config)
    assert str(caught.value) == (
        f"{path}:3: Lightning cannot train here with accelerator 'cpu', devices 1 and strategy 'foo'; "
        "leave accelerator and strategy out, or see its reason with --debug"
    )


MISFIT = "the state of the optimiser or of the training loop does not fit this run; train in another folder"


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`last` of a run of one epoch."""
    folder = tmp_path_factory.mktemp("ended")
    run(folder, config_of(max_epochs=1))
    return folder / "checkpoints" / "last.safetensors"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state["state_dict"].pop("network.0.bias"), "the tensor 'state_dict/network.0.bias' is missing"),
        (lambda state: state.update(optimizer_states=[{}]), MISFIT),
        (lambda state: state.pop("loops"), MISFIT),
        (lambda state: state["callbacks"].clear(), MISFIT),
        (lambda state: state["callbacks"]["Checkpoints"].update(best=math.nan), MISFIT),
        (lambda state: state["loops"].update(fit_loop=5), MISFIT),
        (
            lambda state: state["optimizer_states"][0]["state"][0]["exp_avg"].fill_(float("inf")),
            "the tensor 'optimizer_states/0/state/0/exp_avg' holds values that are not finite",
        ),
    ],
)
def test_a_damaged_checkpoint_is_not_resumed(
    ended: Path, tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    path = tmp_path / "checkpoints" / "last.safetensors"
    path.parent.mkdir()
    state, card = load_checkpoint(ended)
    change(state)
    save_checkpoint(path, state, card)
    with pytest.raises(DataError) as caught:
        run(tmp_path, config_of(max_epochs=2), resume=True)
    assert str(caught.value).startswith(f"{path}: {message}")


@pytest.mark.parametrize(("text", "words"), [("a,b\n1,2\n", "no column 'epoch'"), ("epoch,x\n1\n", "are damaged")])
def test_damaged_figures(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "metrics.csv").write_text(text)
    with pytest.raises(DataError, match=words):
        read_figures(tmp_path / "metrics.csv")


def test_the_schedule_rises_then_falls() -> None:
    values = [warmup_cosine(step, 100, 0.1) for step in range(101)]
    assert values[0] == pytest.approx(0.1)
    assert max(values) == values[9] == pytest.approx(1.0)
    assert values[100] == pytest.approx(0.01)
    assert all(a >= b for a, b in itertools.pairwise(values[10:]))


@pytest.mark.slow
def test_two_processes_train_one_model(tmp_path: Path) -> None:
    text = (
        "import sys\nfrom pathlib import Path\nfrom tests.learn.test_fit import config_of, run\n"
        "run(Path(sys.argv[1]), config_of(max_epochs=2, devices=2, strategy='ddp'))\n"
    )
    script = tmp_path / "two.py"
    script.write_text(text)
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "run")],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "MASTER_ADDR": "127.0.0.1", "GLOO_SOCKET_IFNAME": "lo"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    card = json.loads((tmp_path / "run" / "checkpoints" / "last.json").read_text())
    assert card["epoch"] == 2
    # Two processes of 12 samples each: 2 steps an epoch instead of 3.
    assert load_checkpoint(tmp_path / "run" / "checkpoints" / "last.safetensors")[0]["global_step"] == 4
