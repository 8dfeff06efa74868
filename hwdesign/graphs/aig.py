"""And-inverter graphs as PyTorch Geometric `Data`: one node a variable, inversion as an edge attribute."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch_geometric.data import Data

from hwdesign.kernels import levelize
from hwdesign.netlist.aig import AigView

IntArray = NDArray[np.int32]

AIG_COLUMNS = (
    "is_constant",
    "is_input",
    "is_latch",
    "is_and",
    "log_level",  # ln(1 + level); a level is a depth in AND nodes
    "relative_level",  # level / greatest level
    "inverted_fanins",  # 0, 1 or 2
    "log_fanout",  # ln(1 + sinks), outputs and next states not counted
)


@dataclass(frozen=True, eq=False, slots=True)
class AigArrays:
    """The structure of an AIG, as the kernels take it, without names.

    Attributes:
        fanin0, fanin1: int32[A], literals 2·variable + inverted, in topological order.
        num_inputs: I, latches included.
        num_latches: L; the latches are the last L inputs.
        fanout: int32[1+I+A], sinks of each variable.
    """

    fanin0: IntArray
    fanin1: IntArray
    num_inputs: int
    num_latches: int
    fanout: IntArray

    @classmethod
    def of(cls, view: AigView) -> AigArrays:
        """Arrays of a module's view."""
        sources = np.concatenate([view.fanin0, view.fanin1]) >> 1
        fanout = np.bincount(sources, minlength=view.num_variables).astype(np.int32)
        return cls(view.fanin0, view.fanin1, view.num_inputs, view.num_latches, fanout)

    @property
    def num_ands(self) -> int:
        """A."""
        return len(self.fanin0)

    @property
    def num_variables(self) -> int:
        """1 + I + A."""
        return 1 + self.num_inputs + self.num_ands

    @property
    def first_and(self) -> int:
        """Variable of the first AND node."""
        return 1 + self.num_inputs


def aig_data(aig: AigArrays, *, reverse: bool = False) -> Data:
    """Graph of an AIG; node n is variable n, so that `AigView.variable_labels()[n]` is its name.

    Args:
        aig: structure.
        reverse: add each edge's reverse, with -1 or -2 as its attribute (-1 - inverted).

    Returns:
        `Data` with, for V variables, A AND nodes and E = 2A edges (4A with `reverse`):
            x: float32[V, 8], columns `AIG_COLUMNS`.
            edge_index: int64[2, E], fan-in → AND node; all first fan-ins, then all second ones.
            edge_attr: float32[E, 1], 1 where the edge inverts.
            level: int64[V], and_index: int64[A] (node of each AND), fanin_index: int64[2, A],
            fanin_inverted: float32[A, 2].
    """
    ands = np.arange(aig.first_and, aig.num_variables, dtype=np.int32)
    fanin = np.stack([aig.fanin0, aig.fanin1])
    src, dst = (fanin >> 1).ravel(), np.concatenate([ands, ands])
    inverted = (fanin & 1).astype(np.float32)
    level = levelize(src, dst, aig.num_variables)
    x = np.zeros((aig.num_variables, len(AIG_COLUMNS)), np.float32)
    latch = aig.first_and - aig.num_latches
    x[0, 0] = x[1:latch, 1] = x[latch : aig.first_and, 2] = x[aig.first_and :, 3] = 1.0
    x[:, 4] = np.log1p(level)
    x[:, 5] = level / max(1, int(level.max(initial=0)))
    x[aig.first_and :, 6] = inverted.sum(0)
    x[:, 7] = np.log1p(aig.fanout)
    edge_index = np.stack([src, dst]).astype(np.int64)
    edge_attr = inverted.reshape(-1, 1)
    if reverse:
        edge_index = np.concatenate([edge_index, edge_index[::-1]], 1)
        edge_attr = np.concatenate([edge_attr, -1.0 - edge_attr])
    data = Data(
        x=torch.from_numpy(x),
        edge_index=torch.from_numpy(edge_index),
        edge_attr=torch.from_numpy(edge_attr),
        level=torch.from_numpy(level.astype(np.int64)),
        and_index=torch.from_numpy(ands.astype(np.int64)),
        fanin_index=torch.from_numpy((fanin >> 1).astype(np.int64)),
        fanin_inverted=torch.from_numpy(np.ascontiguousarray(inverted.T)),
    )
    data.num_nodes = aig.num_variables
    return data


@dataclass(frozen=True, eq=False, slots=True)
class AigSlice:
    """Part of an AIG as an AIG of its own.

    Attributes:
        aig: the part; what it reads from outside has become an input.
        variable: int32[variables of the part], the variable of the whole that each one is.
    """

    aig: AigArrays
    variable: IntArray


def slice_aig(aig: AigArrays, part: IntArray) -> list[AigSlice]:
    """Cut an AIG along an order-preserving partition.

    Args:
        aig: the whole.
        part: int32[A], the part of each AND node; no edge runs to a smaller part, or the parts would not be acyclic
            among themselves.

    Raises:
        ValueError: an edge runs backwards.
    """
    whole = np.full(aig.num_variables, -1, np.int64)
    whole[aig.first_and :] = part
    fanin = np.stack([aig.fanin0, aig.fanin1])
    if (whole[fanin >> 1] > part).any():
        raise ValueError("the partition does not preserve the order: an edge runs to an earlier part")
    slices = []
    order = np.argsort(part, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(part[order])) + 1) if len(part) else []:
        own = fanin[:, members]
        ands = members + aig.first_and
        outside = np.setdiff1d(own >> 1, np.append(ands, 0))
        variable = np.concatenate([[0], outside, ands])
        local = np.zeros(aig.num_variables, np.int32)
        local[variable] = np.arange(len(variable), dtype=np.int32)
        literal = 2 * local[own >> 1] | (own & 1)
        sliced = AigArrays(literal[0], literal[1], len(outside), 0, aig.fanout[variable])
        slices.append(AigSlice(sliced, variable.astype(np.int32)))
    return slices
