"""Single-flux-quantum circuits: process cards, cells, trees and test benches.

    >>> from hwdesign.sfq import JTL, output_pulses, testbench
    >>> from hwdesign.spice import compile_deck, simulate
    >>> result = simulate(compile_deck(testbench(JTL(stages=4), {"a": [20.0, 70.0]})))
    >>> len(output_pulses(result))
    2

A cell is a frozen data class: `netlist()` is its subcircuit, `place()` puts an instance into a larger netlist, and
`behaviour()` is what it should do. `CELLS` lists them by name.
"""

from hwdesign.sfq.bench import (
    as_specified,
    bias_batch,
    bias_sources,
    demo_stimuli,
    input_pulses,
    level_changes,
    output_pulses,
    stimulus,
    testbench,
)
from hwdesign.sfq.cell import Cell, Port
from hwdesign.sfq.cells import (
    AND,
    DCSFQ,
    DFF,
    JTL,
    NDRO,
    NOT,
    OR,
    PTL,
    SFQDC,
    XOR,
    Merger,
    Neuron,
    PTLDriver,
    PTLReceiver,
    Splitter,
    Synapse,
)
from hwdesign.sfq.fanout import fan_out_check, insert_splitters
from hwdesign.sfq.library import CELLS, cell_types, find_cell, make_cell, structural
from hwdesign.sfq.process import LINEAR_10KA, MITLL_SFQ5EE, PROCESSES, Process
from hwdesign.sfq.trees import FanIn, FanOut, fan_in, fan_out

__all__ = [
    "AND",
    "CELLS",
    "DCSFQ",
    "DFF",
    "JTL",
    "LINEAR_10KA",
    "MITLL_SFQ5EE",
    "NDRO",
    "NOT",
    "OR",
    "PROCESSES",
    "PTL",
    "SFQDC",
    "XOR",
    "Cell",
    "FanIn",
    "FanOut",
    "Merger",
    "Neuron",
    "PTLDriver",
    "PTLReceiver",
    "Port",
    "Process",
    "Splitter",
    "Synapse",
    "as_specified",
    "bias_batch",
    "bias_sources",
    "cell_types",
    "demo_stimuli",
    "fan_in",
    "fan_out",
    "fan_out_check",
    "find_cell",
    "input_pulses",
    "insert_splitters",
    "level_changes",
    "make_cell",
    "output_pulses",
    "stimulus",
    "structural",
    "testbench",
]
