"""Passive transmission lines: driver, line, receiver."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import ClassVar

from hwdesign.sfq.cell import Cell, Port, bias_parameter, ic_parameter, inp, out, parameter
from hwdesign.sfq.draft import Draft


@dataclass(frozen=True)
class PTLDriver(Cell):
    """Driver of a passive transmission line: a JTL whose last junction drives the line through a series resistor.

    The resistor and the junction's shunt together end the line near its impedance, so that what the receiver reflects
    is swallowed. Topology: as in RSFQlib v3.0. Values ours.
    """

    ic_ua: float = ic_parameter()
    bias: float = bias_parameter()
    r_series_ohm: float = parameter(0.5, "resistor between the last junction and the line, in ohm", 0.01, 100.0)
    kind: ClassVar[str] = "ptl_driver"
    ports: ClassVar[tuple[Port, ...]] = (inp("a"), out("q", "line"))

    @property
    def delay_ps(self) -> float:
        """See `Cell`; with a line of 10 ps and a receiver."""
        return 27.0

    def draw(self, d: Draft) -> None:
        """See the class."""
        unit = self.phi_ph_ua / self.ic_ua
        d.inductor("L1", "a", "n1", unit / 4)
        d.junction("1", "n1", ic_ua=self.ic_ua)
        d.bias("IB1", "n1", self.bias * self.ic_ua)
        d.inductor("L2", "n1", "n2", unit / 2)
        d.junction("2", "n2", ic_ua=self.ic_ua)
        d.bias("IB2", "n2", self.bias * self.ic_ua)
        d.inductor("L3", "n2", "n3", unit / 4)
        d.resistor("RD", "n3", "q", self.r_series_ohm)

    def react(self, state: Hashable, port: str, time_ps: float) -> tuple[Hashable, Iterable[str]]:
        """Every pulse passes."""
        return state, ("q",)


@dataclass(frozen=True)
class PTLReceiver(Cell):
    """Receiver of a passive transmission line: small junctions first, that a weakened pulse still switches.

    Topology: as in RSFQlib v3.0. Values ours.
    """

    ic_ua: float = ic_parameter()
    bias: float = bias_parameter()
    first: float = parameter(0.5, "critical current of the first junction over the unit's", 0.1, 2.0)
    second: float = parameter(0.8, "critical current of the second junction over the unit's", 0.1, 2.0)
    second_bias: float = parameter(0.85, "bias of the second junction over its critical current", 0.0, 1.0)
    kind: ClassVar[str] = "ptl_receiver"
    ports: ClassVar[tuple[Port, ...]] = (inp("a", "line"), out())

    @property
    def delay_ps(self) -> float:
        """See `Cell`; with a driver and a line of 10 ps."""
        return 27.0

    def draw(self, d: Draft) -> None:
        """See the class."""
        unit = self.phi_ph_ua / self.ic_ua
        d.inductor("L1", "a", "n1", unit / 4)
        d.junction("1", "n1", ic_ua=self.first * self.ic_ua)
        d.bias("IB1", "n1", self.bias * self.first * self.ic_ua)
        d.inductor("L2", "n1", "n2", unit / 2 / self.first)
        d.junction("2", "n2", ic_ua=self.second * self.ic_ua)
        d.bias("IB2", "n2", self.second_bias * self.second * self.ic_ua)
        d.inductor("L3", "n2", "n3", unit / 2 / self.second)
        d.junction("3", "n3", ic_ua=self.ic_ua)
        d.bias("IB3", "n3", self.bias * self.ic_ua)
        d.inductor("L4", "n3", "q", unit / 4)

    def react(self, state: Hashable, port: str, time_ps: float) -> tuple[Hashable, Iterable[str]]:
        """Every pulse passes."""
        return state, ("q",)


@dataclass(frozen=True)
class PTL(Cell):
    """A lossless stripline between a driver and a receiver.

    Between those of this module, at their default values, lines of 1 to 4 ohm (1 to 6 ohm in the SFQ5ee process) carry
    pulses 20 ps apart whatever their length: more is so far from the driver's impedance that reflections add up or a
    pulse arrives too weak.
    """

    z0_ohm: float = parameter(3.0, "impedance, in ohm", 0.1, 1000.0)
    flight_ps: float = parameter(10.0, "time of flight, in picoseconds", 0.01, 1e6)
    kind: ClassVar[str] = "ptl"
    ports: ClassVar[tuple[Port, ...]] = (inp("a", "line"), out("q", "line"))

    @property
    def delay_ps(self) -> float:
        """See `Cell`; with driver and receiver."""
        return 17.0 + self.flight_ps

    def draw(self, d: Draft) -> None:
        """See the class."""
        d.line("T1", "a", "q", z0_ohm=self.z0_ohm, delay_ps=self.flight_ps)

    def react(self, state: Hashable, port: str, time_ps: float) -> tuple[Hashable, Iterable[str]]:
        """Every pulse passes."""
        return state, ("q",)
