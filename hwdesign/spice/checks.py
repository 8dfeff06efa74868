"""What is wrong with a circuit before it is simulated: floating nodes, loops that fix a voltage twice, couplings."""

from __future__ import annotations

import contextlib

import numpy as np

from hwdesign.errors import NetlistError
from hwdesign.spice.circuit import GROUND, Circuit, Element
from hwdesign.spice.inductors import LEAST_EIGENVALUE, coupled_groups, coupling_factors

_CONDUCTS = frozenset("RLCBVPTEH")
"""Kinds that give a node a way to ground."""


class Groups:
    """Disjoint sets of nodes, ground among them."""

    def __init__(self, nodes: int) -> None:
        self.parent = list(range(nodes + 1))

    def find(self, node: int) -> int:
        """The node that stands for a set."""
        at = node + 1
        while self.parent[at] != at:
            self.parent[at] = self.parent[self.parent[at]]
            at = self.parent[at]
        return at

    def join(self, a: int, b: int) -> bool:
        """Put two sets together; whether they were apart."""
        first, second = self.find(a), self.find(b)
        self.parent[second] = first
        return first != second


def branches(element: Element) -> list[tuple[int, int]]:
    """Pairs of nodes that an element joins by a current of its own."""
    nodes = element.nodes
    if element.kind == "T" or (element.kind in "FH" and len(nodes) == 4):
        return [(nodes[0], nodes[1]), (nodes[2], nodes[3])]
    return [] if element.kind == "K" else [(nodes[0], nodes[1])]


def check(circuit: Circuit) -> None:
    """Refuse a circuit whose equations have no single solution.

    Raises:
        NetlistError: an empty circuit, a floating node, a loop of inductors and sources that fix the voltage, or
            couplings of which no inductors are capable.
    """
    if not circuit.elements:
        raise NetlistError("the circuit has no elements", file=circuit.file or None)
    _floating(circuit)
    _loops(circuit)
    _couplings(circuit)


def _couplings(circuit: Circuit) -> None:
    """Refuse coupling factors by which some currents would have a negative magnetic energy."""
    couplings = [element for element in circuit.elements if element.kind == "K"]
    for group in coupled_groups(circuit, {other for element in couplings for other in element.others}):
        if len(group) < 3:
            continue  # a factor between -1 and 1 is all that two need
        factors = coupling_factors(circuit, group)[0]
        with contextlib.suppress(np.linalg.LinAlgError):
            np.linalg.cholesky(factors - LEAST_EIGENVALUE * np.eye(len(group)))
            continue
        values, vectors = np.linalg.eigh(factors)
        # The currents of the negative energy tell which inductors it takes.
        size = np.abs(vectors[:, 0])
        guilty = {at for at, share in zip(group, size, strict=True) if share > 0.1 * size.max()}
        involved = [k for k in couplings if len(guilty.intersection(k.others)) > 1 and k.value]
        names = ", ".join(f"'{k.name}' (line {k.line})" for k in involved[:8])
        raise involved[-1].error(
            f"no inductors couple as {names}{' ...' if len(involved) > 8 else ''} say together: "
            f"their matrix has the negative eigenvalue {values[0]:.3g}",
            "weaken one of the factors, or turn its sign",
        )


def _floating(circuit: Circuit) -> None:
    groups = Groups(len(circuit.nodes))
    for element in circuit.elements:
        if element.kind in _CONDUCTS and not (element.kind == "C" and element.value == 0):
            for a, b in branches(element):
                groups.join(a, b)
        elif element.kind in "FH":
            for a, b in branches(element)[1:]:
                groups.join(a, b)
    ground = groups.find(GROUND)
    for element in circuit.elements:
        for node in element.nodes:
            if groups.find(node) != ground:
                raise element.error(
                    f"node '{circuit.nodes[node]}' floats: it has no way to ground but through current sources"
                    if element.kind in "IG"
                    else f"node '{circuit.nodes[node]}' floats: nothing joins it to ground",
                    "connect it to ground, by a large resistor if need be",
                )


def fixes_phase(element: Element) -> bool:
    """Whether an element fixes the phase between its nodes whatever the current."""
    return element.kind in "VPEH" or (element.kind in "RL" and element.value == 0)


def _loops(circuit: Circuit) -> None:
    groups = Groups(len(circuit.nodes))
    for element in circuit.elements:
        fixed = branches(element)[:1] if fixes_phase(element) else []
        if element.kind in "FH" and len(element.nodes) == 4:
            fixed.append(branches(element)[1])
        for a, b in fixed:
            if not groups.join(a, b):
                what = "inductors without inductance" if element.kind in "RL" else "sources that fix the voltage"
                raise element.error(
                    f"element '{element.name}' closes a loop of {what}: its current is not determined",
                    "give one of the loop's elements an inductance or a resistance",
                )
