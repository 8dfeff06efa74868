"""Order-preserving partition of a directed acyclic graph: for every edge u → v, part(u) ≤ part(v).

Multilevel: pairs of nodes merge where a potential that rises along every edge fits both, so that no merge can close a
cycle; the graph, or its coarsest image, is bisected recursively or cut into slices of a topological order; then the
merges are undone level by level while local search with negative steps (Fiduccia and Mattheyses, DAC 1982; Osipov and
Sanders, ESA 2010) moves nodes between parts within the limits that their neighbours set. Before that, rounds in which
weight has a price in each part, and caps bind loosely, let weight wander through parts that are full. Graphs small
enough for it get several tries and further passes, in which the borders between pairs of parts move to minimum cuts
(Sanders and Schulz, ESA 2011; arcs against an edge have no bound in these flows, so that a minimum cut keeps the
order), and all borders at once to the best slices of orders that keep the parts together, by dynamic programming.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwdesign.kernels import _kernels
from hwdesign.kernels._arrays import ids, offsets, random_seed

Objective = Literal["edge", "net", "volume"]
_OBJECTIVES: tuple[Objective, ...] = ("edge", "net", "volume")
Effort = Literal["fast", "default", "high"]
_EFFORTS: tuple[Effort, ...] = ("fast", "default", "high")


def partition_order(
    src: ArrayLike,
    dst: ArrayLike,
    nodes: int,
    parts: int,
    max_weight: int,
    *,
    edge_weight: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    key: ArrayLike | None = None,
    objective: Objective = "edge",
    effort: Effort = "default",
    seed: int = 0,
    threads: int = 1,
) -> NDArray[np.int32]:
    """Cut an acyclic graph into ordered parts with few edges, or nets, between them.

    Args:
        src: int32 [edges].
        dst: int32 [edges]; parallel edges count each, there must be no cycle and no self-loop.
        nodes: how many nodes.
        parts: how many parts; some are empty where there are more parts than nodes.
        max_weight: greatest weight of a part. Where no slicing of the orders tried respects it (a node heavier than
            this, say), the heaviest part is as light as was found: check the result.
        edge_weight: int32 [edges], 0 or more, at most 2^31 - 1 in all; 1 each by default.
        weight: int64 [nodes], 0 or more; 1 each by default.
        key: int64 [nodes]; nodes of like keys are tried in the same part: a topological order that prefers low keys
            is one more to begin with.
        objective: "edge" for the weight of the edges between parts; "net" for the nodes with a reader in another part
            (a net is a node and its readers); "volume" for the parts that each net reaches beyond its own, summed.
            The last two take no `edge_weight`.
        effort: "fast" refines two levels of coarsening; "default" all of them, with prices, and below two million
            nodes and edges together makes several tries and passes; "high" searches longer, with passes at any size.
        seed: of the random choices, 0 … 2^64 - 1.
        threads: at most this many; the result is the same for any number.

    Returns:
        int32 [nodes]: the part of each node, 0 … parts - 1.

    Raises:
        IndexError: an id outside the graph.
        ValueError: a cycle, or arrays and numbers that do not fit.
    """
    if effort not in _EFFORTS:
        raise ValueError(f"effort must be 'fast', 'default' or 'high', not {effort!r}")
    if objective not in _OBJECTIVES:
        raise ValueError(f"objective must be 'edge', 'net' or 'volume', not {objective!r}")
    if edge_weight is not None and objective != "edge":
        raise ValueError("edge_weight goes with the objective 'edge' only")
    weights = None if weight is None else offsets(weight, "weight")
    if weights is not None and len(weights) and int(weights.min()) < 0:
        raise ValueError("weight holds a negative value")
    return _kernels.partition(
        ids(src, "src"),
        ids(dst, "dst"),
        nodes,
        None if edge_weight is None else ids(edge_weight, "edge_weight"),
        weights,
        None if key is None else offsets(key, "key"),
        parts,
        max_weight,
        _OBJECTIVES.index(objective),
        _EFFORTS.index(effort),
        random_seed(seed),
        threads,
    )


def move_gains(
    src: ArrayLike,
    dst: ArrayLike,
    part: ArrayLike,
    parts: int,
    node: ArrayLike,
    to: ArrayLike,
    *,
    objective: Objective = "edge",
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """What the objective falls by at each move of a node to another part, the moves made one after the other.

    Args:
        src, dst: int32 [edges] of an acyclic graph.
        part: int32 [nodes], a partition that keeps the order.
        parts: how many parts.
        node, to: int32 [moves], each node moved and where it goes.
        objective: as in `partition_order`.

    Returns:
        int64 [moves], the gains as local search counts them, and int32 [nodes], the partition after all moves.

    Raises:
        IndexError: an id outside the graph.
        ValueError: a cycle, a partition or a move that breaks the order, or arrays that do not fit.
    """
    if objective not in _OBJECTIVES:
        raise ValueError(f"objective must be 'edge', 'net' or 'volume', not {objective!r}")
    return _kernels.move_gains(
        ids(src, "src"),
        ids(dst, "dst"),
        ids(part, "part"),
        parts,
        _OBJECTIVES.index(objective),
        ids(node, "node"),
        ids(to, "to"),
    )
