"""Inverted pins and outputs made explicit, for formats that have no such thing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hwdesign.netlist.generic import NOT
from hwdesign.netlist.module import CONST1, INVERTED, Module


def explicit_inverters(module: Module) -> Module:
    """The same function with NOT cells in place of inverted pins and ports: one NOT a net, shared by its readers.

    Pins and ports that see a constant inverted are tied to the other constant. An inverted pin that drives its net
    cannot be expressed this way and does not occur in what the readers make.
    """
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
    count = len(sources)
    fresh = np.arange(count, dtype=np.int32) + module.num_nets
    pin_net[pins] = fresh[where[: len(pins)]]
    port_net[ports] = fresh[where[len(pins) :]]
    # A complement that shows at an output takes the output's name.
    net_name = np.concatenate([module.net_name, np.full(count, -1, np.int32)])
    taken = set(module.net_name.tolist())
    for port in ports.tolist():
        net = int(port_net[port])
        if net_name[net] < 0 and int(module.port_name[port]) not in taken:
            net_name[net] = module.port_name[port]
            taken.add(int(module.port_name[port]))
    library = module.library.with_types([NOT])
    inverter = library.index(NOT.name)
    return replace(
        module,
        library=library,
        cell_type=np.concatenate([module.cell_type, np.full(count, inverter, np.int32)]),
        cell_name=np.concatenate([module.cell_name, np.full(count, -1, np.int32)]),
        cell_line=np.concatenate([module.cell_line, np.zeros(count, np.int32)]),
        pin_ptr=np.concatenate([module.pin_ptr, module.pin_ptr[-1] + 2 * np.arange(1, count + 1)]),
        pin_net=np.concatenate([pin_net, np.stack([sources, fresh], axis=1).ravel().astype(np.int32)]),
        pin_role=np.concatenate([module.pin_role, np.tile(np.array([0, 1], np.int16), count)]),
        pin_flags=np.concatenate([module.pin_flags & ~np.uint8(INVERTED), np.zeros(2 * count, np.uint8)]),
        net_name=net_name,
        port_net=port_net,
        port_flags=module.port_flags & ~np.uint8(INVERTED),
    )
