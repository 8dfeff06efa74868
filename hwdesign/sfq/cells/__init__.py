"""The SFQ cells, by what they do."""

from hwdesign.sfq.cells.converters import DCSFQ
from hwdesign.sfq.cells.neural import Neuron, Synapse
from hwdesign.sfq.cells.wires import JTL, Merger, Splitter

__all__ = ["DCSFQ", "JTL", "Merger", "Neuron", "Splitter", "Synapse"]
