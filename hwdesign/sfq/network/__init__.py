"""Networks of stochastic synapses and threshold neurons: from training to a netlist, and its circuit-level proof."""

from hwdesign.sfq.network.circuit import PatternRun, Spread, bias_junctions, simulate_patterns, spread_batch
from hwdesign.sfq.network.netlist import build_network, network_bench, network_netlist
from hwdesign.sfq.network.network import Coding, Layer, Network, load_network

__all__ = [
    "Coding",
    "Layer",
    "Network",
    "PatternRun",
    "Spread",
    "bias_junctions",
    "build_network",
    "load_network",
    "network_bench",
    "network_netlist",
    "simulate_patterns",
    "spread_batch",
]
