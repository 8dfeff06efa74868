"""All cells by name, and cells from texts as a command line gives them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from hwdesign.errors import NetlistError
from hwdesign.netlist import Builder, Kind, Library, Module, Netlist
from hwdesign.sfq.cell import Cell
from hwdesign.sfq.cells.converters import DCSFQ, SFQDC
from hwdesign.sfq.cells.gates import AND, NOT, OR, XOR
from hwdesign.sfq.cells.lines import PTL, PTLDriver, PTLReceiver
from hwdesign.sfq.cells.neural import Neuron, Synapse
from hwdesign.sfq.cells.storage import DFF, NDRO
from hwdesign.sfq.cells.wires import JTL, Merger, Splitter
from hwdesign.sfq.process import process
from hwdesign.sfq.trees import FanIn, FanOut

_ALL: tuple[type[Cell], ...] = (
    JTL, Splitter, Merger, DCSFQ, SFQDC, DFF, NDRO, AND, OR, XOR, NOT, PTLDriver, PTL, PTLReceiver, Synapse, Neuron,
    FanOut, FanIn,
)  # fmt: skip

CELLS: Mapping[str, type[Cell]] = MappingProxyType({cell.kind: cell for cell in _ALL})
"""Every cell by its `kind`."""


def find_cell(name: str) -> type[Cell]:
    """The cell of that name.

    Raises:
        NetlistError: there is none; the nearest names are shown.
    """
    found = CELLS.get(name)
    if found is None:
        near = difflib.get_close_matches(name.lower(), CELLS, n=3, cutoff=0.5)
        raise NetlistError(
            f"no SFQ cell is named '{name[:40]}'", mend=f"{'nearest' if near else 'cells'}: {', '.join(near or CELLS)}"
        )
    return found


def make_cell(name: str, values: Mapping[str, object] | None = None) -> Cell:
    """A cell of that name.

    Args:
        name: key of `CELLS`.
        values: its parameters; texts stand for the numbers that they spell. `process` names a process card.

    Raises:
        NetlistError: unknown cell or parameter, or a value out of range.
        ConfigError: unknown process.
    """
    kind = find_cell(name)
    known = {item.name: item for item in kind.parameters()}
    given: dict[str, object] = {}
    for key, value in (values or {}).items():
        if key == "process":
            given[key] = process(str(value))
        elif key in known:
            given[key] = known[key].convert(value, kind.kind)
        else:
            raise NetlistError(
                f"cell '{kind.kind}' has no parameter '{key[:40]}'",
                mend=f"its parameters: {', '.join([*known, 'process'])}",
            )
    return kind(**given)  # type: ignore[arg-type]


def structural(netlist: Netlist) -> Netlist:
    """The modules of a netlist that hold no devices: cells are instances of modules that are defined elsewhere.

    Written as Verilog, this is the structural netlist of SFQ cells; `cell_types` tells the reader the pins' directions.

    Raises:
        NetlistError: the top itself holds devices.
    """
    modules = {name: module for name, module in netlist.modules.items() if not _has_devices(module)}
    if netlist.top not in modules:
        raise NetlistError(
            f"module '{netlist.top}' holds devices, so that no structural netlist of cells can be made of it",
            file=netlist.file or None, mend="put them into cells",
        )  # fmt: skip
    return replace(netlist, modules=modules)


def _has_devices(module: Module) -> bool:
    return bool(module.library.of_kind(Kind.DEVICE)[module.cell_type].any())


def cell_types() -> Library:
    """Types of all cells at their default values, for readers of structural netlists."""
    return Library(cell().module(Builder("cells")).as_type() for cell in CELLS.values())
