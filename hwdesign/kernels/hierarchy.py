"""Kernel on a hierarchy of pin tables: loops that run through instances."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwdesign.kernels import _kernels

GATE, OPAQUE = -1, -2  # types that pass signals from their inputs to their outputs, and types that do not
CELL, NET, ENTER, LEAVE, CLOSED = range(5)  # steps of a loop


class HierarchyTable(NamedTuple):
    """Cells, pins and ports of modules, module after module; a module's net ids count from 0.

    Modules come after those that they instantiate; an instance of a module that comes later is opaque.

    Attributes:
        cell_ptr: int64 [modules + 1], the cells of each module.
        port_ptr: int64 [modules + 1], the port bits of each module.
        nets: int32 [modules], how many nets each has.
        cell_type: int32 [cells].
        pin_ptr: int64 [cells + 1], the pins of each cell.
        net: int32 [pins], -1 for an open pin.
        role: int16 [pins], position among the roles of the cell's type.
        port_net: int32 [port bits].
        first: int64 [types + 1], where each type's roles begin in `direction` and `port`.
        direction: uint8 [roles], 0 in, 1 out, 2 both.
        port: int32 [roles], for a type that is a module its port bit, otherwise -1.
        target: int32 [types], the module that it instantiates, or `GATE`, or `OPAQUE`.
    """

    cell_ptr: NDArray[np.int64]
    port_ptr: NDArray[np.int64]
    nets: NDArray[np.int32]
    cell_type: NDArray[np.int32]
    pin_ptr: NDArray[np.int64]
    net: NDArray[np.int32]
    role: NDArray[np.int16]
    port_net: NDArray[np.int32]
    first: NDArray[np.int64]
    direction: NDArray[np.uint8]
    port: NDArray[np.int32]
    target: NDArray[np.int32]


class HierarchyLoops(NamedTuple):
    """Loops through gates, at most one a module.

    Attributes:
        searched: uint8 [modules], 1 where instances may be on loops. Only there loops were looked for.
        dropped: uint8 [modules], 1 where a module's port-to-port paths did not fit the memory bound, so that its
            instances count as opaque.
        module: int32 [loops].
        ptr: int64 [loops + 1], the steps of each loop.
        step: int32 [steps]: `CELL` and `NET` alternate along the loop; `ENTER` and `LEAVE` bracket the steps inside an
            instance, whose own nets at its ports are left out; `CLOSED` is an instance that was not looked into,
            because the loop is long.
        id: int32 [steps], the cell or net in the module where the step is; -1 for `LEAVE`.
    """

    searched: NDArray[np.uint8]
    dropped: NDArray[np.uint8]
    module: NDArray[np.int32]
    ptr: NDArray[np.int64]
    step: NDArray[np.int32]
    id: NDArray[np.int32]


def hierarchy_loops(table: HierarchyTable, *, first_net: int, max_bytes: int = 1 << 30) -> HierarchyLoops:
    """Loops that run through instances, without unfolding them.

    A module whose instances may lie on a loop is condensed once, children first, to the pairs of its port bits between
    which gates lead, as rows of bits or ids, whichever is smaller; an instance adds these pairs to the graph above it.
    Ports that share a net join the nets outside. Loops inside a module are found there and not again above it.

    Args:
        table: the modules.
        first_net: nets below are constants and carry no paths.
        max_bytes: bound on the port-to-port pairs of all modules together.

    Raises:
        IndexError: an id lies outside its table.
        ValueError: columns that do not fit together, or more than 2^31 cells, nets and pins in a module.
    """
    return HierarchyLoops(*_kernels.hierarchy_loops(*table, first_net, max_bytes))
