"""From a Liberty file to a `TimingLibrary`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hwdesign.errors import FormatError, UnsupportedError
from hwdesign.formats.liberty.arcs import ArcReader
from hwdesign.formats.liberty.pins import Pin, Pins, capacitances, limit, read_pins
from hwdesign.formats.liberty.tables import TablePool
from hwdesign.formats.liberty.tree import Group, Tree
from hwdesign.formats.liberty.units import Units, read_units
from hwdesign.netlist.timing_library import PinDirection, Storage, TimingLibrary, WireLoad

_DEFAULT_CAP = {
    PinDirection.INPUT: "default_input_pin_cap",
    PinDirection.OUTPUT: "default_output_pin_cap",
    PinDirection.INOUT: "default_inout_pin_cap",
}
_STORAGE = ("ff", "ff_bank", "latch", "latch_bank", "statetable")
_NAME = re.compile(r"[A-Za-z_]\w*(?!\w*\[)")


def read_liberty(path: str | Path) -> TimingLibrary:
    """Read a Liberty library (`.lib`, `.lib.gz`) with table look-up delays.

    Read over, and counted in `TimingLibrary.ignored` where they refine delays: current sources, variation tables
    and scaling factors (`k_...`). Power, noise and test groups are left out.

    Raises:
        FileError: the file cannot be read.
        FormatError: its text is not Liberty, or makes no sense, with file and line.
        UnsupportedError: another delay model than `table_lookup`, or tables over other variables than slews and load.
        LimitError: it is larger than the bounds for untrusted files.
    """
    tree = Tree()
    tree.read(Path(path))
    return _library(tree, str(path))


def read_liberty_text(text: bytes | str, *, file: str = "") -> TimingLibrary:
    """The same of a text in memory, which cannot include files."""
    tree = Tree()
    tree.add(text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text, file, None)
    return _library(tree, file)


def _library(tree: Tree, file: str) -> TimingLibrary:
    libraries = [group for group in tree.groups if group.name == "library"]
    if len(libraries) != 1 or len(tree.groups) != 1:
        what = "holds no library group" if not libraries else "holds more than one library group"
        raise FormatError(f"the file {what}", file=file or None, mend="check that it is one Liberty library")
    library = libraries[0]
    model = library.text("delay_model") or "table_lookup"
    if model != "table_lookup":
        raise UnsupportedError(
            f"delay model '{model}' is not supported",
            file=library.attributes["delay_model"].file or None,
            line=library.attributes["delay_model"].line,
            mend="use a library whose delay_model is table_lookup",
        )
    units = read_units(library)
    types = {group.label(): group for group in library.groups if group.name == "type"}
    defaults = _Defaults(
        {direction: library.number(name) or 0.0 for direction, name in _DEFAULT_CAP.items()},
        library.number("default_max_transition"),
        library.number("default_max_capacitance"),
    )
    cells = [group for group in library.groups if group.name == "cell"]
    pins, arcs = _Pins(defaults), ArcReader(TablePool(tree, library))
    names: dict[str, Group] = {}
    pin_ptr, arc_ptr = [0], [0]
    for cell in cells:
        name = cell.label()
        if name in names:
            raise cell.error(f"the library has two cells named '{name}'", "rename one of them")
        names[name] = cell
        own = read_pins(cell, types)
        arcs.read(own, pin_ptr[-1])
        pins.add(own)
        pin_ptr.append(len(pins.names))
        arc_ptr.append(len(arcs.columns.kind))
    tables = arcs.tables.columns(units)
    factors = [name for name in library.attributes if name.startswith("k_")]
    if factors:
        tree.ignored["k_... scaling factors"] += len(factors)
    if arcs.skipped:
        tree.ignored["arcs from supply pins"] += arcs.skipped
    columns = arcs.columns
    return TimingLibrary(
        name=library.label(),
        cell_names=tuple(names),
        cell_area=np.array([cell.number("area") or 0.0 for cell in cells], np.float64),
        pin_ptr=np.array(pin_ptr, np.int64),
        pin_names=tuple(pins.names),
        pin_direction=np.array(pins.direction, np.int8),
        pin_cap=np.array(pins.cap, np.float64).reshape(-1, 2) * units.capacitance,
        pin_max_cap=np.array(pins.max_cap, np.float64) * units.capacitance,
        pin_max_slew=np.array(pins.max_slew, np.float64) * units.time,
        pin_is_clock=np.array(pins.is_clock, bool),
        pin_function=tuple(pins.function),
        pin_three_state=tuple(pins.three_state),
        arc_ptr=np.array(arc_ptr, np.int64),
        arc_from=np.array(columns.source, np.int32),
        arc_to=np.array(columns.target, np.int32),
        arc_kind=np.array(columns.kind, np.int8),
        arc_sense=np.array(columns.sense, np.int8),
        arc_when=tuple(columns.when),
        arc_sdf_cond=tuple(columns.sdf_cond),
        arc_table=np.array(columns.table, np.int32).reshape(-1, 4),
        table_rows=tables.rows,
        table_cols=tables.cols,
        table_values=tables.values,
        table_shape=tables.shape,
        table_axes=tables.axes,
        input_threshold=_percent(library, "input_threshold_pct", 50.0),
        output_threshold=_percent(library, "output_threshold_pct", 50.0),
        slew_lower=_percent(library, "slew_lower_threshold_pct", 20.0),
        slew_upper=_percent(library, "slew_upper_threshold_pct", 80.0),
        slew_derate=_derate(library),
        default_max_slew=math.nan if defaults.max_slew is None else defaults.max_slew * units.time,
        nominal=_nominal(library, units),
        wire_loads=_wire_loads(library, units),
        default_wire_load=library.text("default_wire_load") or "",
        cell_storage=tuple(_storage(cell) for cell in cells),
        cell_supplies=tuple(pins.supplies),
        units=(units.time, units.capacitance, units.resistance),
        file=file,
        ignored=dict(sorted(tree.ignored.items())),
    )


@dataclass(frozen=True, slots=True)
class _Defaults:
    cap: dict[PinDirection, float]
    max_slew: float | None
    max_cap: float | None


@dataclass
class _Pins:
    """The pin columns as they grow, in the file's units."""

    defaults: _Defaults
    names: list[str] = field(default_factory=list)
    direction: list[int] = field(default_factory=list)
    cap: list[tuple[float, float]] = field(default_factory=list)
    max_cap: list[float] = field(default_factory=list)
    max_slew: list[float] = field(default_factory=list)
    is_clock: list[bool] = field(default_factory=list)
    function: list[str | None] = field(default_factory=list)
    three_state: list[str | None] = field(default_factory=list)
    supplies: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, cell: Pins) -> None:
        defaults = self.defaults
        for pin in cell.pins:
            direction = cell.direction(pin)
            drives = direction in (PinDirection.OUTPUT, PinDirection.INOUT)
            self.names.append(pin.name)
            self.direction.append(direction)
            self.cap.append(capacitances(pin, defaults.cap.get(direction, 0.0)))
            self.max_cap.append(limit(pin, "max_capacitance", defaults.max_cap if drives else None))
            self.max_slew.append(limit(pin, "max_transition", defaults.max_slew))
            self.is_clock.append((pin.text("clock") or "").strip().lower() == "true")
            self.function.append(_of_bit(cell, pin, "function"))
            self.three_state.append(_of_bit(cell, pin, "three_state"))
        self.supplies.append(tuple(cell.supplies))


