"""Cells that store a pulse: D flip-flop and non-destructive read-out."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import ClassVar

from hwdesign.sfq.cell import Port, inp, out
from hwdesign.sfq.cells.table import Row, TableCell


@dataclass(frozen=True)
class DFF(TableCell):
    """D flip-flop: a clock pulse reads the stored pulse out.

    A pulse at `a` leaves a flux quantum in the loop B3-L3-B4, whose current lets the next clock pulse switch B4 and so
    the output; without it the escape junction B6 takes the clock pulse. B2 takes a second data pulse.
    Topology: Likharev and Semenov (1991); as in RSFQlib v3.0. Values ours.
    """

    kind: ClassVar[str] = "dff"
    ports: ClassVar[tuple[Port, ...]] = (inp("a"), inp("clk", "clock"), out())
    elements: ClassVar[tuple[Row, ...]] = (
        ("L1", "a n1", 0.25),
        ("B1", "n1", 1.0),
        ("IB1", "n1", 0.7),
        ("L2", "n1 n2", 0.49),
        ("B2", "n2 n3", 0.7),
        ("B3", "n3", 1.0),
        ("IB2", "n3", 0.99),
        ("L3", "n3 n4", 0.87),
        ("B4", "n4", 0.98),
        ("L4", "clk n5", 0.25),
        ("B5", "n5", 1.0),
        ("IB3", "n5", 0.7),
        ("L5", "n5 n6", 0.49),
        ("B6", "n6 n4", 0.69),
        ("L6", "n4 n7", 0.5),
        ("B7", "n7", 1.0),
        ("IB4", "n7", 0.7),
        ("L7", "n7 q", 0.25),
    )

    @property
    def delay_ps(self) -> float:
        """See `Cell`."""
        return 12.0

    def initial(self) -> Hashable:
        """Empty."""
        return False

    def react(self, state: Hashable, port: str, time_ps: float) -> tuple[Hashable, Iterable[str]]:
        """Data sets, the clock reads and clears."""
        if port == "a":
            return True, ()
        return False, ("q",) if state else ()


@dataclass(frozen=True)
class NDRO(TableCell):
    """Non-destructive read-out: `a` sets, `b` resets, a clock pulse passes while it is set.

    The loop B3-L3-L6-B6 holds the bit; its current biases the escape junction B7 through which the clock's path ends.
    A pulse at `a` up to 10 ps after a clock pulse that reads a set bit resets it.
    Topology: Likharev and Semenov (1991); as in RSFQlib v3.0. Values ours.
    """

    kind: ClassVar[str] = "ndro"
    ports: ClassVar[tuple[Port, ...]] = (inp("a", "set"), inp("b", "reset"), inp("clk", "clock"), out())
    elements: ClassVar[tuple[Row, ...]] = (
        ("L1", "a n1", 0.25),
        ("B1", "n1", 1.0),
        ("IB1", "n1", 0.7),
        ("L2", "n1 n2", 0.48),
        ("B2", "n2 n3", 0.71),
        ("B3", "n3", 1.11),
        ("IB2", "n3", 0.95),
        ("L3", "n3 n4", 0.44),
        ("L4", "b n5", 0.25),
        ("B4", "n5", 1.0),
        ("IB3", "n5", 0.7),
        ("L5", "n5 n6", 0.48),
        ("B5", "n6 n7", 0.64),
        ("B6", "n7", 0.81),
        ("L6", "n7 n4", 0.51),
        ("B7", "n4 n8", 0.32),
        ("L7", "n8 n9", 0.11),
        ("IB4", "n9", 0.68),
        ("L8", "n9 n10", 0.26),
        ("B8", "n10", 0.96),
        ("L9", "clk n11", 0.25),
        ("B9", "n11", 1.0),
        ("IB5", "n11", 0.7),
        ("L10", "n11 n12", 0.42),
        ("B10", "n12 n10", 0.64),
        ("L11", "n10 n13", 0.52),
        ("B11", "n13", 1.0),
        ("IB6", "n13", 0.7),
        ("L12", "n13 q", 0.25),
    )

    @property
    def delay_ps(self) -> float:
        """See `Cell`."""
        return 12.0

    def initial(self) -> Hashable:
        """Reset."""
        return False

    def react(self, state: Hashable, port: str, time_ps: float) -> tuple[Hashable, Iterable[str]]:
        """Set, reset, read."""
        if port == "clk":
            return state, ("q",) if state else ()
        return port == "a", ()
