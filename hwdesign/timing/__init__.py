"""Timing wing: static timing analysis as a differentiable function of wires, cells and places."""

from hwdesign.timing.conditions import Conditions, conditions_of, simple_conditions
from hwdesign.timing.engine import EARLY, LATE, Timing, TimingEngine
from hwdesign.timing.graph import FALL, RISE, TimingGraph, build_graph
from hwdesign.timing.report import Path, Stop, critical_paths, path_to

__all__ = [
    "EARLY",
    "FALL",
    "LATE",
    "RISE",
    "Conditions",
    "Path",
    "Stop",
    "Timing",
    "TimingEngine",
    "TimingGraph",
    "build_graph",
    "conditions_of",
    "critical_paths",
    "path_to",
    "simple_conditions",
]
