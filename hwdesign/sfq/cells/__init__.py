"""The SFQ cells, by what they do."""

from hwdesign.sfq.cells.converters import DCSFQ, SFQDC
from hwdesign.sfq.cells.gates import AND, NOT, OR, XOR
from hwdesign.sfq.cells.lines import PTL, PTLDriver, PTLReceiver
from hwdesign.sfq.cells.neural import Neuron, Synapse
from hwdesign.sfq.cells.storage import DFF, NDRO
from hwdesign.sfq.cells.wires import JTL, Merger, Splitter

__all__ = [
    "AND",
    "DCSFQ",
    "DFF",
    "JTL",
    "NDRO",
    "NOT",
    "OR",
    "PTL",
    "SFQDC",
    "XOR",
    "Merger",
    "Neuron",
    "PTLDriver",
    "PTLReceiver",
    "Splitter",
    "Synapse",
]
