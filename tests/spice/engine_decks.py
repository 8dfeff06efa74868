"""Decks for the tests of the engines."""

from __future__ import annotations


def jtl(stages: int = 10, *, step: str = "0.05p", stop: str = "60p") -> str:
    """A Josephson transmission line: Ic 250 µA, biased at 0.7 Ic, one pulse from a current source."""
    lines = ["* Josephson transmission line", "IIN 0 n1 pwl(0 0 15p 0 18p 300u 21p 0)"]
    for k in range(1, stages + 1):
        lines.append(f"L{k} n{k} n{k + 1} 4p" if k < stages else f"RL n{k} 0 4")
        lines += [f"B{k} n{k} 0 jm area=2.5", f"RS{k} n{k} 0 2.74", f"IB{k} 0 n{k} pwl(0 0 5p 175u)"]
    lines.append(".model jm jj(rtype=1, vg=2.8m, cap=0.07p, r0=160, rn=16, icrit=0.1m)")
    lines.append(f".tran {step} {stop} 0 {step}")
    lines += [f".print phase B{k}" for k in range(1, stages + 1)]
    return "\n".join([*lines, ".end", ""])


# Everything that a current, a voltage or a phase may be asked of.
MIXED = """* cells, coupling, controlled sources
IB 0 a pulse(0 900u 2p 3p 3p 40p 100p)
X1 a b cell
X2 b out cell
ROUT out c 3
VS c 0 dc 0
L5 d 0 10p
K1 LB|X1 L5 0.2
R5 d 0 5
E1 e 0 a 0 2
RE e f 50
C1 f 0 0.1p
G1 0 g b 0 0.01
RG g 0 10
F1 0 h VS 0.5
RH h 0 2
RZ h k 0
RK k 0 3
T1 a 0 t 0 z0=8 td=2p
RT t 0 8
.subckt cell in q
B1 in 0 jm area=2
R1 in 0 3
LB in q 4p
.ends
.model jm jj(rtype=1, vg=2.8m, cap=0.07p, r0=160, rn=16, icrit=0.1m)
.tran 0.05p 40p 0 0.05p
.end
""".replace("K1 LB|X1 L5 0.2\n", "L6 c2 0 10p\nR6 a c2 20\nK1 L6 L5 0.2\n")

DIVIDER = """* divider
V1 in 0 dc 2 ac 1
R1 in out 1k
R2 out 0 1k
C1 out 0 1n
.op
.dc V1 0 2 1
.ac dec 1 1k 10k
.tran 1u 10u
.end
"""
