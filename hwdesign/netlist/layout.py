"""Cells' outlines and pins, routing layers, and where a design's cells and ports are placed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import NetlistError
from hwdesign.netlist.names import first_five as first_five


class Orient(IntEnum):
    """Orientation of a placed cell by DEF's names: turned anticlockwise by quarters, then the flipped ones."""

    N = 0
    W = 1
    S = 2
    E = 3
    FN = 4
    FW = 5
    FS = 6
    FE = 7


class PinDirection(IntEnum):
    """Direction of a pin; UNKNOWN where a file leaves it out."""

    UNKNOWN = -1
    INPUT = 0
    OUTPUT = 1
    INOUT = 2
    FEEDTHRU = 3


class PinUse(IntEnum):
    """What a pin serves."""

    SIGNAL = 0
    CLOCK = 1
    POWER = 2
    GROUND = 3
    ANALOG = 4
    RESET = 5
    SCAN = 6
    TIEOFF = 7


class PlacementStatus(IntEnum):
    """Whether a cell has its place, and whether a placer may move it."""

    UNPLACED = 0
    PLACED = 1
    FIXED = 2
    COVER = 3


@dataclass(frozen=True)
class Layer:
    """A layer of metal or of cuts; NaN where the file gives no value.

    Attributes:
        name: the layer.
        kind: 'routing', 'cut' or 'other'.
        direction: the preferred direction of routing, '' for none.
        width: of a wire, µm.
        pitch: between wires along x and y, µm.
        resistance: kΩ a square; kΩ a cut for a cut layer.
        capacitance: to ground, pF/µm².
        edge_capacitance: of either edge, pF/µm.
    """

    name: str
    kind: str
    direction: str
    width: float
    pitch: tuple[float, float]
    resistance: float
    capacitance: float
    edge_capacitance: float


@dataclass(frozen=True, eq=False)
class MacroLibrary:
    """Outlines of C macros with P pins of S shapes, in µm; a macro's lower left corner is at 0, 0.

    Attributes:
        layers: of the technology, from the lowest up.
        macro_names: tuple[C].
        macro_class: tuple[C], such as `CORE` or `BLOCK`, '' where not given.
        macro_size: f64[C, 2], width and height.
        macro_origin: f64[C, 2], where a macro's own origin lies in that outline.
        pin_ptr: i64[C+1], macro c has the pins `pin_ptr[c]` to `pin_ptr[c + 1]`.
        pin_names: tuple[P].
        pin_direction, pin_use: i8[P], see `PinDirection` and `PinUse`.
        shape_ptr: i64[P+1], pin p has the shapes `shape_ptr[p]` to `shape_ptr[p + 1]`.
        shape_layer: tuple[S], names.
        shape_rect: f64[S, 4], x0 y0 x1 y1; of a polygon or path its bounding box.
    """

    layers: tuple[Layer, ...]
    macro_names: tuple[str, ...]
    macro_class: tuple[str, ...]
    macro_size: NDArray[np.float64]
    macro_origin: NDArray[np.float64]
    pin_ptr: NDArray[np.int64]
    pin_names: tuple[str, ...]
    pin_direction: NDArray[np.int8]
    pin_use: NDArray[np.int8]
    shape_ptr: NDArray[np.int64]
    shape_layer: tuple[str, ...]
    shape_rect: NDArray[np.float64]

    @cached_property
    def _macro_index(self) -> dict[str, int]:
        return {name: at for at, name in enumerate(self.macro_names)}

    @cached_property
    def _pin_index(self) -> dict[tuple[int, str], int]:
        owner = np.repeat(np.arange(len(self.macro_names)), np.diff(self.pin_ptr)).tolist()
        return {key: at for at, key in enumerate(zip(owner, self.pin_names, strict=True))}

    def find_macro(self, name: str) -> int:
        """Index of a macro, -1 where none has this name."""
        return self._macro_index.get(name, -1)

    def macro(self, name: str) -> int:
        """Index of a macro.

        Raises:
            NetlistError: no macro has this name.
        """
        found = self.find_macro(name)
        if found < 0:
            raise NetlistError(f"no macro is named '{name}'", mend="give the LEF file that holds it")
        return found

    def find_pin(self, macro: int, name: str) -> int:
        """Index of a macro's pin among all pins, -1 where it has none of this name."""
        return self._pin_index.get((macro, name), -1)

    def pin(self, macro: int, name: str) -> int:
        """Index of a macro's pin among all pins.

        Raises:
            NetlistError: the macro has no pin of this name.
        """
        found = self.find_pin(macro, name)
        if found < 0:
            raise NetlistError(f"macro '{self.macro_names[macro]}' has no pin '{name}'", mend="check the LEF file")
        return found

    def layer(self, name: str) -> Layer:
        """A layer by name.

        Raises:
            NetlistError: no layer has this name.
        """
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise NetlistError(f"no layer is named '{name}'", mend="give the technology's LEF file")

    @cached_property
    def pin_box(self) -> NDArray[np.float64]:
        """Bounding box x0 y0 x1 y1 of each pin's shapes, f64[P, 4]; NaN for a pin without shapes."""
        return bounding_boxes(self.shape_ptr, self.shape_rect)


