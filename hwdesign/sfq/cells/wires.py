"""Cells that pass pulses on: transmission line, splitter, merger."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import ClassVar

from hwdesign.sfq.cell import Cell, Port, bias_parameter, ic_parameter, inp, out, parameter
from hwdesign.sfq.draft import Draft


@dataclass(frozen=True)
class JTL(Cell):
    """Josephson transmission line: junctions to ground, joined by inductors with L·Ic = Φ0/2.

    Topology: Likharev and Semenov (1991). Values ours: L·Ic = Φ0/2 between junctions and half of it at the
    ports, so that any two cells that follow the rule make a line where they meet; bias 0.7·Ic.
    """

    stages: int = parameter(2, "junctions in the line", 1, 4096)
    ic_ua: float = ic_parameter()
    bias: float = bias_parameter()
    kind: ClassVar[str] = "jtl"
    ports: ClassVar[tuple[Port, ...]] = (inp("a"), out())

    @property
    def delay_ps(self) -> float:
        """See `Cell`."""
        return 2.65 * (self.stages + 1)

    def draw(self, d: Draft) -> None:
        """See the class."""
        length = self.phi_ph_ua / (2 * self.ic_ua)
        before = "a"
        for stage in range(1, self.stages + 1):
            d.inductor(f"L{stage}", before, f"n{stage}", length if stage > 1 else length / 2)
            d.junction(str(stage), f"n{stage}", ic_ua=self.ic_ua)
            d.bias(f"IB{stage}", f"n{stage}", self.bias * self.ic_ua)
            before = f"n{stage}"
        d.inductor(f"L{self.stages + 1}", before, "q", length / 2)

    def react(self, state: Hashable, port: str, time_ps: float) -> tuple[Hashable, Iterable[str]]:
        """Every pulse passes."""
        return state, ("q",)


@dataclass(frozen=True)
class Splitter(Cell):
    """Pulse splitter: one junction drives two.

    Topology: Likharev and Semenov (1991). Values ours: the input junction and its bias are `input_scale` of
    the unit, so that its pulse can switch both branches.
    """

    ic_ua: float = ic_parameter()
    bias: float = bias_parameter()
    input_scale: float = parameter(1.2, "critical current of the input junction over the unit's", 0.5, 3.0)
    kind: ClassVar[str] = "splitter"
    ports: ClassVar[tuple[Port, ...]] = (inp("a"), out("q0"), out("q1"))

    @property
    def delay_ps(self) -> float:
        """See `Cell`."""
        return 10.8

    def draw(self, d: Draft) -> None:
        """See the class."""
        quarter = self.phi_ph_ua / (4 * self.ic_ua)
        strong = self.input_scale * self.ic_ua
        d.inductor("L1", "a", "n1", quarter)
        d.junction("1", "n1", ic_ua=strong)
        d.bias("IB1", "n1", self.bias * strong)
        d.inductor("L2", "n1", "n2", quarter / self.input_scale)
        for at, port in ((2, "q0"), (3, "q1")):
            d.inductor(f"L{2 * at - 1}", "n2", f"n{at + 1}", quarter)
            d.junction(str(at), f"n{at + 1}", ic_ua=self.ic_ua)
            d.bias(f"IB{at}", f"n{at + 1}", self.bias * self.ic_ua)
            d.inductor(f"L{2 * at}", f"n{at + 1}", port, quarter)

    def react(self, state: Hashable, port: str, time_ps: float) -> tuple[Hashable, Iterable[str]]:
        """Every pulse goes both ways."""
        return state, ("q0", "q1")


@dataclass(frozen=True)
class Merger(Cell):
    """Merger (confluence buffer): a pulse at either input passes; the series junctions keep it from the other input.

    Topology: Likharev and Semenov (1991); as in RSFQlib v3.0. Values ours: series junctions of Ic/1.4 that
    switch before the input junctions can. Of two pulses within the dead time, one comes out: 7.5 ps at the default
    values (5.5 ps in the SFQ5ee process).
    """

    ic_ua: float = ic_parameter()
    bias: float = bias_parameter()
    series: float = parameter(0.714, "critical current of a series junction over the unit's", 0.2, 1.5)
    node_bias: float = parameter(1.0, "bias where the branches meet over the unit's critical current", 0.0, 2.0)
    dead_time_ps: float = parameter(7.5, "two pulses closer than this come out as one (behavioural model)", 0.0, 100.0)
    kind: ClassVar[str] = "merger"
    behavioural_only: ClassVar[frozenset[str]] = frozenset({"dead_time_ps"})
    ports: ClassVar[tuple[Port, ...]] = (inp("a"), inp("b"), out())

    @property
    def delay_ps(self) -> float:
        """See `Cell`."""
        return 13.0

    def draw(self, d: Draft) -> None:
        """See the class."""
        unit = self.phi_ph_ua / self.ic_ua
        for port, first in (("a", 1), ("b", 3)):
            x, y = f"{port}1", f"{port}2"
            d.inductor(f"L{port}1", port, x, unit / 4)
            d.junction(str(first), x, ic_ua=self.ic_ua)
            d.bias(f"IB{port}", x, self.bias * self.ic_ua)
            d.inductor(f"L{port}2", x, y, unit * 0.3)
            d.junction(str(first + 1), y, ic_ua=self.ic_ua)
            d.junction(f"S{port}", y, f"{port}3", ic_ua=self.series * self.ic_ua)
            d.inductor(f"L{port}3", f"{port}3", "m", 0.12 * unit)
        d.bias("IBM", "m", self.node_bias * self.ic_ua)
        d.inductor("LM", "m", "n", 0.45 * unit)
        d.junction("5", "n", ic_ua=self.ic_ua)
        d.bias("IBQ", "n", self.bias * self.ic_ua)
        d.inductor("LQ", "n", "q", unit / 4)

    def initial(self) -> Hashable:
        """No pulse yet."""
        return -float("inf")

    def react(self, state: Hashable, port: str, time_ps: float) -> tuple[Hashable, Iterable[str]]:
        """A pulse passes unless the last one passed within the dead time."""
        assert isinstance(state, float)
        return (state, ()) if time_ps - state < self.dead_time_ps else (time_ps, ("q",))
