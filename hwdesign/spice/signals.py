"""Requested signals as weighted sums of what the kernel records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import NetlistError, UnsupportedError
from hwdesign.kernels.spice import CAPACITOR_CURRENT, JUNCTION_CURRENT, PHASE, PORT_CURRENT, RATE, PhaseRun
from hwdesign.netlist.outputs import Output, Probe, Resolver, parse_output
from hwdesign.spice.circuit import GROUND, Circuit, Element
from hwdesign.spice.network import SIGMA, UNIT, Assembly

Float = NDArray[np.float64]
_WIDE = 4


@dataclass(frozen=True)
class Signal:
    """One requested signal.

    Attributes:
        label: JoSIM's, as `P(B1|XDUT)`.
        terms: (channel, weight): weights are one number or one an instance.
        source: of a current source, its position among the elements; -1 otherwise.
    """

    label: str
    terms: tuple[tuple[int, Float | float], ...]
    source: int = -1


def requested(circuit: Circuit, signals: Sequence[str] | str) -> tuple[Output, ...]:
    """The outputs that `signals` asks for: `deck`, or texts as `P(B1.X1)` and `phase B1.X1`.

    Raises:
        FormatError: a text asks for nothing that can be printed.
    """
    if signals == "deck":
        return circuit.outputs
    texts = [signals] if isinstance(signals, str) else signals
    return tuple(output for text in texts for output in parse_output(text))


def build_signals(assembly: Assembly, outputs: Sequence[Output]) -> list[Signal]:
    """Add the channels of `outputs` to the assembly's network.

    Raises:
        NetlistError: an output names no device or node.
        UnsupportedError: a current that the engine does not know.
    """
    return _Builder(assembly).signals(outputs)


class _Builder:
    def __init__(self, assembly: Assembly) -> None:
        self.assembly, self.circuit = assembly, assembly.circuit
        self.channel_of: dict[tuple[int, int, int], int] = {}
        self.resolver = None if self.circuit.netlist is None else Resolver(self.circuit.netlist)

    def signals(self, outputs: Sequence[Output]) -> list[Signal]:
        found: dict[str, Signal] = {}
        for output in outputs:
            signal = self._signal(output)
            found.setdefault(signal.label, signal)
        return list(found.values())

    def _channel(self, kind: int, a: int, b: int) -> int:
        key = (kind, a, b)
        if key not in self.channel_of:
            self.channel_of[key] = len(self.assembly.network.channels)
            self.assembly.network.channels.append(key)
        return self.channel_of[key]

    def _signal(self, output: Output) -> Signal:
        names, nodes, device = self._resolve(output)
        if output.quantity == "current":
            assert device is not None
            element = self.circuit.elements[device]
            label = f"I({names[0]})"
            if element.kind == "I" and (element.waveform is None or element.waveform.kind != "noise"):
                return Signal(label, (), device)
            return Signal(label, tuple(self._current(device, element, output)))
        letter = "P" if output.quantity == "phase" else "V"
        kind, weight = (PHASE, 1.0) if output.quantity == "phase" else (RATE, SIGMA)
        return Signal(f"{letter}({','.join(names)})", ((self._channel(kind, *nodes), weight),))

    def _current(self, at: int, element: Element, output: Output) -> list[tuple[int, Float | float]]:
        assembly = self.assembly
        if at in assembly.extra:
            return [(self._channel(PHASE, assembly.extra[at], GROUND), UNIT)]
        nodes = element.nodes
        match element.kind:
            case "R":
                return [(self._channel(RATE, nodes[0], nodes[1]), SIGMA / assembly.get(at, "value"))]
            case "L":
                elements = self.circuit.elements
                return [
                    (self._channel(PHASE, *elements[other].nodes), weight) for other, weight in assembly.inverse[at]
                ]
            case "C":
                return [(self._channel(CAPACITOR_CURRENT, assembly.position[at], 0), 1.0)]
            case "B":
                return [(self._channel(JUNCTION_CURRENT, assembly.position[at], 0), 1.0)]
            case "T":
                return [(self._channel(PORT_CURRENT, assembly.position[at], 0), 1.0)]
            case "G":
                return [(self._channel(RATE, nodes[2], nodes[3]), SIGMA * assembly.get(at, "value"))]
            case "F":
                control = assembly.extra[element.others[0]] if element.others else assembly.control[at]
                return [(self._channel(PHASE, control, GROUND), UNIT * assembly.get(at, "value"))]
        raise UnsupportedError(
            f"the current of '{element.name}' is not known", file=self.circuit.file or None, line=output.line
        )

    def _resolve(self, output: Output) -> tuple[list[str], tuple[int, int], int | None]:
        """Names in the flat circuit, the two nodes meant, and the device of a current."""
        if self.resolver is None:
            raise NetlistError("a circuit without its netlist prints nothing")
        probes = self.resolver.probes(output)
        if probes[0].cell >= 0:
            places = [self._element(probe, output) for probe in probes]
            if len(places) > 1:
                raise UnsupportedError(
                    f"'{output.label}' is a difference between devices", file=self.circuit.file or None,
                    line=output.line, mend="print each of them",
                )  # fmt: skip
            element = self.circuit.elements[places[0]]
            if len(element.nodes) < 2:
                raise NetlistError(f"'{element.name}' has no voltage or current", file=element.file, line=element.line)
            return [element.name], (element.nodes[0], element.nodes[1]), places[0]
        found = [self._node(probe, output) for probe in probes]
        nodes = [node for _, node in found] + [GROUND]
        return [name for name, _ in found], (nodes[0], nodes[1]), None

    def _element(self, probe: Probe, output: Output) -> int:
        netlist = self.circuit.netlist
        assert netlist is not None
        name = "|".join([netlist.modules[probe.module].cell_label(probe.cell), *reversed(probe.path)]).upper()
        return self.circuit.index[name]

    def _node(self, probe: Probe, output: Output) -> tuple[str, int]:
        if probe.ground:
            return "0", GROUND
        netlist = self.circuit.netlist
        assert netlist is not None
        name = "|".join([netlist.modules[probe.module].net_label(probe.net), *reversed(probe.path)]).upper()
        return name, self._place(probe, name, output)

    def _place(self, probe: Probe, name: str, output: Output) -> int:
        """Circuit node of a net: its own, or that of the port which it is on the instance around it."""
        netlist = self.circuit.netlist
        assert netlist is not None
        path, module, net = list(probe.path), netlist.modules[probe.module], probe.net
        parents = [netlist.top_module]
        for step in path:
            cell = next(c for c, label in enumerate(parents[-1].cell_labels()) if label.lower() == step.lower())
            parents.append(netlist.modules[parents[-1].type_of(cell).name])
        shared = {label.lower() for label in netlist.global_nets}
        while path and net in module.port_net.tolist() and module.net_label(net).lower() not in shared:
            port = module.port_labels()[module.port_net.tolist().index(net)]
            parent, step = parents[len(path) - 1], path.pop()
            cell = next(c for c, label in enumerate(parent.cell_labels()) if label.lower() == step.lower())
            net = next(n for role, n, _ in parent.pins_of(cell) if role == port)
            module = parent
        label = module.net_label(net)
        if label.lower() in ("0", "gnd"):
            return GROUND
        full = "|".join([label, *(reversed(path) if label.lower() not in shared else ())]).upper()
        at = self.circuit.node_index.get(full)
        if at is None:
            raise NetlistError(
                f"no element connects to node '{name}'", file=self.circuit.file or None, line=output.line
            )
        return at


def evaluate(signal: Signal, run: PhaseRun, chosen: NDArray[np.int64]) -> Float:
    """float64[chosen, T]: a signal's values from the record of those instances."""
    total = np.zeros((run.waves.shape[1], len(chosen)))
    for channel, weight in signal.terms:
        total += run.waves[channel] * (weight if isinstance(weight, float) else np.asarray(weight)[chosen])
    return total.T
