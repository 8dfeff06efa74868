"""Inverted pins and outputs made explicit, for formats that have no such thing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import NetlistError
from hwdesign.netlist.generic import NOT
from hwdesign.netlist.module import CONST1, INVERTED, Module
from hwdesign.netlist.types import Direction

IntArray = NDArray[np.int32]


def _with_inverters(module: Module, sources: IntArray, targets: IntArray) -> Module:
    """The module with one NOT cell from each source net to its target net; new nets may lie past the last one."""
    count = len(sources)
    library = module.library.with_types([NOT])
    fresh = max(0, int(max(sources.max(initial=0), targets.max(initial=0))) + 1 - module.num_nets)
    return replace(
        module,
        library=library,
        cell_type=np.concatenate([module.cell_type, np.full(count, library.index(NOT.name), np.int32)]),
        cell_name=np.concatenate([module.cell_name, np.full(count, -1, np.int32)]),
        cell_line=np.concatenate([module.cell_line, np.zeros(count, np.int32)]),
        pin_ptr=np.concatenate([module.pin_ptr, module.pin_ptr[-1] + 2 * np.arange(1, count + 1)]),
        pin_net=np.concatenate([module.pin_net, np.stack([sources, targets], axis=1).ravel().astype(np.int32)]),
        pin_role=np.concatenate([module.pin_role, np.tile(np.array([0, 1], np.int16), count)]),
        pin_flags=np.concatenate([module.pin_flags, np.zeros(2 * count, np.uint8)]),
        net_name=np.concatenate([module.net_name, np.full(fresh, -1, np.int32)]),
    )


def explicit_drivers(module: Module) -> Module:
    """The same function without inverted output pins: such a pin drives a new net, and a NOT cell the old one.

    Raises:
        NetlistError: an inout pin is inverted, which means nothing.
    """
    inverted = (module.pin_flags & INVERTED) != 0
    if not inverted.any():
        return module
    both = np.flatnonzero(inverted & (module.pin_dir == Direction.INOUT))
    if len(both):
        cell = int(module.pin_cell[both[0]])
        raise NetlistError(
            f"cell '{module.cell_label(cell)}' has an inverted inout pin",
            file=module.file or None,
            line=int(module.cell_line[cell]),
        )
    pins = np.flatnonzero(inverted & (module.pin_dir == Direction.OUT))
    if len(pins) == 0:
        return module
    driven = pins[module.pin_net[pins] > CONST1]
    targets = module.pin_net[driven]
    fresh = np.arange(len(driven), dtype=np.int32) + module.num_nets
    pin_net, pin_flags = module.pin_net.copy(), module.pin_flags.copy()
    pin_net[driven] = fresh
    pin_flags[pins] &= ~np.uint8(INVERTED)
    return _with_inverters(replace(module, pin_net=pin_net, pin_flags=pin_flags), fresh, targets)


def explicit_inverters(module: Module) -> Module:
    """The same function with NOT cells in place of inverted pins and ports: one NOT a net, shared by its readers.

    Pins and ports that see a constant inverted are tied to the other constant.

    Raises:
        NetlistError: an inout pin is inverted, which means nothing.
    """
    module = explicit_drivers(module)
    pin_inverted = (module.pin_flags & INVERTED) != 0
    port_inverted = (module.port_flags & INVERTED) != 0
    if not pin_inverted.any() and not port_inverted.any():
        return module
    pin_net, port_net = module.pin_net.copy(), module.port_net.copy()
    for net, flags in ((pin_net, pin_inverted), (port_net, port_inverted)):
        constant = flags & (net >= 0) & (net <= CONST1)
        net[constant] = 1 - net[constant]
    pins = np.flatnonzero(pin_inverted & (pin_net > CONST1))
    ports = np.flatnonzero(port_inverted & (port_net > CONST1))
    sources, where = np.unique(np.concatenate([pin_net[pins], port_net[ports]]), return_inverse=True)
    fresh = np.arange(len(sources), dtype=np.int32) + module.num_nets
    pin_net[pins] = fresh[where[: len(pins)]]
    port_net[ports] = fresh[where[len(pins) :]]
    clean = replace(
        module,
        pin_net=pin_net,
        pin_flags=module.pin_flags & ~np.uint8(INVERTED),
        port_net=port_net,
        port_flags=module.port_flags & ~np.uint8(INVERTED),
    )
    made = _with_inverters(clean, sources.astype(np.int32), fresh)
    # A complement that shows at an output takes the output's name.
    net_name = made.net_name.copy()
    taken = set(module.net_name.tolist())
    for port in ports.tolist():
        shown, name = int(port_net[port]), int(module.port_name[port])
        if net_name[shown] < 0 and name not in taken:
            net_name[shown] = name
            taken.add(name)
    return replace(made, net_name=net_name)
