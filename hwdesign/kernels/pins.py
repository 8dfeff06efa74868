"""Kernel on pin tables: driver-to-sink edges."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwdesign.kernels import _kernels


class NetEdges(NamedTuple):
    """One row for each sink pin on a driven net.

    Attributes:
        src: int32, driving node.
        dst: int32, sinking node.
        net: int32.
        pin: int32, the sink's pin, -1 for a loose pin.
        inverted: uint8, the lowest bit of the sink pin's flags.
    """

    src: NDArray[np.int32]
    dst: NDArray[np.int32]
    net: NDArray[np.int32]
    pin: NDArray[np.int32]
    inverted: NDArray[np.uint8]


def net_edges(
    ptr: NDArray[np.int64],
    net: NDArray[np.int32],
    role: NDArray[np.int16],
    flags: NDArray[np.uint8],
    node_type: NDArray[np.int32],
    first: NDArray[np.int64],
    direction: NDArray[np.uint8],
    nets: int,
    *,
    first_net: int,
    loose: tuple[NDArray[np.int32], NDArray[np.uint8], NDArray[np.uint8]],
) -> NetEdges | None:
    """Driver-to-sink edges of pins grouped by node and joined by nets.

    Args:
        ptr: int64 [nodes + 1], the pins of each node.
        net: int32 [pins], -1 for an open pin.
        role: int16 [pins], position among the roles of the node's type.
        flags: uint8 [pins].
        node_type: int32 [nodes].
        first: int64 [types + 1], where each type's roles begin in `direction`.
        direction: uint8 [roles], 0 in, 1 out, 2 both.
        nets: number of nets.
        first_net: nets below are constants and make no edges.
        loose: (net, direction, flags) of further pins, each a node of its own after the others.

    Returns:
        The edges in the order of their sink pins, loose pins last; None where a net has several drivers.

    Raises:
        IndexError: an id lies outside its table.
        ValueError: columns that do not fit together.
    """
    found = _kernels.net_edges(ptr, net, role, flags, node_type, first, direction, nets, first_net, *loose)
    return None if found is None else NetEdges(*found)
