"""Requested signals as weighted sums of what the kernel records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import UnsupportedError
from hwdesign.kernels.spice import CAPACITOR_CURRENT, JUNCTION_CURRENT, PHASE, PORT_CURRENT, RATE, PhaseRun
from hwdesign.netlist.outputs import Output, parse_output
from hwdesign.spice.circuit import GROUND, Circuit, Element
from hwdesign.spice.network import SIGMA, UNIT, Assembly
from hwdesign.spice.places import Place, Places

Float = NDArray[np.float64]


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
        self.places = Places(self.circuit)

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
        return self._of(self.places.place(output), output)

    def _of(self, place: Place, output: Output) -> Signal:
        nodes, device, label = place.nodes, place.device, place.label
        if place.minus is not None:
            first, second = self._of(replace(place, minus=None), output), self._of(place.minus, output)
            if first.source >= 0 or second.source >= 0:
                raise UnsupportedError(
                    f"'{label}' is a difference between a current source and another device",
                    file=self.circuit.file or None, line=output.line, mend="print each of them",
                )  # fmt: skip
            return Signal(label, (*first.terms, *((channel, -weight) for channel, weight in second.terms)))
        if output.quantity == "current":
            assert device is not None
            element = self.circuit.elements[device]
            if element.kind == "I" and (element.waveform is None or element.waveform.kind != "noise"):
                return Signal(label, (), device)
            return Signal(label, tuple(self._current(device, element, output)))
        kind, weight = (PHASE, 1.0) if output.quantity == "phase" else (RATE, SIGMA)
        return Signal(label, ((self._channel(kind, *nodes), weight),))

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


def evaluate(signal: Signal, run: PhaseRun, chosen: NDArray[np.int64]) -> Float:
    """float64[chosen, T]: a signal's values from the record of those instances."""
    total = np.zeros((run.waves.shape[1], len(chosen)))
    for channel, weight in signal.terms:
        total += run.waves[channel] * (weight if isinstance(weight, float) else np.asarray(weight)[chosen])
    return total.T
