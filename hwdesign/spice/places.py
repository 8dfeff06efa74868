"""Where in a circuit a requested signal stands, whatever engine simulates it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hwdesign.errors import NetlistError
from hwdesign.netlist.outputs import Output, Probe, Quantity, Resolver
from hwdesign.spice.circuit import GROUND, Circuit

_LETTERS: Mapping[Quantity, str] = {"voltage": "V", "phase": "P", "current": "I"}


@dataclass(frozen=True, slots=True)
class Place:
    """One requested signal.

    Attributes:
        label: JoSIM's, as `P(B1|XDUT)`.
        quantity: voltage, current or phase.
        nodes: the two between which a voltage or phase is meant; of a device its first two.
        device: position among the elements, or None for a node.
        line: of the deck, that asks for it.
        minus: another device's place, where the difference of the two is meant.
    """

    label: str
    quantity: Quantity
    nodes: tuple[int, int]
    device: int | None
    line: int = 0
    minus: Place | None = None


class Places:
    """Finds what a circuit's outputs mean.

    Args:
        circuit: the circuit.
    """

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
        self.resolver = None if circuit.netlist is None else Resolver(circuit.netlist)

    def place(self, output: Output) -> Place:
        """Names in the flat circuit, the two nodes meant, and the device of a current.

        Raises:
            NetlistError: an output names no device or node, or a coupling.
        """
        if self.resolver is None:
            raise NetlistError("a circuit without its netlist prints nothing")
        letter = _LETTERS[output.quantity]
        probes = self.resolver.probes(output)
        if probes[0].cell >= 0:
            places = [self._device(self._element(probe), output.quantity, output.line) for probe in probes]
            if len(places) == 1:
                return places[0]
            names = (self.circuit.elements[place.device or 0].name for place in places)
            return replace(places[0], label=f"{letter}({','.join(names)})", minus=places[1])
        found = [self._node(probe, output) for probe in probes]
        nodes = [node for _, node in found] + [GROUND]
        label = f"{letter}({','.join(name for name, _ in found)})"
        return Place(label, output.quantity, (nodes[0], nodes[1]), None, output.line)

    def _device(self, at: int, quantity: Quantity, line: int) -> Place:
        element = self.circuit.elements[at]
        if len(element.nodes) < 2:
            raise NetlistError(f"'{element.name}' has no voltage or current", file=element.file, line=element.line)
        label = f"{_LETTERS[quantity]}({element.name})"
        return Place(label, quantity, (element.nodes[0], element.nodes[1]), at, line)

    def _element(self, probe: Probe) -> int:
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
