"""One face to every simulator: the embedded engine, ngspice three ways, and JoSIM.

| engine | what it is | needs |
|---|---|---|
| `embedded` | our own kernel; batches, noise, both modes | nothing |
| `ngspice` | `ngspice -b`, a process a run | program `ngspice` |
| `ngspice-shared` | its shared library in a worker process under a watchdog | library `libngspice0` |
| `pyspice` | the same library through PySpice | `pip install 'hwdesign[pyspice]'` |
| `josim` | `josim-cli`, a process a run | program `josim-cli` |

    >>> from hwdesign.spice import compare, compile_deck, simulate
    >>> circuit = compile_deck("deck.cir")
    >>> compare(simulate(circuit), simulate(circuit, engine="ngspice")).agree

`run_deck` gives any deck (transistors, diodes, `.op`, `.dc`, `.ac`, `.tran`) to ngspice and returns its plots.
"""

from hwdesign.spice.engines.compare import Comparison, compare
from hwdesign.spice.engines.deck import run_deck
from hwdesign.spice.engines.face import simulate
from hwdesign.spice.engines.names import ENGINES, SPICE_ENGINES, EngineName, SpiceName
from hwdesign.spice.engines.rawfile import Plot, read_raw
from hwdesign.spice.engines.shared import NgspiceWorker

__all__ = [
    "ENGINES",
    "SPICE_ENGINES",
    "Comparison",
    "EngineName",
    "NgspiceWorker",
    "Plot",
    "SpiceName",
    "compare",
    "read_raw",
    "run_deck",
    "simulate",
]