@dataclass(frozen=True, eq=False)
class Placement:
    """Where the I instances and O ports of a design lie, in µm; and what its N nets connect, where the source says so.

    Attributes:
        design: name of the module.
        die: x0 y0 x1 y1, None where not given.
        instance_names: tuple[I], without escape characters.
        macro_names: the macros that occur.
        instance_macro: i32[I], index into `macro_names`.
        x, y: f64[I], lower left corner of the turned outline; NaN where unplaced.
        orient: i8[I], see `Orient`.
        status: i8[I], see `PlacementStatus`.
        port_names: tuple[O].
        port_net: tuple[O], the net at each port.
        port_direction, port_use: i8[O], see `PinDirection` and `PinUse`.
        port_xy: f64[O, 2], centre of the bounding box of a port's shapes, or its location where it has none; NaN where
            unplaced.
        port_shape_ptr: i64[O+1], port o has the shapes `port_shape_ptr[o]` to `port_shape_ptr[o + 1]`.
        port_shape_layer: tuple, a layer a shape.
        port_shape_rect: f64[., 4], x0 y0 x1 y1 of each shape where it is placed.
        net_names: tuple[N].
        net_ptr: i64[N+1], net n has the pins `net_ptr[n]` to `net_ptr[n + 1]`.
        net_instance: i32, an instance a pin, -1 for a port.
        net_pin: i32, index into `pin_names`, or of a port.
        pin_names: pins that occur in nets.
        findings: what a reader left out or assumed, in words.
        file: where it was read from, '' where it was not.
    """

    design: str
    die: tuple[float, float, float, float] | None
    instance_names: tuple[str, ...]
    macro_names: tuple[str, ...]
    instance_macro: NDArray[np.int32]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    orient: NDArray[np.int8]
    status: NDArray[np.int8]
    port_names: tuple[str, ...]
    port_net: tuple[str, ...]
    port_direction: NDArray[np.int8]
    port_use: NDArray[np.int8]
    port_xy: NDArray[np.float64]
    port_shape_ptr: NDArray[np.int64]
    port_shape_layer: tuple[str, ...]
    port_shape_rect: NDArray[np.float64]
    net_names: tuple[str, ...]
    net_ptr: NDArray[np.int64]
    net_instance: NDArray[np.int32]
    net_pin: NDArray[np.int32]
    pin_names: tuple[str, ...]
    findings: tuple[str, ...] = ()
    file: str = ""

    @cached_property
    def _instance_index(self) -> dict[str, int]:
        return {name: at for at, name in enumerate(self.instance_names)}

    @cached_property
    def _port_index(self) -> dict[str, int]:
        return {name: at for at, name in enumerate(self.port_names)}

    def find_instance(self, name: str) -> int:
        """Index of an instance, -1 where none has this name."""
        return self._instance_index.get(name, -1)

    def find_port(self, name: str) -> int:
        """Index of a port, -1 where none has this name."""
        return self._port_index.get(name, -1)

    def unplaced(self) -> tuple[str, ...]:
        """Names of the instances and ports without a place."""
        instances = np.flatnonzero(np.isnan(self.x)).tolist()
        ports = np.flatnonzero(np.isnan(self.port_xy[:, 0])).tolist()
        return tuple([self.instance_names[at] for at in instances] + [self.port_names[at] for at in ports])

    def pin_xy(
        self, library: MacroLibrary, instance: NDArray[np.integer], pin: NDArray[np.integer]
    ) -> NDArray[np.float64]:
        """Centres of pins: of the bounding box of all shapes of the pin, placed.

        Args:
            library: the macros.
            instance: [K], indices of instances.
            pin: [K], indices of pins in the library, each of its instance's macro.

        Returns:
            f64[K, 2] in µm; NaN where the instance is unplaced or the pin has no shapes.
        """
        box = library.pin_box[pin]
        owner = np.repeat(np.arange(len(library.macro_names)), np.diff(library.pin_ptr))[pin]
        centre = 0.5 * (box[:, :2] + box[:, 2:])
        turned = turn(centre, library.macro_size[owner], self.orient[instance])
        placed: NDArray[np.float64] = turned + np.stack([self.x[instance], self.y[instance]], axis=1)
        return placed

    def locate(self, library: MacroLibrary, names: Sequence[str]) -> NDArray[np.float64]:
        """Positions of pins `INST/PIN` and of ports, f64[K, 2] in µm.

        Raises:
            NetlistError: names that the placement does not hold, macros or pins that the library does not hold, or
                unplaced instances and ports: how many, and the first five.
        """
        result = np.full((len(names), 2), np.nan)
        macros = [library.find_macro(name) for name in self.macro_names]
        rows, instances, pins = [], [], []
        strange, lacking = [], []
        owner = self.instance_macro.tolist()
        for row, name in enumerate(names):
            port = self._port_index.get(name, -1)
            if port >= 0:
                result[row] = self.port_xy[port]
                continue
            instance_name, _, pin_name = name.rpartition("/")
            instance = self._instance_index.get(instance_name, -1)
            if instance < 0:
                strange.append(name)
                continue
            macro = macros[owner[instance]]
            pin = library.find_pin(macro, pin_name)
            if pin < 0:
                lacking.append(f"{self.macro_names[owner[instance]]}/{pin_name}")
                continue
            rows.append(row)
            instances.append(instance)
            pins.append(pin)
        if strange:
            raise NetlistError(
                f"the placement holds no instance or port for {first_five(strange, 'pin')}",
                file=self.file or None,
                mend="give the placement of the same netlist",
            )
        if lacking:
            unknown = first_five(sorted(set(lacking)), "macro pin")
            raise NetlistError(f"the macro library lacks {unknown}", mend="give the LEF files of all cells")
        result[rows] = self.pin_xy(library, np.array(instances, np.int64), np.array(pins, np.int64))
        nowhere = np.flatnonzero(np.isnan(result[:, 0])).tolist()
        if nowhere:
            missing = list(dict.fromkeys(self._owner_name(names[at]) for at in nowhere))
            raise NetlistError(
                f"{first_five(missing, 'instance or port')} not placed",
                file=self.file or None,
                mend="place the design first",
            )
        return result

    def _owner_name(self, pin: str) -> str:
        return pin if pin in self._port_index else pin.rpartition("/")[0]


