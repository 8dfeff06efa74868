"""Networks of stochastic synapses and threshold neurons: from training to a netlist, and its circuit-level proof.

    >>> from hwdesign.sfq.network import NetworkConfig, TASKS, prove, train_network
    >>> trained = train_network(NetworkConfig(name="xor", task="xor"))
    >>> proof = prove(trained.network, TASKS["xor"](), chips=256, spread=0.05)

What needs torch (`train_network` and its kin) is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hwdesign.sfq.network.circuit import PatternRun, Spread, bias_junctions, simulate_patterns, spread_batch
from hwdesign.sfq.network.config import NetworkConfig, load_network_config
from hwdesign.sfq.network.netlist import build_network, network_bench, network_netlist
from hwdesign.sfq.network.network import Coding, Layer, Network, load_network
from hwdesign.sfq.network.nir_reader import read_nir
from hwdesign.sfq.network.proof import Proof, SpreadPoint, export, prove, write_proof
from hwdesign.sfq.network.tables import CellTables, NeuronTable, SynapseTable, measure_tables
from hwdesign.sfq.network.tasks import TASKS, Task

if TYPE_CHECKING:
    from hwdesign.sfq.network.model import SfqModel, accuracy, model_of
    from hwdesign.sfq.network.train import TrainedNetwork, train_network

_WITH_TORCH = {
    "SfqModel": "model",
    "model_of": "model",
    "TrainedNetwork": "train",
    "accuracy": "model",
    "train_network": "train",
}


def __getattr__(name: str) -> Any:
    if name in _WITH_TORCH:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_WITH_TORCH[name]}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


__all__ = [
    "TASKS",
    "CellTables",
    "Coding",
    "Layer",
    "Network",
    "NetworkConfig",
    "NeuronTable",
    "PatternRun",
    "Proof",
    "SfqModel",
    "Spread",
    "SpreadPoint",
    "SynapseTable",
    "Task",
    "TrainedNetwork",
    "accuracy",
    "bias_junctions",
    "build_network",
    "export",
    "load_network",
    "load_network_config",
    "measure_tables",
    "model_of",
    "network_bench",
    "network_netlist",
    "prove",
    "read_nir",
    "simulate_patterns",
    "spread_batch",
    "train_network",
    "write_proof",
]
