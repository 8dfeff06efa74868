"""Clocked logic gates: AND, OR, XOR, NOT. A clock pulse evaluates what came since the last one."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import ClassVar

from hwdesign.sfq.cell import Port, inp, out
from hwdesign.sfq.cells.table import Row, TableCell

_TWO_INPUTS = (inp("a"), inp("b"), inp("clk", "clock"), out())


@dataclass(frozen=True)
class _Gate(TableCell):
    """Remembers which inputs had a pulse; the clock evaluates and clears."""

    @property
    def delay_ps(self) -> float:
        """See `Cell`."""
        return 12.0

    def initial(self) -> Hashable:
        """No inputs."""
        return frozenset()

    def decide(self, seen: frozenset[str]) -> bool:
        """Whether the output fires, of the inputs that had a pulse."""
        raise NotImplementedError

    def react(self, state: Hashable, port: str, time_ps: float) -> tuple[Hashable, Iterable[str]]:
        """Collect, and decide at the clock."""
        assert isinstance(state, frozenset)
        if port != "clk":
            return state | {port}, ()
        return frozenset(), ("q",) if self.decide(state) else ()


@dataclass(frozen=True)
class AND(_Gate):
    """AND: two flip-flops read by one clock, whose pulses meet.

    Topology: as in RSFQlib v3.0 (AND2). Values ours.
    """

    kind: ClassVar[str] = "and"
    ports: ClassVar[tuple[Port, ...]] = _TWO_INPUTS
    elements: ClassVar[tuple[Row, ...]] = (
        ("L1", "a n1", 0.25),
        ("B1", "n1", 1.0),
        ("IB1", "n1", 0.7),
        ("L2", "n1 n2", 0.48),
        ("B2", "n2 n3", 0.68),
        ("B3", "n3", 0.8),
        ("IB2", "n3", 0.77),
        ("L3", "n3 n4", 1.13),
        ("B4", "n4", 0.72),
        ("B5", "n4 n5", 0.53),
        ("L4", "n5 n11", 0.12),
        ("L5", "n4 n6", 0.3),
        ("B6", "n6 n12", 0.5),
        ("L6", "b n21", 0.25),
        ("B7", "n21", 1.0),
        ("IB3", "n21", 0.7),
        ("L7", "n21 n22", 0.48),
        ("B8", "n22 n23", 0.68),
        ("B9", "n23", 0.8),
        ("IB4", "n23", 0.77),
        ("L8", "n23 n24", 1.13),
        ("B10", "n24", 0.72),
        ("B11", "n24 n25", 0.53),
        ("L9", "n25 n11", 0.12),
        ("L10", "n24 n26", 0.3),
        ("B12", "n26 n12", 0.5),
        ("L11", "clk n31", 0.25),
        ("B13", "n31", 1.0),
        ("IB5", "n31", 0.7),
        ("L12", "n31 n32", 0.35),
        ("B14", "n32", 0.74),
        ("IB6", "n32", 0.47),
        ("L13", "n32 n11", 0.1),
        ("L14", "n12 n33", 0.1),
        ("B15", "n33", 1.0),
        ("IB7", "n33", 0.7),
        ("L15", "n33 q", 0.25),
    )

    def decide(self, seen: frozenset[str]) -> bool:
        """Both inputs."""
        return len(seen) == 2


@dataclass(frozen=True)
class OR(_Gate):
    """OR: a merger before a flip-flop. A second pulse before the clock goes out through B8.

    The merger makes its set-up time the longest of the gates: 8 ps.
    Topology: Likharev and Semenov (1991): the confluence buffer and the D flip-flop. Values ours.
    """

    kind: ClassVar[str] = "or"
    ports: ClassVar[tuple[Port, ...]] = _TWO_INPUTS
    elements: ClassVar[tuple[Row, ...]] = (
        ("L1", "a n1", 0.25),
        ("B1", "n1", 1.0),
        ("IB1", "n1", 0.7),
        ("L2", "n1 n2", 0.31),
        ("B2", "n2", 0.83),
        ("B3", "n2 n3", 0.71),
        ("L3", "n3 n7", 0.12),
        ("L4", "b n4", 0.25),
        ("B4", "n4", 1.0),
        ("IB2", "n4", 0.7),
        ("L5", "n4 n5", 0.31),
        ("B5", "n5", 0.83),
        ("B6", "n5 n6", 0.71),
        ("L6", "n6 n7", 0.12),
        ("IB3", "n7", 0.96),
        ("L7", "n7 n8", 0.54),
        ("B7", "n8", 0.93),
        ("IB4", "n8", 0.54),
        ("L8", "n8 n9", 0.46),
        ("B8", "n9 n10", 0.74),
        ("B9", "n10", 0.89),
        ("IB5", "n10", 0.84),
        ("L9", "n10 n11", 0.75),
        ("B10", "n11", 0.88),
        ("L10", "clk n12", 0.25),
        ("B11", "n12", 1.0),
        ("IB6", "n12", 0.7),
        ("L11", "n12 n13", 0.47),
        ("B12", "n13 n11", 0.69),
        ("L12", "n11 n14", 0.5),
        ("B13", "n14", 1.0),
        ("IB7", "n14", 0.7),
        ("L13", "n14 q", 0.25),
    )

    def decide(self, seen: frozenset[str]) -> bool:
        """Either input."""
        return bool(seen)


@dataclass(frozen=True)
class XOR(_Gate):
    """XOR: two loops, of which one pulse fills its own and a pulse of the other input empties it again.

    A second pulse of the same input goes out through B3 or B6. Topology: as in RSFQlib v3.0. Values ours.
    """

    kind: ClassVar[str] = "xor"
    ports: ClassVar[tuple[Port, ...]] = _TWO_INPUTS
    elements: ClassVar[tuple[Row, ...]] = (
        ("L1", "a n1", 0.25),
        ("B1", "n1", 1.0),
        ("IB1", "n1", 0.7),
        ("L2", "n1 n2", 0.4),
        ("B2", "n2", 0.79),
        ("B3", "n2 n3", 0.75),
        ("L3", "n3 n7", 0.6),
        ("L4", "b n4", 0.25),
        ("B4", "n4", 1.0),
        ("IB2", "n4", 0.7),
        ("L5", "n4 n5", 0.4),
        ("B5", "n5", 0.79),
        ("B6", "n5 n6", 0.75),
        ("L6", "n6 n7", 0.6),
        ("IB3", "n7", 1.06),
        ("B7", "n7 n8", 0.72),
        ("L7", "n8 n9", 0.6),
        ("B8", "n9", 0.67),
        ("L8", "clk n10", 0.25),
        ("B9", "n10", 1.0),
        ("IB4", "n10", 0.7),
        ("L9", "n10 n11", 0.36),
        ("B10", "n11 n9", 0.58),
        ("L10", "n9 n12", 0.46),
        ("B11", "n12", 1.0),
        ("IB5", "n12", 0.7),
        ("L11", "n12 q", 0.25),
    )

    def react(self, state: Hashable, port: str, time_ps: float) -> tuple[Hashable, Iterable[str]]:
        """A pulse cancels one of the other input, or is lost in a full loop of its own; the clock reads and clears."""
        assert isinstance(state, frozenset)
        if port == "clk":
            return frozenset(), ("q",) if state else ()
        return (frozenset({port}) if not state else state & {port}), ()


@dataclass(frozen=True)
class NOT(_Gate):
    """NOT: a clock pulse passes unless a data pulse came.

    A data pulse up to 8 ps after a clock pulse is lost: the hold time.
    Topology: Likharev and Semenov (1991); as in RSFQlib v3.0. Values ours.
    """

    kind: ClassVar[str] = "not"
    ports: ClassVar[tuple[Port, ...]] = (inp("a"), inp("clk", "clock"), out())
    elements: ClassVar[tuple[Row, ...]] = (
        ("L1", "a n1", 0.25),
        ("B1", "n1", 1.0),
        ("IB1", "n1", 0.7),
        ("L2", "n1 n2", 0.35),
        ("B2", "n2 n3", 0.33),
        ("IB2", "n3", 0.52),
        ("L3", "n3 n4", 0.31),
        ("B3", "n4 n5", 0.35),
        ("L4", "n3 n6", 0.9),
        ("B4", "n6 n7", 0.91),
        ("L5", "clk n8", 0.25),
        ("B5", "n8", 1.0),
        ("IB3", "n8", 0.7),
        ("L6", "n8 n7", 0.47),
        ("B6", "n7 n9", 0.44),
        ("L7", "n9 n5", 0.3),
        ("B7", "n5", 0.34),
        ("L8", "n5 n10", 0.63),
        ("B8", "n10", 1.0),
        ("IB4", "n10", 0.7),
        ("L9", "n10 q", 0.25),
    )

    @property
    def delay_ps(self) -> float:
        """See `Cell`."""
        return 17.0

    def decide(self, seen: frozenset[str]) -> bool:
        """No input."""
        return not seen
