"""Gate-level netlists to and-inverter graphs, and clean-ups of these."""

from __future__ import annotations

import numpy as np

from hwdesign.netlist import CONST1, INVERTED, Netlist
from hwdesign.netlist.aig import aig_view
from hwdesign.passes._aig_build import build_aig, hashed, sweep_draft
from hwdesign.passes._aig_map import Mapper
from hwdesign.passes.flatten import flatten


def to_aig(netlist: Netlist, *, sweep: bool = True) -> Netlist:
    """Map a gate-level netlist to an AIG of AND2 and DFF cells with inverted pins.

    Hierarchy is flattened first. An XOR or a multiplexer becomes three ANDs; equal ANDs are merged and constants
    folded. Ports keep their order, names and ranges. The node that a net was driven by keeps the net's name, the cell's
    name, parameters and source line; a net that became an alias or the complement of a node is recorded in the text
    parameter `@alias` of that node's cell (`n5 !n6`), unless it became an input or a constant.

    An AIG has one implicit clock: a register's clock pin stays connected, inverted where it samples at the falling
    edge. Yosys' registers with enable or synchronous reset (`$_DFFE_PP_`, `$_SDFF_PP0_` ...) become DFFs and ANDs.

    Args:
        netlist: cells of kind COMB whose outputs have functions, and flip-flops.
        sweep: drop ANDs that reach neither an output nor a register.

    Raises:
        NetlistError: a cell without function, an open or undriven input, a net with two drivers, an inout port.
        UnsupportedError: a latch or a register with asynchronous inputs.
        LoopError: a combinational loop; its cells are named.
    """
    flat = flatten(netlist)
    module = flat.top_module
    draft, inputs = Mapper(module).run()
    return build_aig(flat, module, sweep_draft(draft, inputs) if sweep else draft)


def structural_hash(netlist: Netlist, *, sweep: bool = False) -> Netlist:
    """Merge equal ANDs of an AIG and fold constants; names as in `to_aig`.

    Args:
        netlist: its top module is an AIG of AND2 and DFF cells.
        sweep: drop ANDs that reach neither an output nor a register.

    Raises:
        NetlistError: the top module is no AIG.
        LoopError: the AND nodes form a cycle.
    """
    module = netlist.top_module
    view = aig_view(module)
    direct = view.net_variable >= 0
    literal = np.where(direct, 2 * view.net_variable, -1).astype(np.int32)
    literal[CONST1] = 1
    clock = np.full(view.num_latches, -1, np.int32)
    role = np.full((module.num_cells, 3), -1, np.int64)
    role[module.pin_cell, module.pin_role] = np.arange(module.num_pins)
    pins = role[view.latch_cell, 1]
    on = np.flatnonzero(pins >= 0)
    nets = module.pin_net[pins[on]]
    known = (nets >= 0) & (literal[np.maximum(nets, 0)] >= 0)
    clock[on[known]] = literal[nets[known]] ^ (module.pin_flags[pins[on[known]]] & INVERTED)
    draft = hashed(
        view.fanin0, view.fanin1, view.num_inputs, view.outputs, view.latch_next, clock, view.latch_cell,
        view.and_cell, module.cell_line[view.and_cell], literal, direct,
    )  # fmt: skip
    return build_aig(netlist, module, sweep_draft(draft, view.num_inputs) if sweep else draft)
