"""Between currents, voltages and pulses: DC/SFQ and SFQ/DC."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import ClassVar

from hwdesign.sfq.cell import Cell, Port, ic_parameter, inp, out, parameter
from hwdesign.sfq.draft import Draft


@dataclass(frozen=True)
class DCSFQ(Cell):
    """DC/SFQ converter: a pulse at every rising edge of the input current.

    The input current goes into a loop that the junctions B1 (in series, the escape junction) and B2 close. A rising
    edge of about 0.6 mA switches B2, whose pulse leaves by B3; the falling edge switches B1, which empties the loop.
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
