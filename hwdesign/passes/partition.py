"""Order-preserving partition of netlists and other directed graphs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwdesign import kernels
from hwdesign.errors import LoopError, NetlistError
from hwdesign.kernels.partition import Effort, Objective
from hwdesign.netlist import Kind, Module, Netlist
from hwdesign.netlist.views import cell_graph
from hwdesign.passes import _split
from hwdesign.passes._arguments import edge_list, node_weights, real_array, real_number, whole_number
from hwdesign.passes._columns import IntArray, loop_error
from hwdesign.passes._hierarchy import depth_order
from hwdesign.passes._hilbert import hilbert_keys
from hwdesign.passes._parts import Partition
from hwdesign.passes.halo import halo_sizes

MAX_THREADS = 1024
_SHOWN = 12
_HALO_TRIES = 24


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
        graph: a netlist (its top module) or a module, whose cells are the nodes, an instance being one cell: flatten
            a hierarchy first (see `hwdesign.passes.flatten`) to part its gates; or edges, integers of shape (2, E).
        parts: number of parts; give this or `max_size`. Fewer come back where some would be empty, as for more parts
            than nodes; a graph without nodes has none.
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
        num_nodes: number of nodes of an edge array; by default one more than its greatest id.
        seed: of the random choices, 0 … 2^64 - 1.
        threads: at most this many, 1 … 1024; the result is the same for any number.

    Raises:
        NetlistError: neither or both of `parts` and `max_size`, values out of range, options that exclude one another,
            a halo that no part size fits, or a module that contains itself.
        LimitError: an edge array without `num_nodes` whose greatest id stands far above what its edges can join.
        LoopError: the graph has a cycle; one is named.
    """
    if (parts is None) == (max_size is None):
        raise NetlistError("a partition needs either the number of parts or their greatest size")
    if parts is not None:
        parts = whole_number("parts", parts, 1)
    if max_size is not None:
        max_size = real_number("max_size", max_size)
        if not max_size > 0:
            raise NetlistError(f"max_size must be greater than 0, not {max_size:g}")
    imbalance = real_number("imbalance", imbalance)
    if not 0 <= imbalance < float("inf"):
        raise NetlistError(f"imbalance must be a finite number, 0 or more, not {imbalance:g}")
    halo, seed = whole_number("halo", halo, 0), whole_number("seed", seed, 0, (1 << 64) - 1)
    threads = whole_number("threads", threads, 1, MAX_THREADS)
    if halo and max_size is None:
        raise NetlistError("a halo counts towards the parts' greatest size", mend="give max_size")
    if order is not None and (objective != "edge" or positions is not None):
        raise NetlistError("slices of an order take neither objective nor positions", mend="leave out order")
    if order not in (None, "dfs", "level"):
        raise NetlistError(f"the order is 'dfs' or 'level', not {order!r}")
    if objective not in get_args(Objective):
        raise NetlistError(f"the objective is 'edge', 'net' or 'volume', not {objective!r}")
    if effort not in get_args(Effort):
        raise NetlistError(f"the effort is 'fast', 'default' or 'high', not {effort!r}")
    if isinstance(graph, Netlist):
        if graph.library.of_kind(Kind.MODULE).any():
            depth_order(graph)  # a hierarchy without end is no circuit, whatever its top looks like
        graph = graph.top_module
    if isinstance(graph, Module):
        view = cell_graph(graph)
        src, dst, nodes = view.src, view.dst, graph.num_cells
        cut = graph.library.of_kind(Kind.SEQ)[graph.cell_type] if nodes and cut_registers else np.zeros(nodes, bool)
    else:
        (src, dst), nodes = edge_list(graph, num_nodes)
        cut = np.zeros(nodes, bool)
    weight = node_weights(weights, nodes)
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


def _keys(positions: ArrayLike, nodes: int) -> NDArray[np.int64]:
    places = real_array(positions)
    if places is None or places.shape != (nodes, 2):
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
        error = loop_error(graph, src, dst)
        mend = f"{error.mend}, or condense loops to keep each whole"
        return LoopError(error.what, file=error.file, line=error.line, mend=mend)
    cycle = kernels.find_cycle(src, dst, nodes).tolist()
    shown = [str(node) for node in cycle[:_SHOWN]] + (["..."] if len(cycle) > _SHOWN else [])
    count = "1 node" if len(cycle) == 1 else f"{len(cycle)} nodes"
    return LoopError(
        f"the graph has a cycle of {count}: {' -> '.join([*shown, str(cycle[0])])}",
        mend="remove one of its edges, or condense cycles to keep each whole",
    )
