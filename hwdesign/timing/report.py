"""Critical paths: the pins that a late or early signal passes on its way to an endpoint, as designers know them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import NetlistError
from hwdesign.timing.delays import LATE
from hwdesign.timing.engine import Timing, TimingEngine
from hwdesign.timing.paths import DATA_RISE, LAUNCH, UNCLOCKED


@dataclass(frozen=True, slots=True)
class Stop:
    """A pin on a path.

    Attributes:
        node: of the graph.
        pin: its name.
        cell: its cell's type, 'port' for a port.
        edge: 0 rise, 1 fall.
        delay: ns, from the stop before.
        time: ns, arrival.
        slew: ns.
        fanout: pins that a driving pin drives, 0 at loads.
    """

    node: int
    pin: str
    cell: str
    edge: int
    delay: float
    time: float
    slew: float
    fanout: int


@dataclass(frozen=True, slots=True)
class Path:
    """A path to an endpoint.

    Attributes:
        mode: 0 late (set-up), 1 early (hold).
        falling: the clock's falling edge launched it.
        stops: from the port where the signal or its clock enters to the endpoint.
        launch: position in `stops` of the pin where the data begins: a register's clock pin, or an input port.
        required: ns, at the endpoint.
        slack: ns.
        unclocked: no clock reaches the register where it begins.
    """

    mode: int
    falling: bool
    stops: tuple[Stop, ...]
    launch: int
    required: float
    slack: float
    unclocked: bool = False

    def __str__(self) -> str:
        """The path as a table."""
        begin, end = self.stops[self.launch], self.stops[-1]
        width = max(len(f"{stop.pin} ({stop.cell})") for stop in self.stops)
        launch = "no clock" if self.unclocked else f"{'falling' if self.falling else 'rising'} clock edge"
        lines = [
            f"Startpoint: {begin.pin} ({begin.cell}, {launch})",
            f"Endpoint:   {end.pin} ({end.cell})",
            f"Path type:  {'late (set-up)' if self.mode == LATE else 'early (hold)'}",
            "",
            f"{'Fanout':>6} {'Slew':>9} {'Delay':>9} {'Time':>10}   Pin",
            "-" * (40 + width),
        ]
        for stop in self.stops:
            fanout = str(stop.fanout) if stop.fanout else ""
            lines.append(
                f"{fanout:>6} {stop.slew:9.4f} {stop.delay:9.4f} {stop.time:10.4f} {'^v'[stop.edge]} "
                f"{stop.pin} ({stop.cell})"
            )
        lines += [
            "-" * (40 + width),
            f"{'data required time':>27} {self.required:9.4f}",
            f"{'data arrival time':>27} {end.time:9.4f}",
            f"{'slack':>27} {self.slack:9.4f} ({'MET' if self.slack >= 0 else 'VIOLATED'})",
        ]
        return "\n".join(lines)


def critical_paths(engine: TimingEngine, timing: Timing, count: int = 1, mode: int = LATE) -> list[Path]:
    """The worst path of each of the `count` worst endpoints, worst first.

    Args:
        engine: that made `timing`.
        timing: of one run.
        count: number of endpoints.
        mode: 0 for set-up, 1 for hold.
    """
    slack = timing.endpoint_slack(mode).detach().numpy()
    ends = np.flatnonzero(~np.isnan(slack))
    ends = ends[np.argsort(slack[ends], kind="stable")][:count]
    walker = _Walker(engine, timing, mode)
    return [walker.path_to(int(end)) for end in ends]


def path_to(engine: TimingEngine, timing: Timing, pin: str, mode: int = LATE) -> Path:
    """The worst path to one endpoint.

    Raises:
        NetlistError: no such pin, or no timed path ends there.
    """
    node = engine.graph.node_index.get(pin, -1)
    if node < 0 or bool(timing.endpoint_slack(mode)[node].isnan()):
        raise NetlistError(
            f"no timed path ends at '{pin}'", mend="name a register's data pin or an output port that a clock reaches"
        )
    return _Walker(engine, timing, mode).path_to(node)


class _Walker:
    """Walks arrivals back to where they came from."""

    def __init__(self, engine: TimingEngine, timing: Timing, mode: int) -> None:
        graph = engine.graph
        self.graph, self.mode = graph, mode
        self.usable, self.launch_pins = engine.paths.usable, engine.paths.launch_pins
        self.arrival = timing.arrival.detach().numpy()[:, mode]
        self.ends = timing.ends.detach().numpy()[:, mode]
        self.arc = timing.delays.arc.detach().numpy()[:, mode]
        self.wire = timing.delays.wire.detach().numpy()[:, mode]
        self.slew = timing.delays.slew.detach().numpy()[:, mode]
        self.sign = 1.0 if mode == LATE else -1.0
        self.into_arc = _by_target(graph.arcs.target, graph.num_nodes)
        self.into_wire = _by_target(graph.wire_to, graph.num_nodes)
        self.fanout = np.bincount(graph.wire_from, minlength=graph.num_nodes)

    def path_to(self, node: int) -> Path:
        gap = self.sign * (self.ends[node] - self.arrival[node])
        tag, edge = np.unravel_index(int(np.nanargmin(gap)), gap.shape)
        required, slack = float(self.ends[node, tag, edge]), float(gap[tag, edge])
        falling = bool(LAUNCH[tag])
        trail = [(node, int(tag), int(edge), 0.0)]
        while (step := self._before(*trail[-1][:3])) is not None:
            *place, delay = step
            trail[-1] = (*trail[-1][:3], delay)
            trail.append((place[0], place[1], place[2], 0.0))
        trail.reverse()
        clock = [at for at, (_, tag_here, _, _) in enumerate(trail) if tag_here < DATA_RISE]
        launch = clock[-1] if clock and trail[-1][1] >= DATA_RISE else 0
        return Path(
            self.mode,
            falling,
            tuple(self._stop(*item) for item in trail),
            launch,
            required,
            slack,
            bool(tag == UNCLOCKED),
        )

    def _stop(self, node: int, tag: int, edge: int, delay: float) -> Stop:
        module = self.graph.module
        pins = module.num_pins
        cell = "port" if node >= pins else module.type_of(int(module.pin_cell[node])).name
        return Stop(
            node, self.graph.node_names[node], cell, edge, delay, float(self.arrival[node, tag, edge]),
            float(self.slew[node, edge]), int(self.fanout[node]),
        )  # fmt: skip

    def _before(self, node: int, tag: int, edge: int) -> tuple[int, int, int, float] | None:
        """The place whose arrival and delay make this one's, and the delay."""
        best: tuple[float, tuple[int, int, int, float] | None] = (1e-6, None)
        if tag == UNCLOCKED and self.launch_pins[node]:
            return None
        for source, tag_before, edge_before, delay in self._candidates(node, tag, edge):
            time = self.arrival[source, tag_before, edge_before]
            miss = abs(time + delay - self.arrival[node, tag, edge])
            if miss <= best[0]:
                best = (float(miss), (source, tag_before, edge_before, delay))
        return best[1]

    def _candidates(self, node: int, tag: int, edge: int) -> Iterator[tuple[int, int, int, float]]:
        for at in self.into_wire[0][self.into_wire[1][node] : self.into_wire[1][node + 1]].tolist():
            yield int(self.graph.wire_from[at]), tag, edge, float(self.wire[at, edge])
        arcs = self.graph.arcs
        for at in self.into_arc[0][self.into_arc[1][node] : self.into_arc[1][node + 1]].tolist():
            if arcs.out_edge[at] == edge and self.usable[at]:
                launched = bool(arcs.launches[at])
                if launched and tag < DATA_RISE:
                    continue
                before = tag - DATA_RISE if launched and tag != UNCLOCKED else tag
                yield int(arcs.source[at]), before, int(arcs.in_edge[at]), float(self.arc[at])


def _by_target(target: NDArray[np.int64], nodes: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows sorted by target, and where each node's begin."""
    order = np.argsort(target, kind="stable")
    return order, np.searchsorted(target[order], np.arange(nodes + 1))
