"""Small circuits as text."""

from __future__ import annotations

import numpy as np

from hwdesign.formats.spice import read_spice_text
from hwdesign.spice import Circuit, Transient, compile_deck, simulate

PHI0 = 2.067833831170082e-15
SIGMA = PHI0 / (2 * np.pi)
BOLTZMANN = 1.38064852e-23
MODES = ("josim", "newton")


def circuit(text: str, tran: str = "0.1p 100p") -> Circuit:
    """The circuit of a deck's element lines; JoSIM's dialect whatever they hold."""
    return compile_deck(read_spice_text(f"* test\n{text}\n.tran {tran}\n.end\n", file="test.cir", dialect="josim"))


def run(text: str, signals: list[str], tran: str = "0.1p 100p", **options: object) -> Transient:
    return simulate(circuit(text, tran), signals=signals, **options)  # type: ignore[arg-type]


def jtl(length: int, bias: str = "175u", rtype: int = 1) -> str:
    """A string of shunted junctions of 250 uA, driven by one current pulse."""
    lines = ["IIN 0 a pwl(0 0 10p 0 13p 600u 16p 0)", "LIN a 1 2p"]
    for k in range(1, length + 1):
        lines += [f"B{k} {k} 0 m area=2.5", f"R{k} {k} 0 2.744", f"IB{k} 0 {k} pwl(0 0 5p {bias})"]
        if k < length:
            lines.append(f"L{k} {k} {k + 1} 4.136p")
    lines += [f"LO {length} out 2.07p", "RO out 0 2"]
    lines.append(f".model m jj(rtype={rtype}, vg=2.8m, cap=0.07p, r0=160, rn=16, icrit=0.1m)")
    return "\n".join(lines)
