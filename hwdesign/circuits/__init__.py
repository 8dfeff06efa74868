"""Circuit generators: arithmetic, logic, coding, clocked, random, and device-level seeds.

`GENERATORS` lists them, `generate` calls one by name; each is a plain function too.
"""

from hwdesign.circuits.adders import (
    adder_subtractor,
    carry_lookahead_adder,
    carry_select_adder,
    kogge_stone_adder,
    ripple_adder,
)
from hwdesign.circuits.analog import current_mirror, differential_pair, two_stage_opamp
from hwdesign.circuits.comparators import alu, comparator, popcount
from hwdesign.circuits.crc import crc_parallel, crc_serial, lfsr
from hwdesign.circuits.crossbar import crossbar, crossbar_netlist
from hwdesign.circuits.multipliers import array_multiplier, restoring_divider, wallace_multiplier
from hwdesign.circuits.random_logic import random_aig, random_logic
from hwdesign.circuits.registry import GENERATORS, Generator, Parameter, find_generator, generate
from hwdesign.circuits.sequential import counter, random_fsm, shift_register
from hwdesign.circuits.shifters import barrel_shifter, decoder, mux_tree, parity, priority_encoder
from hwdesign.circuits.sorters import bitonic_sorter, odd_even_sorter
from hwdesign.circuits.tables import random_function, sbox_aes, sbox_present

__all__ = [
    "GENERATORS",
    "Generator",
    "Parameter",
    "adder_subtractor",
    "alu",
    "array_multiplier",
    "barrel_shifter",
    "bitonic_sorter",
    "carry_lookahead_adder",
    "carry_select_adder",
    "comparator",
    "counter",
    "crc_parallel",
    "crc_serial",
    "crossbar",
    "crossbar_netlist",
    "current_mirror",
    "decoder",
    "differential_pair",
    "find_generator",
    "generate",
    "kogge_stone_adder",
    "lfsr",
    "mux_tree",
    "odd_even_sorter",
    "parity",
    "popcount",
    "priority_encoder",
    "random_aig",
    "random_fsm",
    "random_function",
    "random_logic",
    "restoring_divider",
    "ripple_adder",
    "sbox_aes",
    "sbox_present",
    "shift_register",
    "two_stage_opamp",
    "wallace_multiplier",
]
