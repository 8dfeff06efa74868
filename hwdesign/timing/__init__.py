"""Timing wing: static timing analysis as a differentiable function of wires, cells and places."""

from hwdesign.timing.conditions import Conditions, conditions_of, simple_conditions
from hwdesign.timing.engine import EARLY, LATE, Timing, TimingEngine
from hwdesign.timing.graph import FALL, RISE, TimingGraph, build_graph

__all__ = [
    "EARLY",
    "FALL",
    "LATE",
    "RISE",
    "Conditions",
    "Timing",
    "TimingEngine",
    "TimingGraph",
    "build_graph",
    "conditions_of",
    "simple_conditions",
]
