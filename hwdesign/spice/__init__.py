"""Circuit simulation of superconducting decks: compile a deck, simulate it, or thousands of variants of it at once.

    >>> from hwdesign.spice import compile_deck, simulate
    >>> circuit = compile_deck("deck.cir")
    >>> result = simulate(circuit, step=0.05e-12, stop=200e-12)
    >>> result.signals["P(B1|XDUT)"], result.pulses.of("B1|XDUT")
    >>> yields = simulate(circuit, batch={"B1|XDUT": areas, "IB1|XDUT": currents}, waves=False)

`simulate(circuit, engine="ngspice")` gives the same result from another simulator; see `hwdesign.spice.engines`.
`Circuit.parameters` lists what a batch may set. Names are JoSIM's: `B1|XDUT` is junction B1 of instance XDUT.
"""

from hwdesign.spice.batch import Noisy
from hwdesign.spice.circuit import Circuit, Element
from hwdesign.spice.compile import compile_deck
from hwdesign.spice.engines import ENGINES, Comparison, Plot, compare, run_deck, simulate
from hwdesign.spice.result import Pulses, Transient, print_rows

__all__ = [
    "ENGINES",
    "Circuit",
    "Comparison",
    "Element",
    "Noisy",
    "Plot",
    "Pulses",
    "Transient",
    "compare",
    "compile_deck",
    "print_rows",
    "run_deck",
    "simulate",
]
