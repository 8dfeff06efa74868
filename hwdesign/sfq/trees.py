"""Fan-out trees of splitters and fan-in trees of mergers."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from hwdesign.errors import NetlistError
from hwdesign.netlist import ModuleBuilder
from hwdesign.sfq.cell import Cell, Events, Port, bias_parameter, check_ports, ic_parameter, inp, out, parameter
from hwdesign.sfq.cells.wires import Merger, Splitter
from hwdesign.sfq.draft import Draft

MAX_LEAVES = 4096

MERGER_PS = 10.4
"""Time from one merger of a tree to the next, picoseconds (behavioural model)."""


def fan_out(
    module: ModuleBuilder,
    net: int,
    count: int,
    *,
    name: str,
    splitter: Splitter | None = None,
    ends: Sequence[int] | None = None,
) -> list[int]:
    """Give a net `count` readers by a tree of splitters, as even as `count` allows.

    Args:
        module: where the splitters go.
        net: what drives the tree.
        count: number of leaves; one needs no splitter.
        name: the splitters' names begin with it.
        splitter: the cell; by default `Splitter()`.
        ends: nets that the leaves are to be (two or more); by default new ones.

    Returns:
        One net a leaf.

    Raises:
        NetlistError: `count` is not between 1 and 4096, `ends` has another length, or a name is taken.
    """
    _check(count)
    if ends is not None and (len(ends) != count or count < 2):
        raise NetlistError(f"a tree of {count} leaves cannot end in {len(ends)} given nets")
    cell = splitter or Splitter()
    given = list(ends or ())
    queue, made, found = [(net, count)], 0, []
    while queue:
        at, below = queue.pop(0)
        if below == 1:
            found.append(at)
            continue
        sides = []
        for side, share in enumerate((below - below // 2, below // 2)):
            sides.append(given.pop(0) if given and share == 1 else module.net(f"{name}{made}_q{side}"))
            queue.append((sides[-1], share))
        cell.place(module, {"a": at, "q0": sides[0], "q1": sides[1]}, name=f"{name}{made}")
        made += 1
    return found


def fan_in(
    module: ModuleBuilder, nets: Sequence[int], *, name: str, merger: Merger | None = None, end: int | None = None
) -> int:
    """Bring nets together by a tree of mergers. Returns the net that carries all their pulses.

    Args:
        module: where the mergers go.
        nets: the drivers.
        name: the mergers' names begin with it.
        merger: the cell; by default `Merger()`.
        end: net that the root is to be (of two drivers or more); by default a new one.

    Raises:
        NetlistError: there are no nets or more than 4096, one with an `end`, or a name is taken.
    """
    _check(len(nets))
    if end is not None and len(nets) < 2:
        raise NetlistError("a tree of one leaf cannot end in a given net")
    cell = merger or Merger()
    level, made = list(nets), 0
    while len(level) > 1:
        following = []
        for a, b in zip(level[::2], level[1::2], strict=False):
            root = len(level) == 2 and end is not None
            following.append(end if root and end is not None else module.net(f"{name}{made}_q"))
            cell.place(module, {"a": a, "b": b, "q": following[-1]}, name=f"{name}{made}")
            made += 1
        level = following + (level[-1:] if len(level) % 2 else [])
    return level[0]


def _check(count: int) -> None:
    if not 1 <= count <= MAX_LEAVES:
        raise NetlistError(f"a tree of {count} leaves cannot be made", mend=f"1 to {MAX_LEAVES} can")


def depth(leaves: int) -> int:
    """Levels of a tree."""
    return max(0, leaves - 1).bit_length()


def fan_out_levels(leaves: int) -> list[int]:
    """Level of each leaf of `fan_out`, in its order: the number of splitters before it."""
    queue, found = [(leaves, 0)], []
    while queue:
        below, level = queue.pop(0)
        if below == 1:
            found.append(level)
        else:
            queue += [(below - below // 2, level + 1), (below // 2, level + 1)]
    return found


def fan_in_levels(leaves: int) -> list[int]:
    """Level of each leaf of `fan_in`, in its order: the number of mergers after it."""
    found, groups = [0] * leaves, [[leaf] for leaf in range(leaves)]
    while len(groups) > 1:
        pairs = [a + b for a, b in zip(groups[::2], groups[1::2], strict=False)]
        for leaf in (leaf for pair in pairs for leaf in pair):
            found[leaf] += 1
        groups = pairs + (groups[-1:] if len(groups) % 2 else [])
    return found


@dataclass(frozen=True)
class FanOut(Cell):
    """Fan-out tree: `leaves` - 1 splitters. Ports a, q0, q1 ..."""

    leaves: int = parameter(4, "number of outputs", 2, MAX_LEAVES)
    ic_ua: float = ic_parameter()
    bias: float = bias_parameter()
    kind: ClassVar[str] = "fanout"

    def all_ports(self) -> tuple[Port, ...]:
        """See `Cell`."""
        return (inp("a"), *(out(f"q{k}") for k in range(self.leaves)))

    @property
    def delay_ps(self) -> float:
        """See `Cell`; to the deepest leaves."""
        return 8.2 * depth(self.leaves) + 2.6

    def delay_to(self, output: str) -> float:
        """See `Cell`: where the number of leaves is no power of two, some are a level nearer."""
        levels = fan_out_levels(self.leaves)
        return 8.2 * levels[int(output.removeprefix("q"))] + 2.6

    def draw(self, d: Draft) -> None:
        """See `fan_out`."""
        cell = Splitter(ic_ua=self.ic_ua, bias=self.bias, process=self.process)
        m = d.module
        ends = [m.net(port.name) for port in self.outputs()]
        fan_out(m, m.net("a"), self.leaves, name="XS", splitter=cell, ends=ends)

    def react(self, state: Hashable, port: str, time_ps: float) -> tuple[Hashable, Iterable[str]]:
        """Every pulse goes to all."""
        return state, tuple(item.name for item in self.outputs())


@dataclass(frozen=True)
class FanIn(Cell):
    """Fan-in tree: `leaves` - 1 mergers. Ports a0, a1 ... q."""

    leaves: int = parameter(4, "number of inputs", 2, MAX_LEAVES)
    ic_ua: float = ic_parameter()
    bias: float = bias_parameter()
    dead_time_ps: float = parameter(7.5, "two pulses closer than this come out as one (behavioural model)", 0.0, 100.0)
    kind: ClassVar[str] = "fanin"
    behavioural_only: ClassVar[frozenset[str]] = frozenset({"dead_time_ps"})

    def all_ports(self) -> tuple[Port, ...]:
        """See `Cell`."""
        return (*(inp(f"a{k}") for k in range(self.leaves)), out())

    @property
    def delay_ps(self) -> float:
        """See `Cell`; from the deepest leaves."""
        return MERGER_PS * depth(self.leaves) + 2.6

    def behaviour(self, events: Events) -> dict[str, tuple[float, ...]]:
        """See `Cell`. Where the number of leaves is no power of two, some are nearer to the root."""
        check_ports(events, [port.name for port in self.inputs()], self.kind)
        levels = fan_in_levels(self.leaves)
        ahead = {f"a{leaf}": MERGER_PS * (depth(self.leaves) - level) for leaf, level in enumerate(levels)}
        return super().behaviour({port: [t - ahead[port] for t in times] for port, times in events.items()})

    def draw(self, d: Draft) -> None:
        """See `fan_in`."""
        cell = Merger(ic_ua=self.ic_ua, bias=self.bias, process=self.process)
        m = d.module
        fan_in(m, [m.net(port.name) for port in self.inputs()], name="XM", merger=cell, end=m.net("q"))

    def initial(self) -> Hashable:
        """No pulse yet."""
        return -float("inf")

    def react(self, state: Hashable, port: str, time_ps: float) -> tuple[Hashable, Iterable[str]]:
        """As of a merger."""
        assert isinstance(state, float)
        return (state, ()) if time_ps - state < self.dead_time_ps else (time_ps, ("q",))