def bounding_boxes(ptr: NDArray[np.int64], rects: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bounding box x0 y0 x1 y1 of each run `ptr[i]` to `ptr[i + 1]` of rectangles; NaN for an empty run."""
    boxes = np.full((len(ptr) - 1, 4), np.nan)
    filled = np.flatnonzero(np.diff(ptr) > 0)
    if len(filled):
        begins = ptr[filled]
        boxes[filled, :2] = np.minimum.reduceat(rects[:, :2], begins)
        boxes[filled, 2:] = np.maximum.reduceat(rects[:, 2:], begins)
    return boxes


def turn(points: NDArray[np.float64], size: NDArray[np.float64], orient: NDArray[np.int8]) -> NDArray[np.float64]:
    """Points of outlines turned and moved so that the turned outline's lower left corner is at 0, 0.

    Args:
        points: f64[K, 2], from the lower left corner of the unturned outline.
        size: f64[K, 2], its width and height.
        orient: i8[K], see `Orient`.
    """
    x, y = points[:, 0], points[:, 1]
    back_x, back_y = size[:, 0] - x, size[:, 1] - y
    # LEF/DEF language reference 5.8, "Specifying orientation", in the order of `Orient`.
    turned_x = np.stack([x, back_y, back_x, y, back_x, y, x, back_y])
    turned_y = np.stack([y, x, back_y, back_x, y, x, back_y, back_x])
    rows = np.arange(len(points))
    return np.stack([turned_x[orient, rows], turned_y[orient, rows]], axis=1)