def _of_bit(cell: Pins, pin: Pin, name: str) -> str | None:
    """A pin's expression; in a bus' expression the names of buses of its width become those of its bits."""
    text = pin.text(name)
    if text is None or not pin.bus or not cell.buses:
        return text
    width = len(cell.buses[pin.bus])

    def bit(match: re.Match[str]) -> str:
        bits = cell.buses.get(match[0], [])
        return cell.pins[bits[pin.place]].name if len(bits) == width else match[0]

    return _NAME.sub(bit, text)


def _percent(library: Group, name: str, usual: float) -> tuple[float, float]:
    result = []
    for edge in ("rise", "fall"):
        value = library.number(f"{name}_{edge}")
        value = usual if value is None else value
        if not 0 <= value <= 100:
            raise library.attributes[f"{name}_{edge}"].error(f"{name}_{edge} is {value:g} %", "write 0 to 100")
        result.append(value / 100)
    return result[0], result[1]


def _derate(library: Group) -> float:
    value = library.number("slew_derate_from_library")
    if value is not None and not 0 < value <= 1:
        raise library.attributes["slew_derate_from_library"].error(
            f"slew_derate_from_library is {value:g}", "write a factor above 0, at most 1"
        )
    return 1.0 if value is None else value


def _nominal(library: Group, units: Units) -> tuple[float, float, float]:
    process, temperature, voltage = (library.number(f"nom_{name}") for name in ("process", "temperature", "voltage"))
    return (
        math.nan if process is None else process,
        math.nan if temperature is None else temperature,
        math.nan if voltage is None else voltage * units.voltage,
    )


def _wire_loads(library: Group, units: Units) -> dict[str, WireLoad]:
    loads = {}
    for group in library.groups:
        if group.name != "wire_load":
            continue
        rows = sorted((row.number(0), row.number(1)) for row in group.lists if row.name == "fanout_length")
        loads[group.label()] = WireLoad(
            name=group.label(),
            resistance=(group.number("resistance") or 0.0) * units.resistance,
            capacitance=(group.number("capacitance") or 0.0) * units.capacitance,
            slope=group.number("slope") or 0.0,
            fanout=np.array([row[0] for row in rows], np.float64),
            length=np.array([row[1] for row in rows], np.float64),
        )
    return loads


def _storage(cell: Group) -> Storage | None:
    group = next((one for one in cell.groups if one.name in _STORAGE), None)
    if group is None:
        return None
    kind = group.name.removesuffix("_bank")
    if kind == "statetable":  # ("inputs", "internal nodes")
        return Storage(kind, group.args[1] if len(group.args) > 1 else "")
    width = 1
    if group.name.endswith("_bank"):
        width = int(group.args[2]) if len(group.args) > 2 and group.args[2].isdecimal() else 0
        if not 0 < width <= 1 << 16:
            raise group.error(f"'{group.name}' has no width", "write it as the third name in its parentheses")
    edge = kind == "ff"
    return Storage(
        kind,
        group.args[0] if group.args else "",
        group.args[1] if len(group.args) > 1 else "",
        clocked_on=group.text("clocked_on" if edge else "enable") or "",
        next_state=group.text("next_state" if edge else "data_in") or "",
        clear=group.text("clear") or "",
        preset=group.text("preset") or "",
        width=width,
    )
