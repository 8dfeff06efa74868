"""Logic constants: pins that never switch, and arcs that constants keep from switching."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import FormatError
from hwdesign.netlist.boolean import MAX_TABLE_INPUTS, parse_function, truth_table, variables
from hwdesign.netlist.module import CONST1, Module
from hwdesign.netlist.timing_library import PinDirection, TimingLibrary

I64 = NDArray[np.int64]


@lru_cache(maxsize=4096)
def _table(function: str) -> tuple[tuple[str, ...], NDArray[np.bool_]] | None:
    """Inputs of a function and its truth table, shape (2,) * inputs; None where it is none of pins alone."""
    try:
        program = parse_function(function)
    except FormatError:
        return None
    names = variables(program)
    if len(names) > MAX_TABLE_INPUTS:
        return None
    bits = truth_table(program, names)
    flat = np.array([bits >> row & 1 for row in range(1 << len(names))], bool)
    # Row bit i is input i: the first input is the fastest axis.
    return names, flat.reshape((2,) * len(names)).transpose()


def constant_nodes(
    module: Module,
    library: TimingLibrary,
    pin_row: I64,
    net: I64,
    drives: NDArray[np.bool_],
    wires: tuple[I64, I64],
) -> NDArray[np.int8]:
    """Value of every node that cannot switch, int8[nodes]: 0, 1, or -1 where it can.

    Constants begin at nets tied in the netlist and at cells whose function is a constant (tie cells), and spread
    through combinational cells; registers stop them.
    """
    value = np.full(len(net), -1, np.int8)
    tied = (net >= 0) & (net <= CONST1)
    value[tied] = net[tied]
    pins = module.num_pins
    outputs = np.flatnonzero(drives[:pins])
    fanout: dict[int, list[int]] = {}
    order = np.argsort(wires[0], kind="stable")
    for source, target in zip(wires[0][order].tolist(), wires[1][order].tolist(), strict=True):
        fanout.setdefault(source, []).append(target)
    texts = library.pin_function
    waiting = [node for node in outputs.tolist() if texts[pin_row[node]] in ("0", "1")]
    cells = {int(module.pin_cell[node]) for node in np.flatnonzero(tied[:pins]).tolist()}
    waiting += [node for cell in sorted(cells) for node in _outputs(module, library, pin_row, cell)]
    while waiting:
        node = waiting.pop()
        if value[node] >= 0 or not drives[node]:
            continue
        found = _output_value(module, library, pin_row, value, node)
        if found < 0:
            continue
        value[node] = found
        for sink in fanout.get(node, []):
            value[sink] = found
            if sink < pins:
                waiting += _outputs(module, library, pin_row, int(module.pin_cell[sink]))
    return value


def _outputs(module: Module, library: TimingLibrary, pin_row: I64, cell: int) -> list[int]:
    span = range(int(module.pin_ptr[cell]), int(module.pin_ptr[cell + 1]))
    return [p for p in span if pin_row[p] >= 0 and library.pin_direction[pin_row[p]] == PinDirection.OUTPUT]


def _inputs(module: Module, library: TimingLibrary, pin_row: I64, value: NDArray[np.int8], node: int) -> dict[str, int]:
    """Known values by pin name at the cell of `node`; -1 for pins that switch."""
    cell = int(module.pin_cell[node])
    span = range(int(module.pin_ptr[cell]), int(module.pin_ptr[cell + 1]))
    return {library.pin_names[int(pin_row[p])]: int(value[p]) for p in span if pin_row[p] >= 0}


def _restricted(text: str | None, known: dict[str, int]) -> tuple[list[str], NDArray[np.bool_]] | None:
    """Truth table over the inputs that are not known."""
    table = _table(text) if text else None
    if table is None or not set(table[0]) <= set(known):
        return None
    names, values = table
    index = tuple(known[name] if known[name] >= 0 else slice(None) for name in names)
    return [name for name in names if known[name] < 0], np.asarray(values[index])


def _output_value(module: Module, library: TimingLibrary, pin_row: I64, value: NDArray[np.int8], node: int) -> int:
    found = _restricted(library.pin_function[int(pin_row[node])], _inputs(module, library, pin_row, value, node))
    if found is None or library.pin_three_state[int(pin_row[node])] is not None:
        # A three-state output floats when it is not enabled, and its enable makes it switch.
        return -1
    return int(found[1].flat[0]) if (found[1] == found[1].flat[0]).all() else -1


def independent_arcs(
    module: Module, library: TimingLibrary, pin_row: I64, constant: NDArray[np.int8], source: I64, target: I64
) -> NDArray[np.bool_]:
    """Arcs that cannot switch: an end is constant, or constants at other inputs hide the input from the output."""
    off = (constant[source] >= 0) | (constant[target] >= 0)
    held = np.zeros(max(module.num_cells, 1), bool)
    held[module.pin_cell[np.flatnonzero(constant[: module.num_pins] >= 0)]] = True
    if not held.any():
        return off
    for at in np.flatnonzero(held[module.pin_cell[source]] & ~off).tolist():
        known = _inputs(module, library, pin_row, constant, int(target[at]))
        found = _restricted(library.pin_function[int(pin_row[target[at]])], known)
        name = library.pin_names[int(pin_row[source[at]])]
        floating = _restricted(library.pin_three_state[int(pin_row[target[at]])], known)
        if floating is not None and floating[1].all():
            off[at] = True
            continue
        whole = _table(library.pin_function[int(pin_row[target[at]])] or "")
        if found is not None and whole is not None and name in whole[0]:
            names, values = found
            if name not in names:
                off[at] = True
            else:
                axis = names.index(name)
                off[at] = bool((values.take(0, axis) == values.take(1, axis)).all())
    return off


def open_latches(
    module: Module, library: TimingLibrary, pin_row: I64, constant: NDArray[np.int8], target: I64
) -> NDArray[np.bool_]:
    """Whether the arc's cell is a latch whose enable is constant and open: bool[arcs]."""
    result = np.zeros(len(target), bool)
    storage = library.cell_storage or (None,) * len(library.cell_names)
    latches = np.array([item is not None and item.kind.startswith("latch") for item in storage], bool)
    owner = np.searchsorted(library.pin_ptr, pin_row[target], side="right") - 1
    for at in np.flatnonzero(latches[owner]).tolist():
        held = storage[int(owner[at])]
        if held is not None:
            found = _restricted(held.clocked_on, _inputs(module, library, pin_row, constant, int(target[at])))
            result[at] = found is not None and bool(found[1].all())
    return result
