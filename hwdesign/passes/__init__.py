"""Passes: pure functions from netlists to netlists, or to labels of their cells."""

from hwdesign.passes.aig import structural_hash, to_aig
from hwdesign.passes.dangling import remove_dangling
from hwdesign.passes.flatten import flatten
from hwdesign.passes.order import levelize, topological_order

__all__ = ["flatten", "levelize", "remove_dangling", "structural_hash", "to_aig", "topological_order"]
