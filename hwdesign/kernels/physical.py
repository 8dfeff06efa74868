"""The readers of physical data in C++, columns of a file, with no knowledge of netlists; and the writer of SPEF.

Each reader takes the file's bytes, releases the GIL, and raises as `hwdesign.kernels.readers` does, with the line; the
caller knows the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import NetlistError
from hwdesign.kernels import _kernels
from hwdesign.kernels.readers import Data, _bytes, _error

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
I8 = NDArray[np.int8]
U8 = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class RawSpef:
    """A SPEF file; see `hwdesign.netlist.parasitics.Parasitics` for the columns.

    Attributes:
        design: the name of the design.
        nets, nodes: names end to end, and where each begins.
        ground: f64, each node's capacitance to ground.
        node_x, node_y: empty where the file has no coordinates.
        notes: how often, and the first names: reduced nets, physical nets and nets with inductors left out; nets with a
            total only; couplings that two nets list differently; couplings to nets outside the file; pin capacitance.
    """

    design: str
    nets: tuple[U8, I64]
    nodes: tuple[U8, I64]
    net_is_bus_bit: U8
    node_ptr: I64
    resistor_ptr: I64
    node_kind: I8
    node_direction: I8
    node_x: F64
    node_y: F64
    ground: F64
    resistor_a: I32
    resistor_b: I32
    resistor: F64
    coupling_a: I32
    coupling_b: I32
    coupling: F64
    notes: list[tuple[int, list[str]]]


@dataclass(frozen=True, eq=False)
class RawLef:
    """A LEF file: lengths in µm, Ω, pF; names are ids into `names` (bytes, offsets), -1 for none; NaN for no value.

    Attributes:
        layer_kind: 0 routing, 1 cut, 2 other.
        layer_direction: 0 horizontal, 1 vertical, 2 other.
        macro_x, macro_y: ORIGIN.
        pin_direction: INPUT, OUTPUT, INOUT, FEEDTHRU from 0.
        pin_use: SIGNAL, CLOCK, POWER, GROUND, ANALOG, RESET, SCAN, TIEOFF from 0.
        shape_layer: a name.
        shape_rect: f64[S, 4].
    """

    names: tuple[U8, I64]
    layer_name: I32
    layer_kind: I8
    layer_direction: I8
    layer_width: F64
    layer_pitch_x: F64
    layer_pitch_y: F64
    layer_resistance: F64
    layer_capacitance: F64
    layer_edge: F64
    macro_name: I32
    macro_class: I32
    macro_site: I32
    macro_width: F64
    macro_height: F64
    macro_x: F64
    macro_y: F64
    pin_ptr: I64
    pin_name: I32
    pin_direction: I8
    pin_use: I8
    shape_ptr: I64
    shape_layer: I32
    shape_rect: F64


@dataclass(frozen=True, eq=False)
class RawDef:
    """A DEF file: lengths in database units, of which `units` are a µm; names are ids into `names`, -1 for none.

    Attributes:
        instance_status, port_status: 0 unplaced, 1 placed, 2 fixed, 3 cover.
        port_x, port_y: of a port's first placement.
        port_shape_rect: f64[S, 4], placed.
        net_instance, net_pin: an instance's row and a pin's name, or -1 and a port's row.
        stated: numbers of components, pins and nets as the file states them, -1 where it has no such section.
    """

    names: tuple[U8, I64]
    design: int
    units: float
    die: tuple[float, float, float, float] | None
    instance_name: I32
    instance_macro: I32
    instance_x: F64
    instance_y: F64
    instance_orient: I8
    instance_status: I8
    port_name: I32
    port_net: I32
    port_direction: I8
    port_use: I8
    port_status: I8
    port_x: F64
    port_y: F64
    port_shape_ptr: I64
    port_shape_layer: I32
    port_shape_rect: F64
    net_name: I32
    net_ptr: I64
    net_instance: I32
    net_pin: I32
    stated: I64


@dataclass(frozen=True, eq=False)
class RawSdf:
    """An SDF file; see `hwdesign.netlist.delays.Delays` for the columns. Names are ids into `names`, -1 for none.

    Attributes:
        wire_delay, arc_delay, check_limit: f64 with 6, 18 and 3 columns.
        skipped: keywords left out, and how often.
    """

    names: tuple[U8, I64]
    design: int
    wire_from: I32
    wire_to: I32
    wire_delay: F64
    instance_name: I32
    instance_cell: I32
    arc_instance: I32
    arc_from: I32
    arc_to: I32
    arc_condition: I32
    arc_edge: I8
    arc_delay: F64
    check_instance: I32
    check_pin: I32
    check_related: I32
    check_condition: I32
    check_kind: I8
    check_edge: I8
    check_related_edge: I8
    check_limit: F64
    skipped: list[tuple[bytes, int]]


@dataclass(frozen=True, eq=False)
class RawGds:
    """Cell references of a GDSII stream, a row each; names are ids into `names`, -1 for none.

    Attributes:
        micron: a database unit in µm.
        structure: names of the structures in the stream's order.
        owner: row of the structure that holds a reference.
        cell, instance: names: of the cell referred to, of the reference.
        x, y: f64 in database units.
        reflected: about the x axis, before it is turned.
        angle: degrees anticlockwise.
        array_cell: cells of arrays of references, which have no names.
    """

    names: tuple[U8, I64]
    micron: float
    structure: I32
    owner: I32
    cell: I32
    instance: I32
    x: F64
    y: F64
    reflected: U8
    angle: F64
    magnification: F64
    array_cell: I32


def parse_spef(data: Data, *, corner: int = 1) -> RawSpef:
    """Read SPEF (IEEE 1481).

    Args:
        data: the file's bytes.
        corner: 0, 1 or 2 picks from values given as minimum:typical:maximum.
    """
    return RawSpef(**_call(_kernels.parse_spef, data, corner))


def write_spef(
    *,
    nets: tuple[U8, I64],
    nodes: tuple[U8, I64],
    cells: tuple[U8, I64] | None,
    net_is_bus_bit: U8,
    node_ptr: I64,
    node_kind: I8,
    node_direction: I8,
    node_xy: F64 | None,
    ground: F64,
    total: F64,
    resistor_ptr: I64,
    resistor_a: I32,
    resistor_b: I32,
    resistor: F64,
    coupling_a: I32,
    coupling_b: I32,
    coupling: F64,
    digits: int,
) -> bytes:
    """SPEF text from its *NAME_MAP on, in pF, Ω and µm; see `RawSpef` for the columns.

    Args:
        cells: the cell of each node's instance, '' for none.
        node_xy: f64[2 M].
        total: f64[N], each net's capacitance.
        digits: significant digits of values.

    Raises:
        NetlistError: a name that SPEF cannot hold, or an instance's pin without an instance.
        ValueError, IndexError: columns that do not fit together.
    """
    try:
        return _kernels.write_spef(
            nets, nodes, cells, net_is_bus_bit, node_ptr, node_kind, node_direction, node_xy, ground, total,
            resistor_ptr, resistor_a, resistor_b, resistor, coupling_a, coupling_b, coupling, digits,
        )  # fmt: skip
    except _kernels.ReadError as error:
        found = _error(error)
        raise NetlistError(found.what, mend=found.mend) from None


def parse_lef(data: Data) -> RawLef:
    """Read LEF 5.8: layers and macros; vias, sites, obstructions and rules are skipped."""
    return RawLef(**_call(_kernels.parse_lef, data))


def parse_def(data: Data) -> RawDef:
    """Read DEF 5.8: components, pins and the nets' connections; routing, rows, tracks and special nets are skipped."""
    return RawDef(**_call(_kernels.parse_def, data))


def parse_gds(data: Data, *, name_property: int) -> RawGds:
    """Read the references of a GDSII stream; shapes and texts are skipped.

    Args:
        data: the file's bytes.
        name_property: number of the property that holds a reference's name.
    """
    return RawGds(**_call(_kernels.parse_gds, data, name_property))


def parse_sdf(data: Data) -> RawSdf:
    """Read SDF (IEEE 1497): absolute delays of wires and paths, and timing checks."""
    return RawSdf(**_call(_kernels.parse_sdf, data))


def _call(parser: Any, data: Data, *rest: Any) -> dict[str, Any]:
    try:
        found: dict[str, Any] = parser(_bytes(data), *rest)
    except _kernels.ReadError as error:
        raise _error(error) from None
    return found
