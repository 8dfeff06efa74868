"""GDSII as a source of placement: cell references that carry their instance's name in a property."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import FormatError, NetlistError
from hwdesign.files import read_input
from hwdesign.formats.registry import located
from hwdesign.kernels.physical import RawGds, parse_gds
from hwdesign.netlist.layout import MacroLibrary, Orient, Placement, PlacementStatus
from hwdesign.netlist.names import NamePool, first_five

NAME_PROPERTY = 61
"""The property that holds an instance's name in the streams of OpenLane."""

_UPRIGHT = np.array([Orient.N, Orient.W, Orient.S, Orient.E], np.int8)
_REFLECTED = np.array([Orient.FS, Orient.FW, Orient.FN, Orient.FE], np.int8)


def read_gds(
    path: str | Path,
    library: MacroLibrary,
    *,
    block: MacroLibrary | None = None,
    top: str | None = None,
    name_property: int = NAME_PROPERTY,
) -> Placement:
    """Read the placement of `.gds` or `.gds.gz`.

    References without a name (vias, mostly), arrays, and cells that the library lacks (fillers) are skipped; findings
    count the latter two. The stream does not tell where ports are: they come from the LEF of the block itself.

    Args:
        path: file.
        library: the cells' outlines, which turn a reference's origin into a corner.
        block: the LEF that describes the design as one macro of the top structure's name; for the die and the ports,
            which lie at the first shape of their pins. Without it there are none.
        top: the structure to read; by default the one with names that no other refers to.
        name_property: number of the property that holds a reference's name.

    Raises:
        FileError, LimitError: the file cannot be read, or is too large.
        FormatError: the data are no GDSII stream, no reference has a name, or a reference is scaled or turned by other
            than quarters.
        NetlistError: there is no such structure, several are candidates, the library lacks all placed cells, or the
            block's LEF does not hold the design, or a pin's shape.
    """
    with located(path):
        raw = parse_gds(read_input(path), name_property=name_property)
        names = [*NamePool(*raw.names).decode(), ""]  # -1 is none
        structure = _top(raw, names, top)
        rows = np.flatnonzero((raw.owner == structure) & (raw.instance >= 0))
        found = _placement(raw, names, rows, names[int(raw.structure[structure])], library, block)
        return replace(found, file=str(path))


def _top(raw: RawGds, names: list[str], top: str | None) -> int:
    """Row of the structure to read."""
    structures = [names[at] for at in raw.structure.tolist()]
    if top is not None:
        if top not in structures:
            raise NetlistError(
                f"no structure is named '{top}'", mend=f"there are {first_five(structures, 'structure')}"
            )
        return structures.index(top)
    named = set(raw.owner[raw.instance >= 0].tolist())
    if not named:
        raise FormatError(
            "no cell reference carries an instance's name", mend="write the stream with instance names in a property"
        )
    used = set(raw.cell.tolist()) | set(raw.array_cell.tolist())
    found = [row for row, name in enumerate(raw.structure.tolist()) if row in named and name not in used]
    if len(found) != 1:
        shown = first_five([structures[row] for row in found], "structure")
        raise NetlistError(f"the stream has {shown} at its top with named references", mend="name the one to read")
    return found[0]


