"""hwdesign: one netlist IR under graph-learning models and SPICE-backed simulators."""

__version__ = "0.1.0"
