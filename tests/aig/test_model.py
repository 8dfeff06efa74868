"""The encoder: its start, its gradients, its batches."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from torch_geometric.data import Batch, Data

from hwdesign.aig import AigEncoder, EncoderConfig, propagate, read_aig, whole_graph
from hwdesign.aig.compare import verdict
from hwdesign.aig.propagate import Prior
from hwdesign.circuits import generate


@pytest.fixture(scope="module")
def graphs() -> list[Data]:
    made = [
        generate("multiplier-array", width=3),
        generate("fsm-random", states=6, seed=2),
        generate("aig-random", inputs=40, ands=120, depth=9, seed=1),
    ]
    return [whole_graph(read_aig(netlist), patterns=4096, seed=1) for netlist in made]


@pytest.mark.parametrize("prior", get_args(Prior))
def test_the_untrained_encoder_is_its_prior(graphs: list[Data], prior: Prior) -> None:
    torch.manual_seed(0)
    network = AigEncoder(EncoderConfig(prior=prior, sketch=16)).eval()
    for graph in graphs:
        with torch.no_grad():
            torch.testing.assert_close(network(graph), propagate(graph, prior, width=16), rtol=0, atol=2e-6)


def disturbed(prior: str) -> AigEncoder:
    torch.manual_seed(3)
    network = AigEncoder(EncoderConfig(hidden=8, prior=prior, cop_feature=True, level_feature=True, recurrent=True))  # type: ignore[arg-type]
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return network


@pytest.mark.parametrize("prior", ["covariance", "none"])
def test_a_batch_gives_what_its_graphs_give_alone(graphs: list[Data], prior: str) -> None:
    network = disturbed(prior).eval()
    with torch.no_grad():
        alone = torch.cat([network(graph) for graph in graphs])
        torch.testing.assert_close(network(Batch.from_data_list(graphs)), alone, rtol=0, atol=1e-5)
        assert bool(((alone >= 0) & (alone <= 1)).all())


def test_gradients_agree_with_finite_differences(graphs: list[Data]) -> None:
    # The other priors pass their estimates on without gradient, by design.
    network = disturbed("none").double()
    graph = graphs[0].clone()
    for key, value in graph.to_dict().items():
        if isinstance(value, torch.Tensor) and value.dtype == torch.float32:
            graph[key] = value.double()
    parameter = network.head[-1].bias  # type: ignore[union-attr]
    network(graph).sum().backward()
    assert isinstance(parameter, torch.nn.Parameter) and parameter.grad is not None
    step = 1e-5
    with torch.no_grad():
        values = []
        for sign in (1, -1):
            parameter[1] += sign * step
            values.append(float(network(graph).sum()))
            parameter[1] -= sign * step
    assert float(parameter.grad[1]) == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-4)


def test_every_parameter_can_learn(graphs: list[Data]) -> None:
    network = disturbed("covariance")
    (network(Batch.from_data_list(graphs)) - 0.3).abs().mean().backward()
    silent = [name for name, p in network.named_parameters() if p.grad is None or not bool(p.grad.abs().sum() > 0)]
    assert silent == []


def test_the_verdict_says_who_is_better_and_whether_training_helped() -> None:
    def words(model: float, untrained: float) -> str:
        return verdict({"model": model, "cop": 0.05, "untrained": untrained}, "on 2 circuits")

    assert words(0.01, 0.02) == (
        "The model beats COP on 2 circuits: mean absolute error 0.0100 against 0.0500. "
        "Training lowers it from 0.0200, which the model's prior reaches alone."
    )
    assert "Training does not help here: the model's prior alone reaches 0.0200." in words(0.03, 0.02)
    assert words(0.05001, 0.02).startswith("The model does not beat COP")
    # Less than the four decimals shown is no win, and a prior that is COP needs no second sentence.
    assert words(0.049999, 0.05) == (
        "The model does not beat COP on 2 circuits: mean absolute error 0.0500 against 0.0500."
    )