def _placement(
    raw: RawGds,
    names: list[str],
    rows: NDArray[np.intp],
    design: str,
    library: MacroLibrary,
    block: MacroLibrary | None,
) -> Placement:
    findings = []
    if len(raw.array_cell):
        findings.append(f"{len(raw.array_cell)} arrays of references are left out")
    kept = np.array([library.find_macro(names[at]) >= 0 for at in raw.cell[rows].tolist()], np.bool_)
    if not kept.all():
        unknown = sorted({names[at] for at in raw.cell[rows[~kept]].tolist()})
        lacking = f"{first_five(unknown, 'cell')} that the macro library lacks"
        if not kept.any():
            raise NetlistError(f"all instances are of {lacking}", mend="give the LEF files of the cells")
        findings.append(f"{int((~kept).sum())} instances of {lacking} are left out")
        rows = rows[kept]
    instances = [names[at] for at in raw.instance[rows].tolist()]
    if len(set(instances)) != len(instances):
        twice = next(name for name, count in Counter(instances).items() if count > 1)
        raise FormatError(f"instance '{twice}' is placed twice", mend="check how the stream was made")
    cells, cell_of = np.unique(raw.cell[rows], return_inverse=True)
    macro_names = [names[at] for at in cells.tolist()]
    macros = np.array([library.macro(name) for name in macro_names], np.int64)
    quarters = np.rint(raw.angle[rows] / 90).astype(np.int64)
    odd = (np.abs(raw.angle[rows] - 90 * quarters) > 1e-6) | (np.abs(raw.magnification[rows] - 1) > 1e-9)
    if odd.any():
        raise FormatError(f"instance '{instances[int(np.argmax(odd))]}' is scaled, or turned by other than quarters")
    reflected = raw.reflected[rows].astype(np.bool_)
    orient = np.where(reflected, _REFLECTED[quarters % 4], _UPRIGHT[quarters % 4])
    low = -library.macro_origin[macros][cell_of]
    corner = _corner(low, low + library.macro_size[macros][cell_of], quarters % 4, reflected)
    ports = _ports(block, design)
    none = np.zeros(0, np.int32)
    return Placement(
        design=design,
        die=ports.die,
        instance_names=tuple(instances),
        macro_names=tuple(macro_names),
        instance_macro=cell_of.astype(np.int32),
        x=raw.micron * raw.x[rows] + corner[:, 0],
        y=raw.micron * raw.y[rows] + corner[:, 1],
        orient=orient.astype(np.int8),
        status=np.full(len(rows), PlacementStatus.PLACED, np.int8),
        port_names=ports.names,
        port_net=ports.names,
        port_direction=ports.direction,
        port_use=ports.use,
        port_xy=0.5 * (ports.rect[:, :2] + ports.rect[:, 2:]),
        port_shape_ptr=np.arange(len(ports.names) + 1, dtype=np.int64),
        port_shape_layer=ports.layer,
        port_shape_rect=ports.rect,
        net_names=(),
        net_ptr=np.zeros(1, np.int64),
        net_instance=none,
        net_pin=none,
        pin_names=(),
        findings=tuple(findings),
    )


class _Ports(NamedTuple):
    die: tuple[float, float, float, float] | None
    names: tuple[str, ...]
    direction: NDArray[np.int8]
    use: NDArray[np.int8]
    layer: tuple[str, ...]
    rect: NDArray[np.float64]


def _ports(block: MacroLibrary | None, design: str) -> _Ports:
    """The ports of a design that is a macro of `block`, each at the first shape of its pin."""
    if block is None:
        none = np.zeros(0, np.int8)
        return _Ports(None, (), none, none, (), np.zeros((0, 4)))
    macro = block.find_macro(design)
    if macro < 0:
        raise NetlistError(f"the block's LEF has no macro '{design}'", mend="give the LEF of this design")
    pins = np.arange(block.pin_ptr[macro], block.pin_ptr[macro + 1])
    first = block.shape_ptr[pins]
    names = tuple(block.pin_names[at] for at in pins.tolist())
    bare = [name for name, has in zip(names, first < block.shape_ptr[pins + 1], strict=True) if not has]
    if bare:
        raise NetlistError(f"the block's LEF has {first_five(bare, 'pin')} without a shape")
    width, height = block.macro_size[macro].tolist()
    layer = tuple(block.shape_layer[at] for at in first.tolist())
    die = (0.0, 0.0, width, height)
    return _Ports(die, names, block.pin_direction[pins], block.pin_use[pins], layer, block.shape_rect[first])


def _corner(
    low: NDArray[np.float64], high: NDArray[np.float64], quarters: NDArray[np.int64], reflected: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Lower left corners of boxes that are reflected about the x axis and then turned by quarters, f64[K, 2]."""
    y0, y1 = np.where(reflected, -high[:, 1], low[:, 1]), np.where(reflected, -low[:, 1], high[:, 1])
    x0, x1 = low[:, 0], high[:, 0]
    rows = np.arange(len(low))
    left = np.stack([x0, -y1, -x1, y0])[quarters, rows]
    bottom = np.stack([y0, x0, -y1, -x1])[quarters, rows]
    return np.stack([left, bottom], axis=1)
