"""Cell types of a timing library, so that netlists mapped to it are read with directions and functions."""

from __future__ import annotations

from hwdesign.errors import FormatError
from hwdesign.netlist.boolean import parse_function, variables
from hwdesign.netlist.timing_library import ArcKind, PinDirection, TimingLibrary
from hwdesign.netlist.types import CellType, Direction, Kind, Library, Role, Sequential

_DIRECTIONS = {
    PinDirection.INPUT: Direction.IN,
    PinDirection.OUTPUT: Direction.OUT,
    PinDirection.INOUT: Direction.INOUT,
}
_CLOCKED = frozenset(kind for kind in ArcKind if kind.name.startswith(("RISING", "FALLING", "SETUP", "HOLD")))


def cell_library(*libraries: TimingLibrary) -> Library:
    """Cell types of one or several timing libraries; of equal names the first counts.

    Signal pins keep the library's order; internal pins are left out. A cell that stores, or whose arcs are clocked, is
    SEQ, every other COMB. `Sequential` is set where one pin is sampled by the rising edge, or let through by the high
    level, of another; asynchronous controls are further inputs. A three-state output has no function, since at times
    it drives nothing. Supply pins are no roles: netlists that connect them are read without.
    """
    types: dict[str, CellType] = {}
    for timing in libraries:
        for cell, name in enumerate(timing.cell_names):
            if name not in types:
                types[name] = timing_cell_type(timing, cell)
    return Library(types.values())


def timing_cell_type(timing: TimingLibrary, cell: int) -> CellType:
    """Cell type of the cell in row `cell`; see `cell_library`."""
    pins = range(int(timing.pin_ptr[cell]), int(timing.pin_ptr[cell + 1]))
    directions = {pin: _DIRECTIONS.get(PinDirection(int(timing.pin_direction[pin]))) for pin in pins}
    inputs = {timing.pin_names[pin] for pin, side in directions.items() if side is Direction.IN}
    storage = timing.cell_storage[cell]
    kinds = set(timing.arc_kind[int(timing.arc_ptr[cell]) : int(timing.arc_ptr[cell + 1])].tolist())
    stores = storage is not None or bool(kinds & _CLOCKED)
    how = _sequential(timing, cell, inputs)
    roles = []
    for pin, direction in directions.items():
        if direction is None:
            continue
        name, function = timing.pin_names[pin], timing.pin_function[pin] or ""
        if direction is not Direction.OUT or timing.pin_three_state[pin] is not None:
            function = ""
        elif storage is not None:
            function = f"!{how.output}" if how and function.strip("() ") == storage.state_inverted else ""
        elif not _uses_only(function, inputs):
            function = ""
        roles.append(Role(name, direction, function))
    kind = Kind.SEQ if stores else Kind.COMB
    return CellType(timing.cell_names[cell], kind, tuple(roles), how, supplies=timing.cell_supplies[cell])


def _uses_only(function: str, inputs: set[str]) -> bool:
    """Whether an expression can be read and speaks of these pins only, not of supplies or internal pins."""
    try:
        return bool(function) and set(variables(parse_function(function))) <= inputs
    except FormatError:
        return False


def _sequential(timing: TimingLibrary, cell: int, inputs: set[str]) -> Sequential | None:
    storage = timing.cell_storage[cell]
    if storage is None or storage.kind not in ("ff", "latch") or storage.width != 1:
        return None
    data, clock = storage.next_state.strip("() "), storage.clocked_on.strip("() ")
    shown = [
        timing.pin_names[pin]
        for pin in range(int(timing.pin_ptr[cell]), int(timing.pin_ptr[cell + 1]))
        if (timing.pin_function[pin] or "").strip("() ") == storage.state and timing.pin_three_state[pin] is None
    ]
    if data not in inputs or clock not in inputs or not shown:
        return None
    return Sequential("dff" if storage.kind == "ff" else "latch", data, clock, shown[0])
