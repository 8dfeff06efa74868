"""Single-flux-quantum circuits: process cards, cells, trees and test benches.

    >>> from hwdesign.sfq import JTL, output_pulses, testbench
    >>> from hwdesign.spice import compile_deck, simulate
    >>> result = simulate(compile_deck(testbench(JTL(stages=4), {"a": [20.0, 70.0]})))
    >>> len(output_pulses(result))
    2

A cell is a frozen data class: `netlist()` is its subcircuit, `place()` puts an instance into a larger netlist, and
`behaviour()` is what it should do. `CELLS` lists them by name.
"""

from hwdesign.sfq.cell import Cell, Port
from hwdesign.sfq.cells import DCSFQ, JTL, Merger, Neuron, Splitter, Synapse
from hwdesign.sfq.process import LINEAR_10KA, MITLL_SFQ5EE, PROCESSES, Process
from hwdesign.sfq.testbench import as_specified, bias_batch, bias_sources, input_pulses, output_pulses, testbench

__all__ = [
    "DCSFQ",
    "JTL",
    "LINEAR_10KA",
    "MITLL_SFQ5EE",
    "PROCESSES",
    "Cell",
    "Merger",
    "Neuron",
    "Port",
    "Process",
    "Splitter",
    "Synapse",
    "as_specified",
    "bias_batch",
    "bias_sources",
    "input_pulses",
    "output_pulses",
    "testbench",
]
