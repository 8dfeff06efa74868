"""Back-annotated delays: wires, cells' arcs and timing checks, as columns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


class CheckKind(IntEnum):
    """Timing checks."""

    SETUP = 0
    HOLD = 1
    RECOVERY = 2
    REMOVAL = 3
    WIDTH = 4
    PERIOD = 5


class Edge(IntEnum):
    """An edge at a pin; ANY where none is named."""

    ANY = 0
    RISE = 1
    FALL = 2


@dataclass(frozen=True, eq=False)
class Delays:
    """Delays of W wires, K arcs and H checks of I instances, in ns.

    The last axis of every value is minimum, typical, maximum; NaN where a value is not given. Names are the netlist's,
    without escape characters.

    Attributes:
        design: name of the module.
        wire_from, wire_to: tuple[W], `INST/PIN` or a port; from the driver to a load.
        wire_delay: f64[W, 2, 3], rise and fall.
        instance_names: tuple[I], '*' for all instances of a cell, '' for the design itself.
        instance_cell: tuple[I].
        arc_instance: i32[K].
        arc_from, arc_to: tuple[K], pins.
        arc_edge: i8[K], the edge at `arc_from`, see `Edge`.
        arc_condition: tuple[K], as written, 'else' for what holds otherwise; None for none.
        arc_delay: f64[K, 6, 3], of the output's changes 01, 10, 0Z, Z1, 1Z, Z0.
        check_instance: i32[H].
        check_kind: i8[H], see `CheckKind`.
        check_pin: tuple[H], the constrained pin.
        check_edge: i8[H], its edge.
        check_related: tuple[H], the clock; None for a width or a period.
        check_related_edge: i8[H].
        check_condition: tuple[H], on the constrained pin, as written; None for none.
        check_limit: f64[H, 3].
        findings: what a reader left out, in words.
    """

    design: str
    wire_from: tuple[str, ...]
    wire_to: tuple[str, ...]
    wire_delay: NDArray[np.float64]
    instance_names: tuple[str, ...]
    instance_cell: tuple[str, ...]
    arc_instance: NDArray[np.int32]
    arc_from: tuple[str, ...]
    arc_to: tuple[str, ...]
    arc_edge: NDArray[np.int8]
    arc_condition: tuple[str | None, ...]
    arc_delay: NDArray[np.float64]
    check_instance: NDArray[np.int32]
    check_kind: NDArray[np.int8]
    check_pin: tuple[str, ...]
    check_edge: NDArray[np.int8]
    check_related: tuple[str | None, ...]
    check_related_edge: NDArray[np.int8]
    check_condition: tuple[str | None, ...]
    check_limit: NDArray[np.float64]
    findings: tuple[str, ...] = ()

    @cached_property
    def _wire_index(self) -> dict[tuple[str, str], int]:
        return {key: at for at, key in enumerate(zip(self.wire_from, self.wire_to, strict=True))}

    def find_wire(self, driver: str, load: str) -> int:
        """Row of the wire between two pins, -1 where there is none; the last one where there are several."""
        return self._wire_index.get((driver, load), -1)
