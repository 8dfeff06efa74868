"""Timing wing: static timing analysis as a differentiable function of wires, cells and places."""
