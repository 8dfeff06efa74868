"""Passes: pure functions from netlists to netlists, or to labels of their cells."""

from hwdesign.passes._arguments import edge_list
from hwdesign.passes._parts import Partition
from hwdesign.passes.aig import structural_hash, to_aig
from hwdesign.passes.cones import cone, window
from hwdesign.passes.dangling import remove_dangling
from hwdesign.passes.equivalence import Equivalence, aig_equivalent
from hwdesign.passes.flatten import flatten
from hwdesign.passes.halo import PartGraph, frontiers, halos
from hwdesign.passes.order import levelize, topological_order
from hwdesign.passes.partition import partition

__all__ = [
    "Equivalence",
    "PartGraph",
    "Partition",
    "aig_equivalent",
    "cone",
    "edge_list",
    "flatten",
    "frontiers",
    "halos",
    "levelize",
    "partition",
    "remove_dangling",
    "structural_hash",
    "to_aig",
    "topological_order",
    "window",
]
