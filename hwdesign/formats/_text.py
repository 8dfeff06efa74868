"""What the writers share: a module's pins and labels as plain lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hwdesign.errors import NetlistError
from hwdesign.netlist.module import INVERTED, Module
from hwdesign.netlist.types import CellType, Kind


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as a writer needs it.

    Attributes:
        id: cell id.
        type: its type.
        nets: net of each role, -1 where open or missing.
        inverted: flag of each role.
    """

    id: int
    type: CellType
    nets: list[int]
    inverted: list[bool]


def cells(module: Module) -> Iterator[Cell]:
    """Every cell of a module, in order."""
    types = module.library.types
    pin_ptr, pin_net = module.pin_ptr.tolist(), module.pin_net.tolist()
    pin_role, pin_flags = module.pin_role.tolist(), module.pin_flags.tolist()
    for at, type_id in enumerate(module.cell_type.tolist()):
        cell_type = types[type_id]
        nets, inverted = [-1] * len(cell_type.roles), [False] * len(cell_type.roles)
        for pin in range(pin_ptr[at], pin_ptr[at + 1]):
            nets[pin_role[pin]] = pin_net[pin]
            inverted[pin_role[pin]] = bool(pin_flags[pin] & INVERTED)
        yield Cell(at, cell_type, nets, inverted)


def shown_names(module: Module) -> tuple[list[str], list[int]]:
    """Net labels for a format in which a port is a net of the same name, and the ports that then need an assignment.

    A net that shows at a port keeps its own name where it has one; a nameless one takes the port's. Ports whose net
    goes by another name, constants and inverted outputs are returned as port ids.
    """
    labels = module.net_labels()
    ports = module.port_labels()
    unnamed = set((module.net_name < 0).nonzero()[0].tolist()) - {0, 1}
    # A net called like a port that shows another net would become that port's net.
    at_port = dict(zip(ports, module.port_net.tolist(), strict=True))
    taken = set(labels) | set(ports)
    for net in range(2, len(labels)):
        if at_port.get(labels[net], net) != net:
            while labels[net] in taken:
                labels[net] += "$net"
            taken.add(labels[net])
    taken = set(labels)
    other = []
    for port, (net, flags) in enumerate(zip(module.port_net.tolist(), module.port_flags.tolist(), strict=True)):
        if net in unnamed and not flags & INVERTED and ports[port] not in taken:
            labels[net] = ports[port]
            taken.add(ports[port])
            unnamed.discard(net)
        if labels[net] != ports[port] or flags & INVERTED:
            other.append(port)
    return labels, other


def refuse_kinds(module: Module, kinds: tuple[Kind, ...], language: str, mend: str) -> None:
    """Raise NetlistError where a cell's kind cannot be held by a format."""
    held = module.library.of_kind(*kinds)
    for at, type_id in enumerate(module.cell_type.tolist()):
        if held[type_id]:
            raise NetlistError(
                f"{language} cannot hold cell '{module.cell_label(at)}' of type '{module.library[type_id].name}'",
                file=module.file or None,
                line=int(module.cell_line[at]),
                mend=mend,
            )
