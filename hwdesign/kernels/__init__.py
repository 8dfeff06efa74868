"""Hot loops in C++ behind typed wrappers: NumPy arrays in, NumPy arrays out, no knowledge of netlists.

- `hwdesign.kernels.graph`: CSR, levels, topological orders, cycles, cones, neighbour sampling.
- `hwdesign.kernels.hierarchy`: loops through instances, without unfolding them.
- `hwdesign.kernels.partition`: order-preserving partition of acyclic graphs.
- `hwdesign.kernels.aigsim`: bit-parallel simulation of And-Inverter Graphs, COP, structural hashing.
- `hwdesign.kernels.readers`: the text readers' tokenizers.
- `hwdesign.kernels.physical`: those of SPEF, LEF and DEF.
- `hwdesign.kernels.trees`: minimum spanning trees and Steiner trees of nets' pins.
"""

from hwdesign.kernels.aigsim import (
    Activity,
    Signatures,
    StructuralHash,
    cop_probability,
    count_activity,
    count_ones,
    count_ones_sequential,
    signatures,
    simulate_literals,
    simulate_words,
    structural_hash,
)
from hwdesign.kernels.graph import (
    Cone,
    Csr,
    NeighbourSample,
    Subgraph,
    build_csr,
    build_csr_both,
    cone,
    find_cycle,
    induced_subgraph,
    levelize,
    neighbour_sample,
    strongly_connected,
    topological_order,
    transpose,
    window,
)
from hwdesign.kernels.hierarchy import HierarchyLoops, HierarchyTable, hierarchy_loops
from hwdesign.kernels.partition import move_gains, partition_order
from hwdesign.kernels.pins import NetEdges, net_edges
from hwdesign.kernels.trees import SpanningTrees, SteinerTrees, spanning_trees, steiner_trees

__all__ = [
    "Activity",
    "Cone",
    "Csr",
    "HierarchyLoops",
    "HierarchyTable",
    "NeighbourSample",
    "NetEdges",
    "Signatures",
    "SpanningTrees",
    "SteinerTrees",
    "StructuralHash",
    "Subgraph",
    "build_csr",
    "build_csr_both",
    "cone",
    "cop_probability",
    "count_activity",
    "count_ones",
    "count_ones_sequential",
    "find_cycle",
    "hierarchy_loops",
    "induced_subgraph",
    "levelize",
    "move_gains",
    "neighbour_sample",
    "net_edges",
    "partition_order",
    "signatures",
    "simulate_literals",
    "simulate_words",
    "spanning_trees",
    "steiner_trees",
    "strongly_connected",
    "structural_hash",
    "topological_order",
    "transpose",
    "window",
]
