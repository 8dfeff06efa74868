"""A netlist of devices as plain values, for comparison: everything that a SPICE deck holds but line numbers."""

from __future__ import annotations

from typing import Any

from hwdesign.netlist import Netlist


def view(netlist: Netlist) -> dict[str, Any]:
    """Top, modules (ports, parameters, cells), models, globals and directives."""
    modules = {}
    for name, module in netlist.modules.items():
        nets, cells = module.net_labels(), module.cell_labels()
        modules[name] = {
            "ports": [nets[net] for net in module.port_net.tolist()],
            "parameters": dict(module.parameters),
            "cells": [
                (
                    cells[cell],
                    module.type_of(cell).name,
                    [(role, nets[net]) for role, net, _ in module.pins_of(cell)],
                    module.params_of(cell),
                )
                for cell in range(module.num_cells)
            ],
        }
    return {
        "top": netlist.top,
        "modules": modules,
        "order": list(netlist.modules),
        "models": {key: (m.name, m.kind, dict(m.params), m.scope) for key, m in netlist.models.items()},
        "globals": netlist.global_nets,
        "directives": [(d.name, d.text, d.module) for d in netlist.directives],
    }


def cell(netlist: Netlist, name: str, module: str | None = None) -> tuple[str, list[str], dict[str, float | str]]:
    """(type, nets, parameters) of one cell."""
    body = view(netlist)["modules"][module or netlist.top]
    _, kind, pins, params = next(row for row in body["cells"] if row[0] == name)
    return kind, [net for _, net in pins], params
