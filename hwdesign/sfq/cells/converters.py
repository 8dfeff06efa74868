"""Between currents, voltages and pulses: DC/SFQ and SFQ/DC."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import ClassVar

from hwdesign.sfq.cell import Cell, Port, ic_parameter, inp, out, parameter
from hwdesign.sfq.cells.table import Row, TableCell
from hwdesign.sfq.draft import Draft


@dataclass(frozen=True)
class DCSFQ(Cell):
    """DC/SFQ converter: a pulse at every rising edge of the input current.

    The input current goes into a loop that the junctions B1 (in series, the escape junction) and B2 close. A rising
    edge switches B2, whose pulse leaves by B3; the falling edge switches B1, which empties the loop. Levels of 0.5 to
    0.75 mA give one pulse an edge, however slow; a current that stays for less than 5 ps may go up to 1.2 mA.
    Topology: Likharev and Semenov (1991); as in RSFQlib v3.0. Values ours.
    """

    ic_ua: float = ic_parameter()
    bias: float = parameter(1.222, "bias of B1 and B2 over their critical current", 0.0, 2.0)
    kind: ClassVar[str] = "dcsfq"
    ports: ClassVar[tuple[Port, ...]] = (inp("a", "level"), out())

    @property
    def delay_ps(self) -> float:
        """See `Cell`."""
        return 9.0

    def draw(self, d: Draft) -> None:
        """See the class."""
        unit = self.phi_ph_ua / self.ic_ua  # inductance with L·Ic = Φ0
        ic = 0.9 * self.ic_ua
        d.inductor("L1", "a", "n1", 0.2 * unit)
        d.inductor("L2", "n1", "0", 0.4715 * unit)
        d.inductor("L3", "n1", "n2", 0.0725 * unit)
        d.junction("1", "n2", "n3", ic_ua=ic)
        d.bias("IB1", "n3", self.bias * ic)
        d.inductor("L4", "n3", "n4", 0.133 * unit)
        d.junction("2", "n4", ic_ua=ic)
        d.inductor("L5", "n4", "n5", 0.549 * unit)
        d.junction("3", "n5", ic_ua=self.ic_ua)
        d.bias("IB2", "n5", 0.7 * self.ic_ua)
        d.inductor("L6", "n5", "q", 0.25 * unit)

    def react(self, state: Hashable, port: str, time_ps: float) -> tuple[Hashable, Iterable[str]]:
        """Every rising edge gives a pulse."""
        return state, ("q",)


@dataclass(frozen=True)
class SFQDC(TableCell):
    """SFQ/DC converter: each pulse turns the output's voltage on or off.

    A pulse toggles the bit held by the loop around L4 (a T flip-flop of the junctions B2 to B5). In one state its
    current drives the output junctions B6 to B8 beyond their critical current: they emit pulses without end, whose mean
    voltage is the output; in the other state they rest.
    Topology: as in RSFQlib v3.0, which took it from Fluxonics. Values ours.
    """

    kind: ClassVar[str] = "sfqdc"
    ports: ClassVar[tuple[Port, ...]] = (inp("a"), out("q", "level"))
    level_junction: ClassVar[str] = "B8"
    # One pulse of B3 for each "on", one of B5 for each "off": what a margin analysis can check.
    shown_junctions: ClassVar[tuple[str, ...]] = ("B3", "B5")
    elements: ClassVar[tuple[Row, ...]] = (
        ("L1", "a n1", 0.2),
        ("B1", "n1", 1.3),
        ("IB1", "n1", 1.1),
        ("L2", "n1 n2", 0.1),
        ("L3", "n2 n3", 0.14),
        ("B2", "n3 n4", 0.73),
        ("B3", "n4", 0.79),
        ("IB2", "n4", 0.52),
        ("L4", "n4 n6", 0.43),
        ("L5", "n2 n5", 0.18),
        ("B4", "n5 n7", 1.0),
        ("B5", "n7", 1.46),
        ("L6", "n6 n7", 0.62),
        ("L12", "n6 n13", 0.12),
        ("L7", "n6 n8", 0.02),
        ("B6", "n8 n9", 0.39),
        ("IB3", "n9", 0.9),
        ("L8", "n9 n10", 0.14),
        ("B7", "n10", 0.66),
        ("L9", "n10 n11", 0.48),
        ("IB4", "n11", 0.33),
        ("L10", "n11 n12", 0.19),
        ("B8", "n12", 0.8),
        ("L11", "n12 q", 0.2),
    )

    @property
    def delay_ps(self) -> float:
        """See `Cell`."""
        return 22.0

    def draw(self, d: Draft) -> None:
        """The table, and the resistor that lets the loop forget what it is asked to hold too long."""
        super().draw(d)
        d.resistor("R1", "n13", "0", 0.375)

    def initial(self) -> Hashable:
        """No state: every pulse toggles."""
        return None

    def react(self, state: Hashable, port: str, time_ps: float) -> tuple[Hashable, Iterable[str]]:
        """Every pulse changes the level."""
        return state, ("q",)
