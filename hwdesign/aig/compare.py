"""The encoder beside what needs no training, circuit by circuit, and the verdict in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch_geometric.data import Data

from hwdesign.aig.model import AigEncoder
from hwdesign.aig.propagate import Prior, propagate
from hwdesign.errors import DataError
from hwdesign.learn import Regression, regression_metrics

METHODS = ("model", "mean", "cop", "untrained")
"""The encoder; the mean of the training labels; COP; the encoder's own prior before any training (COP for `none`)."""


@dataclass(frozen=True, slots=True)
class CircuitMetrics:
    """Metrics over the AND nodes of one circuit, a method each (`METHODS`)."""

    name: str
    parent: str
    split: str
    ands: int
    depth: int
    methods: Mapping[str, Regression]

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        methods = {name: metrics.as_dict() for name, metrics in self.methods.items()}
        return {
            "name": self.name,
            "parent": self.parent,
            "split": self.split,
            "ands": self.ands,
            "depth": self.depth,
            "methods": methods,
        }


@torch.no_grad()
def predict_graph(network: AigEncoder, data: Data) -> NDArray[np.float32]:
    """float32[V]: predicted probabilities of a graph."""
    network.eval()
    return network(data).numpy()  # type: ignore[no-any-return]


def compare(
    network: AigEncoder, data: Data, mean: float, *, file: Path | None = None
) -> tuple[dict[str, Regression], dict[str, NDArray[np.float32]]]:
    """Metrics over AND nodes, and the per-node estimates, of each method.

    Args:
        network: the encoder.
        data: a labelled graph.
        mean: of the training labels.
        file: the network's checkpoint, for messages.

    Raises:
        DataError: an estimate is not finite, as where weights are huge.
    """
    prior: Prior = "cop" if network.config.prior == "none" else network.config.prior
    estimates = {
        "model": predict_graph(network, data),
        "mean": np.full(int(data.num_nodes), mean, np.float32),
        "cop": data.cop.numpy(),
        "untrained": propagate(data, prior, width=network.config.sketch).numpy(),
    }
    if not np.isfinite(estimates["model"]).all():
        raise DataError("the network's estimates are not finite", file=file, mend="train again, with a lower optim.lr")
    gates = data.and_index.numpy()
    true = data.y.numpy()[gates]
    return {name: regression_metrics(true, values[gates]) for name, values in estimates.items()}, estimates


def average(circuits: Sequence[CircuitMetrics], metric: str = "mae") -> dict[str, float]:
    """Mean of a metric over circuits, each counting once, for each method."""
    return {
        method: float(np.mean([getattr(circuit.methods[method], metric) for circuit in circuits])) for method in METHODS
    }


def verdict(errors: Mapping[str, float], what: str) -> str:
    """One or two sentences on who is better.

    Args:
        errors: mean absolute error of each method.
        what: on which gates (`on 4 test circuits`).
    """
    model, cop, untrained = errors["model"], errors["cop"], errors["untrained"]
    beats = "beats" if better(model, cop) else "does not beat"
    first = f"The model {beats} COP {what}: mean absolute error {model:.4f} against {cop:.4f}."
    if round(untrained, 4) == round(cop, 4):
        return first
    if better(model, untrained):
        return f"{first} Training lowers it from {untrained:.4f}, which the model's prior reaches alone."
    return f"{first} Training does not help here: the model's prior alone reaches {untrained:.4f}."


def better(error: float, other: float) -> bool:
    """Whether an error is smaller in the four decimals that tables show; less is no difference."""
    return round(error, 4) < round(other, 4)
