"""Order-preserving partition of netlists and other directed graphs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwdesign import kernels
from hwdesign.errors import LoopError, NetlistError
from hwdesign.kernels.partition import Effort, Objective
from hwdesign.netlist import Kind, Module, Netlist
from hwdesign.netlist.views import cell_graph
from hwdesign.passes import _split
from hwdesign.passes._columns import IntArray, loop_error
from hwdesign.passes._hilbert import hilbert_keys

_SHOWN = 12
_HALO_TRIES = 24


@dataclass(frozen=True, eq=False, slots=True)
class Partition:
    """Nodes in parts, such that signals run from lower parts to higher ones.

    Attributes:
        part: int32[nodes], part of each node, 0 .. parts - 1; no part is empty.
        order: int32[nodes], a topological order in which every part is one slice.
        parts: number of parts.
        weights: float64[parts], summed weight of the nodes of each part.
        src, dst: int32[edges], the graph's edges, those into registers included.
        cut_edges: edges between two parts.
        order_violations: edges from a higher part to a lower one, those into cut registers aside; 0 by construction.
    """

    part: IntArray
    order: IntArray
    parts: int
    weights: NDArray[np.float64]
    src: IntArray
    dst: IntArray
    cut_edges: int
    order_violations: int

    @property
    def edges(self) -> int:
        """Number of edges."""
        return len(self.src)

    @property
    def cut_fraction(self) -> float:
        """Cut edges over all edges, 0 where there are none."""
        return self.cut_edges / self.edges if self.edges else 0.0

    @property
    def imbalance(self) -> float:
        """Weight of the heaviest part over the mean, less 1."""
        mean = float(self.weights.mean()) if self.parts else 0.0
        return (float(self.weights.max()) - mean) / mean if mean else 0.0

    @property
    def cut_nets(self) -> int:
        """Nodes with a reader in another part: the net (hyperedge) cut, one net a node."""
        return len(np.unique(self.src[self.part[self.src] != self.part[self.dst]]))

    @property
    def volume(self) -> int:
        """Communication volume: for each node, the other parts that read it, summed."""
        reader = self.part[self.dst]
        crossing = self.part[self.src] != reader
        return len(np.unique(self.src[crossing].astype(np.int64) * max(self.parts, 1) + reader[crossing]))

    def nodes_of(self, part: int) -> IntArray:
        """int32: nodes of one part, in topological order."""
        nodes: IntArray = self.order[self.part[self.order] == part]
        return nodes


def partition(
    graph: Netlist | Module | ArrayLike,
    *,
    parts: int | None = None,
    max_size: float | None = None,
    halo: int = 0,
    imbalance: float = 0.03,
    objective: Objective = "edge",
    effort: Effort = "default",
    order: Literal["dfs", "level"] | None = None,
    weights: ArrayLike | None = None,
    positions: ArrayLike | None = None,
    cut_registers: bool = True,
    condense: bool = False,
    num_nodes: int | None = None,
    seed: int = 0,
    threads: int = 1,
) -> Partition:
    """Cut an acyclic graph into ordered parts with few edges between them: part(u) ≤ part(v) for every edge u → v.

    Args:
        graph: a netlist (its top module) or a module, whose cells are the nodes; or edges, integers of shape (2, E).
        parts: number of parts, at most the number of nodes; give this or `max_size`. Fewer come back only where some
            would be empty.
        max_size: greatest weight of a part, its halo included; a heavier node is a part by itself.
        halo: with `max_size`, the levels of halo that count (see `hwdesign.passes.halos`).
        imbalance: ε, by which the heaviest of `parts` may exceed the mean weight. A few heavy nodes may make that
            impossible: see `Partition.imbalance`.
        objective: what there should be little of: "edge" for `cut_edges`, "net" for `cut_nets`, "volume" for `volume`,
            edges into cut registers aside.
        effort: "fast", "default" or "high": less cut for more time.
        order: slice a topological order and optimise nothing: `dfs` keeps cones together, `level` slices across.
        weights: float64[nodes], not negative; 1 each by default.
        positions: float64[nodes, 2], where each node lies in a placement; a topological order along a Hilbert curve
            over it is one more that the search begins from.
        cut_registers: a module's registers open its loops: edges into them do not bind the order.
        condense: keep each strongly connected component whole, instead of refusing cycles.
        num_nodes: number of nodes of an edge array; by default one more than its greatest.
        seed: of the random choices, 0 … 2^64 - 1.
        threads: at most this many; the result is the same for any number.

    Raises:
        NetlistError: neither or both of `parts` and `max_size`, values out of range, options that exclude one another,
            or a halo that no part size fits.
        LoopError: the graph has a cycle; one is named.
    """
    if (parts is None) == (max_size is None):
        raise NetlistError("a partition needs either the number of parts or their greatest size")
    if (parts is not None and parts < 1) or (max_size is not None and not max_size > 0):
        raise NetlistError("the number of parts and their size must be greater than 0")
    if not 0 <= imbalance < float("inf") or halo < 0 or threads < 1 or not 0 <= seed < 1 << 64:
        raise NetlistError("imbalance, halo and seed must not be negative, and threads not less than 1")
    if halo and max_size is None:
        raise NetlistError("a halo counts towards the parts' greatest size", mend="give max_size")
    if isinstance(graph, Netlist):
        graph = graph.top_module
    if isinstance(graph, Module):
        view = cell_graph(graph)
        src, dst, nodes = view.src, view.dst, graph.num_cells
        cut = graph.library.of_kind(Kind.SEQ)[graph.cell_type] if nodes and cut_registers else np.zeros(nodes, bool)
    else:
        src, dst, nodes = _edges(graph, num_nodes)
        cut = np.zeros(nodes, bool)
    weight = np.ones(nodes) if weights is None else np.asarray(weights, np.float64)
    if weight.shape != (nodes,) or not np.isfinite(weight).all() or (weight < 0).any():
        raise NetlistError(f"the weights must be {nodes} finite numbers, none negative")
    if order is not None and (objective != "edge" or positions is not None):
        raise NetlistError("slices of an order take neither objective nor positions", mend="leave out order")
    if objective not in get_args(Objective):
        raise NetlistError(f"the objective is 'edge', 'net' or 'volume', not {objective!r}")
    key = None if positions is None else _keys(positions, nodes)
    binding = ~cut[dst]
    bound_src, bound_dst = (src[binding], dst[binding]) if cut.any() else (src, dst)
    component: IntArray | None = None
    priority = order or "level"
    sequence = kernels.topological_order(bound_src, bound_dst, nodes, priority=priority)
    split = _split.Graph(bound_src, bound_dst, nodes, weight, sequence, key)
    if len(sequence) < nodes:
        if not condense:
            raise _loop(graph, bound_src, bound_dst, nodes)
        component = kernels.strongly_connected(bound_src, bound_dst, nodes)
        split = _condensed(split, component, priority)

    def result(part: IntArray) -> Partition:
        rank = np.argsort(part[split.sequence], kind="stable")
        listed = split.sequence[rank]
        if component is not None:
            part = part[component]
            place = np.empty(len(listed), np.int32)
            place[listed] = np.arange(len(listed), dtype=np.int32)
            listed = np.argsort(place[component], kind="stable").astype(np.int32)
        count = int(part.max()) + 1 if nodes else 0
        left, right = part[src], part[dst]
        load = np.bincount(part, weights=weight, minlength=count).astype(np.float64)
        violations = int(((left > right) & binding).sum())
        return Partition(part, listed, count, load, src, dst, int((left != right).sum()), violations)

    search = _split.Search(objective, effort, seed, threads)
    if parts is not None:
        if order is not None:
            return result(_split.equal_slices(split, parts))
        return result(_split.equal_parts(split, parts, imbalance, search))
    assert max_size is not None

    def bounded(size: float) -> Partition:
        chosen = _split.bounded_slices(split, size) if order else _split.bounded_parts(split, size, search)
        return result(chosen)

    return bounded(max_size) if halo == 0 else _with_halo(bounded, max_size, halo, weight)


def _with_halo(
    bounded: Callable[[float], Partition], max_size: float, halo: int, weight: NDArray[np.float64]
) -> Partition:
    from hwdesign.passes.halo import halo_sizes  # it takes Partition from here

    size, smallest = max_size, float(weight[weight > 0].min()) if weight.any() else 1.0
    for _ in range(_HALO_TRIES):
        found = bounded(size)
        heaviest = float(halo_sizes(found, halo, weight).max(initial=0.0))
        if heaviest <= max_size * (1 + 1e-12):
            return found
        if size <= smallest:
            break
        # A halo shrinks more slowly than the part that it surrounds.
        size = max(smallest, size * min(0.9, max(0.5, max_size / heaviest)))
    raise NetlistError(
        f"no part size was found for which parts with {halo} levels of halo weigh at most {max_size:g}; "
        f"the lightest bound tried left {heaviest:g}",
        mend="ask for fewer levels or a greater size",
    )


def _edges(edges: ArrayLike, num_nodes: int | None) -> tuple[IntArray, IntArray, int]:
    array = np.asarray(edges)
    if array.ndim != 2 or array.shape[0] != 2 or (array.size and array.dtype.kind not in "iu"):
        raise NetlistError("the edges must be an integer array of the shape (2, E)")
    low, high = (int(array.min()), int(array.max())) if array.size else (0, -1)
    nodes = high + 1 if num_nodes is None else num_nodes
    if low < 0 or high >= nodes or nodes > np.iinfo(np.int32).max:
        raise NetlistError(f"the edges name nodes {low} to {high}, which are not all within 0 to {nodes - 1}")
    src, dst = np.ascontiguousarray(array, np.int32)
    return src, dst, nodes


def _keys(positions: ArrayLike, nodes: int) -> NDArray[np.int64]:
    places = np.asarray(positions, np.float64)
    if places.shape != (nodes, 2) or not np.isfinite(places).all():
        raise NetlistError(f"the positions must be finite numbers of the shape ({nodes}, 2)")
    return hilbert_keys(places)


def _condensed(whole: _split.Graph, component: IntArray, priority: Literal["dfs", "level"]) -> _split.Graph:
    nodes = int(component.max()) + 1
    between = component[whole.src] != component[whole.dst]
    src, dst = component[whole.src[between]], component[whole.dst[between]]
    weight = np.bincount(component, weights=whole.weight, minlength=nodes).astype(np.float64)
    key: NDArray[np.int64] | None = None
    if whole.key is not None:
        key = np.zeros(nodes, np.int64)
        key[component] = whole.key  # any member's will do
    return _split.Graph(src, dst, nodes, weight, kernels.topological_order(src, dst, nodes, priority=priority), key)


def _loop(graph: Module | ArrayLike, src: IntArray, dst: IntArray, nodes: int) -> LoopError:
    if isinstance(graph, Module):
        return loop_error(graph, src, dst)
    cycle = kernels.find_cycle(src, dst, nodes).tolist()
    shown = [str(node) for node in cycle[:_SHOWN]] + (["..."] if len(cycle) > _SHOWN else [])
    return LoopError(
        f"the graph has a cycle of {len(cycle)} nodes: {' -> '.join([*shown, str(cycle[0])])}",
        mend="an order-preserving partition needs an acyclic graph",
    )
