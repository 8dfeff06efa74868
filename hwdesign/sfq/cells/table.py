"""Cells whose circuit is a table: one row an element, in units of the cell's own critical current."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hwdesign.sfq.cell import Cell, bias_parameter, ic_parameter
from hwdesign.sfq.draft import GROUND, Draft

Row = tuple[str, str, float]
"""Name, nodes apart by a space (ground is left out), value.

Of a junction `B` in units of the cell's Ic; of an inductor `L` in units of Φ0/Ic; of a bias current `IB` in units of Ic
at the default bias of 0.7, with which it goes.
"""


@dataclass(frozen=True)
class TableCell(Cell):
    """A cell that is drawn from `elements`.

    The order of pulses at different inputs is kept where at least 12 ps lie between them, and every pulse counts where
    it is 25 ps after the last one at its input: at the default values, and with any element or all biases 10 % off.
    """

    ic_ua: float = ic_parameter()
    bias: float = bias_parameter()
    elements: ClassVar[tuple[Row, ...]]

    def draw(self, d: Draft) -> None:
        """The rows, in order."""
        for name, nodes, value in self.elements:
            a, _, b = nodes.partition(" ")
            b = b or GROUND
            if name[0] == "B":
                d.junction(name[1:], a, b, ic_ua=value * self.ic_ua)
            elif name[0] == "L":
                d.inductor(name, a, b, value * self.phi_ph_ua / self.ic_ua)
            else:
                d.bias(name, a, value * self.bias / 0.7 * self.ic_ua)
