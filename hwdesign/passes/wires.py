"""Wires before routing: each net as a spanning tree over its pins, with resistance and capacitance by length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hwdesign.kernels import spanning_trees
from hwdesign.netlist.parasitics import Parasitics


def tree_parasitics(
    net_names: Sequence[str],
    pin_ptr: NDArray[np.int64],
    pin_names: Sequence[str],
    pin_kind: NDArray[np.int8],
    xy: NDArray[np.float64],
    *,
    resistance: float,
    capacitance: float,
    edge_resistance: float = 0.0,
    pin_direction: NDArray[np.int8] | None = None,
    design: str = "",
) -> Parasitics:
    """Parasitics of N nets of P pins as rectilinear minimum spanning trees, each edge a π of its resistance between
    halves of its capacitance.

    Args:
        net_names: [N].
        pin_ptr: i64[N+1], net n has the pins `pin_ptr[n]` to `pin_ptr[n + 1]`, its driver first.
        pin_names: [P], `INST/PIN`, or a port's name.
        pin_kind: i8[P], see `hwdesign.netlist.parasitics.NodeKind`.
        xy: f64[P, 2], positions in µm.
        resistance: kΩ/µm.
        capacitance: pF/µm.
        edge_resistance: kΩ more for each edge, for the vias at its ends.
        pin_direction: i8[P], 0 input, 1 output, 2 inout.
        design: name of the module.

    Raises:
        ValueError: a position is not finite, or columns do not fit together.
    """
    trees = spanning_trees(pin_ptr, xy)
    half = 0.5 * capacitance * trees.length
    ends = np.concatenate([trees.parent, trees.child])
    caps: NDArray[np.float64] = np.bincount(ends, np.tile(half, 2), len(pin_names)).astype(np.float64)
    none = np.zeros(0, np.int32)
    return Parasitics(
        net_names=tuple(net_names),
        node_ptr=np.asarray(pin_ptr, np.int64),
        node_names=tuple(pin_names),
        node_kind=np.asarray(pin_kind, np.int8),
        node_cap=caps,
        resistor_ptr=trees.edge_ptr,
        resistor_a=trees.parent,
        resistor_b=trees.child,
        resistor=resistance * trees.length + edge_resistance,
        coupling_a=none,
        coupling_b=none,
        coupling=np.zeros(0),
        design=design,
        node_direction=pin_direction,
        node_position=np.asarray(xy, np.float64),
    )
