"""A Josephson transmission line, the wire of single-flux-quantum logic.

Source: Likharev and Semenov, IEEE Trans. Appl. Supercond. 1 (1991): junctions with Stewart-McCumber parameter near 1,
biased at 0.7 of their critical current, L·Ic about half a flux quantum.
"""

from __future__ import annotations

from math import pi, sqrt

from hwdesign.circuits.registry import Limit, circuit
from hwdesign.netlist import Builder, Direction, Model, Netlist
from hwdesign.netlist.devices import CURRENT_SOURCE, INDUCTOR, JUNCTION, RESISTOR

GROUND = "0"
FLUX_QUANTUM = 2.067833848e-15  # Wb

# A 10 kA/cm² niobium process: one unit of area has a critical current of 0.1 mA and 70 fF.
JJ = Model("jmitll", "jj", {"rtype": 1.0, "vg": 2.8e-3, "cap": 0.07e-12, "r0": 160.0, "rn": 16.0, "icrit": 0.1e-3})


def shunt_resistance(critical_current: float, capacitance: float, beta_c: float) -> float:
    """Shunt, in ohm, that gives a junction the Stewart-McCumber parameter beta_c = 2π·Ic·R²·C/Φ0."""
    return sqrt(beta_c * FLUX_QUANTUM / (2 * pi * critical_current * capacitance))


@circuit(
    "jtl",
    "sfq",
    "Josephson transmission line",
    stages=Limit("junctions in the line", 1, 4096),
    icrit_ua=Limit("critical current of a junction, in microampere", 1.0, 10000.0),
    inductance_ph=Limit("inductance between two junctions, in picohenry", 0.01, 1000.0),
    bias=Limit("bias current over critical current", 0.0, 1.0),
    beta_c=Limit("Stewart-McCumber parameter of the shunted junction", 0.01, 100.0),
)
def josephson_transmission_line(
    stages: int = 4, icrit_ua: float = 250.0, inductance_ph: float = 4.0, bias: float = 0.7, beta_c: float = 1.0
) -> Netlist:
    """Ports in, out: one instance of the module `jtl_stage` (half inductor, junction, half inductor) a junction."""
    b = Builder(f"jtl_{stages}")
    b.models[JJ.name] = JJ
    b.global_nets.append(GROUND)
    current = icrit_ua / 1e6
    area = current / float(JJ.params["icrit"])
    half = inductance_ph / 2e12
    inner = b.module("jtl_stage")
    begin, end = inner.port("in", Direction.INOUT), inner.port("out", Direction.INOUT)
    node, ground = inner.net("j"), inner.net(GROUND)
    shunt = shunt_resistance(current, area * float(JJ.params["cap"]), beta_c)
    inner.cell(INDUCTOR, [begin, node], name="L1", params={"value": half})
    inner.cell(INDUCTOR, [node, end], name="L2", params={"value": half})
    inner.cell(JUNCTION, [node, ground], name="B1", params={"model": JJ.name, "area": area})
    inner.cell(RESISTOR, [node, ground], name="R1", params={"value": shunt})
    # The bias rises over 5 ps, so that the junctions settle instead of switching at time 0.
    ramp = f"pwl(0 0 5p {bias * current!r})"
    inner.cell(CURRENT_SOURCE, [ground, node], name="I1", params={"tran": ramp})
    m = b.top
    at = m.port("in", Direction.INOUT)
    last = m.port("out", Direction.INOUT)
    for stage in range(stages):
        following = last if stage == stages - 1 else m.net(f"n{stage}")
        m.instance("jtl_stage", {"in": at, "out": following}, name=f"X{stage}")
        at = following
    return b.freeze()
