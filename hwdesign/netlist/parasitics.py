"""Extracted or predicted wire parasitics: each net's resistors and capacitors between its pins, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import NetlistError
from hwdesign.netlist.names import first_five


class NodeKind(IntEnum):
    """What a node of a net's RC network is."""

    INTERNAL = 0
    INSTANCE_PIN = 1
    PORT = 2


def _sums(owner: NDArray[np.int32], values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    sums: NDArray[np.float64] = np.bincount(owner, values, count).astype(np.float64)
    return sums


@dataclass(frozen=True, eq=False)
class Parasitics:
    """RC networks of N nets with M nodes, R resistors and Q coupling capacitors.

    Capacitance in pF, resistance in kΩ, so that their products are ns. Names are the netlist's, without escape
    characters.

    Attributes:
        net_names: tuple[N].
        node_ptr: i64[N+1], net n has the nodes `node_ptr[n]` to `node_ptr[n + 1]`.
        node_names: tuple[M]; an instance's pin is `INST/PIN`, a port its name, any other node `NET:3`.
        node_kind: i8[M], see `NodeKind`.
        node_cap: f64[M], the capacitance to ground with each coupling capacitor at the node added
            `coupling_factor` times.
        resistor_ptr: i64[N+1], net n has the resistors `resistor_ptr[n]` to `resistor_ptr[n + 1]`.
        resistor_a, resistor_b: i32[R], the nodes that a resistor joins, counted over all nets.
        resistor: f64[R].
        coupling_a, coupling_b: i32[Q], the nodes that a coupling capacitor joins; each capacitor once.
        coupling: f64[Q], their capacitance, already in `node_cap`.
        coupling_factor: the share of a coupling capacitor that `node_cap` holds, at each of its ends.
        design: name of the module, '' where unknown.
        net_is_bus_bit: bool[N], whether `[3]` at a name's end is the index of a bus rather than part of an escaped
            name; None where unknown.
        node_direction: i8[M], at pins and ports 0 input, 1 output, 2 inout, -1 at other nodes; None where unknown.
        node_position: f64[M, 2], x and y in µm, NaN where unknown; None where no node has one.
        findings: what a reader left out or assumed, in words.
        file: where they were read from, '' where they were not.
    """

    net_names: tuple[str, ...]
    node_ptr: NDArray[np.int64]
    node_names: tuple[str, ...]
    node_kind: NDArray[np.int8]
    node_cap: NDArray[np.float64]
    resistor_ptr: NDArray[np.int64]
    resistor_a: NDArray[np.int32]
    resistor_b: NDArray[np.int32]
    resistor: NDArray[np.float64]
    coupling_a: NDArray[np.int32]
    coupling_b: NDArray[np.int32]
    coupling: NDArray[np.float64]
    coupling_factor: float = 1.0
    design: str = ""
    net_is_bus_bit: NDArray[np.bool_] | None = None
    node_direction: NDArray[np.int8] | None = None
    node_position: NDArray[np.float64] | None = None
    findings: tuple[str, ...] = ()
    file: str = ""

    @cached_property
    def _net_index(self) -> dict[str, int]:
        return {name: at for at, name in enumerate(self.net_names)}

    @cached_property
    def _pin_index(self) -> dict[str, int]:
        names = self.node_names
        return {names[at]: at for at in np.flatnonzero(self.node_kind != NodeKind.INTERNAL).tolist()}

    def net(self, name: str) -> int:
        """Index of a net.

        Raises:
            NetlistError: no net has this name.
        """
        found = self._net_index.get(name)
        if found is None:
            raise NetlistError(
                f"the parasitics hold no net '{name}'", file=self.file or None, mend="read those of the same netlist"
            )
        return found

    def find_net(self, name: str) -> int:
        """Index of a net, -1 where no net has this name."""
        return self._net_index.get(name, -1)

    def find_pin(self, name: str) -> int:
        """Node of a pin `INST/PIN` or of a port, -1 where no net reaches it."""
        return self._pin_index.get(name, -1)

    def match_pins(self, names: Sequence[str]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
        """Nodes of a netlist's pins, and what does not match, in words.

        Args:
            names: [K], `INST/PIN` and ports of the netlist; only those that a wire reaches.

        Returns:
            i64[K], -1 where no net of the parasitics reaches the pin; and sentences that count the pins that either
            side lacks and name the first five, none where all match.

        Raises:
            NetlistError: there are pins on both sides and none matches.
        """
        index = self._pin_index
        rows = np.array([index.get(name, -1) for name in names], np.int64)
        wanted = set(names)
        lacking = [names[at] for at in np.flatnonzero(rows < 0).tolist()]
        strange = [name for name in index if name not in wanted]
        if names and index and len(lacking) == len(names):
            raise NetlistError(
                f"no pin of the parasitics is in the netlist: {first_five(strange, 'pin')} against "
                f"{first_five(lacking, 'pin')}",
                file=self.file or None,
                mend="read the parasitics of the same netlist",
            )
        findings = []
        of = f"parasitics in {self.file}" if self.file else "parasitics"
        if lacking:
            findings.append(f"the {of} do not reach {first_five(lacking, 'pin')} of the netlist")
        if strange:
            findings.append(f"the netlist does not hold {first_five(strange, 'pin')} of the {of}")
        return rows, tuple(findings)

    @cached_property
    def node_net(self) -> NDArray[np.int32]:
        """Net of each node, i32[M]."""
        return np.repeat(np.arange(len(self.net_names), dtype=np.int32), np.diff(self.node_ptr))

    @cached_property
    def resistor_net(self) -> NDArray[np.int32]:
        """Net of each resistor, i32[R]."""
        return np.repeat(np.arange(len(self.net_names), dtype=np.int32), np.diff(self.resistor_ptr))

    def net_cap(self) -> NDArray[np.float64]:
        """Wire capacitance of each net in pF, f64[N]: the sum over its nodes, pins' own capacitance left out."""
        return _sums(self.node_net, self.node_cap, len(self.net_names))

    def net_resistance(self) -> NDArray[np.float64]:
        """Sum of each net's resistors in kΩ, f64[N]."""
        return _sums(self.resistor_net, self.resistor, len(self.net_names))

    def ground_cap(self) -> NDArray[np.float64]:
        """Capacitance of each node to ground alone in pF, f64[M]: `node_cap` without the coupling capacitors."""
        count = len(self.node_names)
        shared = self.coupling_factor * (
            _sums(self.coupling_a, self.coupling, count) + _sums(self.coupling_b, self.coupling, count)
        )
        ground = self.node_cap - shared
        # What the subtraction leaves of equal numbers is rounding, not capacitance.
        return np.where(np.abs(ground) <= 1e-12 * shared, 0.0, ground)

    def check(self) -> None:
        """Refuse columns that do not fit together and values that no wire has.

        Raises:
            NetlistError: a column's length is wrong, a resistor leaves its net, or a value is negative, infinite or
                not a number; names the net.
        """
        nets, nodes = len(self.net_names), len(self.node_names)
        for column, length in (
            ("node_ptr", nets + 1), ("resistor_ptr", nets + 1), ("node_kind", nodes), ("node_cap", nodes),
            ("resistor_a", len(self.resistor)), ("resistor_b", len(self.resistor)),
            ("coupling_a", len(self.coupling)), ("coupling_b", len(self.coupling)),
        ):  # fmt: skip
            if len(getattr(self, column)) != length:
                raise NetlistError(f"the parasitics' column '{column}' has {len(getattr(self, column))} rows")
        for column, rows in (("node_ptr", nodes), ("resistor_ptr", len(self.resistor))):
            ptr = getattr(self, column)
            if ptr[0] != 0 or ptr[-1] != rows or (np.diff(ptr) < 0).any():
                raise NetlistError(f"the parasitics' column '{column}' is not a rising row of offsets")
        for column in ("resistor_a", "resistor_b", "coupling_a", "coupling_b"):
            ids = getattr(self, column)
            if len(ids) and (int(ids.min()) < 0 or int(ids.max()) >= nodes):
                raise NetlistError(f"the parasitics' column '{column}' points at a node that does not exist")
        outside = (self.node_net[self.resistor_a] != self.resistor_net) | (
            self.node_net[self.resistor_b] != self.resistor_net
        )
        if outside.any():
            name = self.net_names[int(self.resistor_net[int(np.argmax(outside))])]
            raise NetlistError(f"a resistor of net '{name}' joins a node of another net")
        for values, owner, what in (
            (self.node_cap, self.node_net, "capacitance"),
            (self.resistor, self.resistor_net, "resistance"),
            (self.coupling, self.node_net[self.coupling_a], "coupling capacitance"),
        ):
            wrong = ~(np.isfinite(values) & (values >= 0))
            if wrong.any():
                at = int(np.argmax(wrong))
                raise NetlistError(
                    f"net '{self.net_names[int(owner[at])]}' has a {what} of {float(values[at])!r}",
                    mend="parasitics are finite and not negative",
                )
