"""The AIG encoder on a circuit part by part, for circuits whose states do not fit in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from hwdesign.aig.model import AigEncoder, Round
from hwdesign.aig.propagate import Sketch
from hwdesign.graphs import CutParts, States, Sweep, near_slice
from hwdesign.passes import Partition, partition


def encoder_parts(data: Data, parts: int, *, seed: int = 0, threads: int = 1) -> CutParts:
    """Cut a graph of `hwdesign.aig.make_graph` into ordered parts for `PartEncoder`.

    A gate reads its fan-ins and the leaves of its window, so both bind the order.

    Args:
        data: the whole circuit.
        parts: their number.
        seed, threads: of the partition.
    """
    nodes = int(data.num_nodes)
    gate, leaves = data.and_index.numpy(), data.cut_index.numpy()
    # Unused places name the constant, whose value no table depends on; they bind nothing.
    used = leaves > 0
    reader = np.broadcast_to(gate, leaves.shape)
    pairs = np.stack([leaves[used], reader[used]])
    bound = np.unique(np.concatenate([data.edge_index.numpy(), pairs], 1), axis=1)
    found = _constant_first(partition(bound, parts=parts, num_nodes=nodes, seed=seed, threads=threads))
    whole = Data(x=data.x, edge_index=data.edge_index, edge_attr=data.edge_attr)
    for name in ("input_probability", "input_rank", "input_count", "level"):
        whole[name] = data[name]
    whole.fanin = torch.full((nodes, 2), -1).index_copy(0, data.and_index, data.fanin_index.t())
    whole.leaves = torch.full((nodes, len(leaves)), -1).index_copy(0, data.and_index, data.cut_index.t())
    whole.table = torch.zeros(nodes, dtype=torch.int64).index_copy(0, data.and_index, data.cut_table)
    whole.inverted = torch.zeros(nodes, 2).index_copy(0, data.and_index, data.fanin_inverted)
    whole.num_nodes = nodes
    return CutParts(whole, found, node_ids=("fanin", "leaves"))


def _constant_first(found: Partition) -> Partition:
    """Put variable 0, which any gate may name and which reads nothing, in the first part."""
    if not len(found.part) or found.part[0] == 0:
        return found
    part, weights = found.part.copy(), found.weights.copy()
    weights[0], weights[part[0]] = weights[0] + 1, weights[part[0]] - 1
    part[0] = 0
    # The constant may have been all that a part held.
    names, place = np.unique(part, return_inverse=True)
    part = place.astype(np.int32)
    order = np.concatenate([found.order[found.order == 0], found.order[found.order != 0]]).astype(np.int32)
    cut = int((part[found.src] != part[found.dst]).sum())
    return replace(found, part=part, order=order, parts=len(names), weights=weights[names], cut_edges=cut)


class PartEncoder(nn.Module):
    """An encoder that runs part by part; its result, `p`, equals what the encoder gives on the whole circuit.

    Use: `gather(Sequential(PartEncoder(network), encoder_parts(data, 32)), data.num_nodes)["p"]`.

    Args:
        network: the encoder; its states, and with the covariance prior its sketches, cross between parts.
    """

    def __init__(self, network: AigEncoder) -> None:
        super().__init__()
        self.network = network

    def sweeps(self) -> Sequence[Sweep]:
        """Contexts from the columns, the synchronous rounds, and the sweep in topological order."""
        config = self.network.config
        rounds = [Sweep("round", partial(self._round, at), ("c",), ("c",)) for at in range(config.rounds)]
        carried = ("h", "p", "sketch") if config.prior == "covariance" else ("h", "p")
        return [
            Sweep("local", self._enter, ("c",), ("c",)),
            *rounds,
            Sweep("forward", self._sweep, carried, ("p",)),
        ]

    def _enter(self, data: Data, own: States, near: States) -> States:
        return {"c": self.network.enter_columns(data)[: int(data.counts[0])]}

    def _round(self, at: int, data: Data, own: States, near: States) -> States:
        layer = self.network.rounds[at]
        assert isinstance(layer, Round)
        c = layer(_filled(own["c"], near.get("c")), data.edge_index, data.edge_attr)
        return {"c": c[: int(data.counts[0])]}

    def _sweep(self, data: Data, own: States, near: States) -> States:
        config, count = self.network.config, int(data.counts[0])
        seen = _gates(data, near_slice(data, "forward").stop)
        h, p = _filled(own["c"].clone(), near.get("h")), _filled(data.input_probability[:count], near.get("p")).clone()
        sketch = Sketch(seen, config.sketch) if config.prior == "covariance" else None
        if sketch is not None and near:
            sketch.rows[count:] = near.pop("sketch")[count:]
        self.network.sweep(seen, own["c"], h, p, sketch)
        states = {"h": h[:count], "p": p[:count]}
        if sketch is not None:
            states["sketch"] = sketch.rows[:count]
        return states


def _filled(own: Tensor, near: Tensor | None) -> Tensor:
    """Own rows above those from other parts."""
    if near is None:
        return own
    near[: len(own)] = own
    return near


def _gates(data: Data, nodes: int) -> Data:
    """The part as `AigEncoder.sweep` takes it: its gates, and `nodes` nodes with their inputs."""
    gates = torch.nonzero(data.fanin[: int(data.counts[0]), 0] >= 0)[:, 0]
    seen = Data(
        x=data.x[:nodes],
        level=data.level[:nodes],
        and_index=gates,
        fanin_index=data.fanin[gates].t(),
        fanin_inverted=data.inverted[gates],
        cut_index=data.leaves[gates].t(),
        cut_table=data.table[gates],
        input_probability=data.input_probability[:nodes],
        input_rank=data.input_rank[:nodes],
        input_count=data.input_count[:nodes],
    )
    seen.num_nodes = nodes
    return seen
