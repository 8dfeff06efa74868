"""Analog seeds in CMOS: current mirrors, a differential pair, a two-stage operational amplifier.

Model cards and sizes: Allen and Holberg, CMOS Analog Circuit Design, 2nd ed., table 3.1-2 and example 6.3-1. Widths and
lengths are given in micrometres and stored in metres.
"""

from __future__ import annotations

from hwdesign.circuits.registry import Limit, circuit
from hwdesign.netlist import Builder, Direction, Model, ModuleBuilder, Netlist
from hwdesign.netlist.devices import CAPACITOR, MOSFET

NCH = Model("nch", "nmos", {"level": 1.0, "vto": 0.7, "kp": 110e-6, "gamma": 0.4, "lambda": 0.04, "phi": 0.7})
PCH = Model("pch", "pmos", {"level": 1.0, "vto": -0.7, "kp": 50e-6, "gamma": 0.57, "lambda": 0.05, "phi": 0.8})

_LENGTH = Limit("channel length, in micrometres", 0.01, 100.0)


def _width(what: str) -> Limit:
    return Limit(f"channel width of {what}, in micrometres", 0.01, 10000.0)


class _Schematic:
    """Adds transistors of one length between named nets."""

    def __init__(self, name: str, ports: str, length_um: float) -> None:
        self.builder = Builder(name)
        self.m: ModuleBuilder = self.builder.top
        for model in (NCH, PCH):
            self.builder.models[model.name] = model
        for port in ports.split():
            self.m.port(port, Direction.INOUT)
        self.length = length_um / 1e6

    def mosfet(self, name: str, model: Model, terminals: str, width_um: float) -> None:
        """Transistor `name` with the nets 'drain gate source bulk'."""
        pins = [self.m.net(net) for net in terminals.split()]
        sizes: dict[str, float | str] = {"model": model.name, "w": width_um / 1e6, "l": self.length}
        self.m.cell(MOSFET, pins, name=name, params=sizes)

    def capacitor(self, name: str, p: str, n: str, farad: float) -> None:
        """Capacitor between two nets."""
        self.m.cell(CAPACITOR, [self.m.net(p), self.m.net(n)], name=name, params={"value": farad})


@circuit(
    "current-mirror",
    "analog",
    "NMOS current mirror, simple or cascode",
    outputs=Limit("mirrored outputs", 1, 64),
    cascode=Limit("stack a second transistor on each branch"),
    width_um=_width("each transistor"),
    length_um=_LENGTH,
)
def current_mirror(outputs: int = 1, cascode: bool = False, width_um: float = 10.0, length_um: float = 1.0) -> Netlist:
    """Ports iin, out0 .., vss: every output sinks the current that enters iin."""
    ports = " ".join(["iin", *(f"out{at}" for at in range(outputs)), "vss"])
    s = _Schematic("current_mirror_cascode" if cascode else "current_mirror", ports, length_um)
    gate = "mid" if cascode else "iin"
    for at, drain in enumerate(["iin", *(f"out{at}" for at in range(outputs))]):
        lower = drain
        if cascode:
            lower = f"x{at}" if at else "mid"
            s.mosfet(f"Mcas{at}", NCH, f"{drain} iin {lower} vss", width_um)
        s.mosfet(f"Mmir{at}", NCH, f"{lower} {gate} vss vss", width_um)
    return s.builder.freeze()


@circuit(
    "differential-pair",
    "analog",
    "NMOS differential pair with PMOS mirror load and mirrored tail current",
    input_um=_width("the input pair"),
    load_um=_width("the load mirror"),
    tail_um=_width("the tail mirror"),
    length_um=_LENGTH,
)
def differential_pair(
    input_um: float = 3.0, load_um: float = 15.0, tail_um: float = 4.5, length_um: float = 1.0
) -> Netlist:
    """Ports inp, inn, out, ibias (current in), vdd, vss. out rises with inp."""
    s = _Schematic("differential_pair", "inp inn out ibias vdd vss", length_um)
    # The mirror side carries inp, so that its current arrives at out as a source.
    s.mosfet("M1", NCH, "mirror inp tail vss", input_um)
    s.mosfet("M2", NCH, "out inn tail vss", input_um)
    s.mosfet("M3", PCH, "mirror mirror vdd vdd", load_um)
    s.mosfet("M4", PCH, "out mirror vdd vdd", load_um)
    s.mosfet("M5", NCH, "tail ibias vss vss", tail_um)
    s.mosfet("M8", NCH, "ibias ibias vss vss", tail_um)
    return s.builder.freeze()


@circuit(
    "opamp-two-stage",
    "analog",
    "two-stage Miller operational amplifier",
    input_um=_width("the input pair"),
    load_um=_width("the load mirror"),
    tail_um=_width("the tail mirror"),
    driver_um=_width("the PMOS output transistor"),
    sink_um=_width("the NMOS output sink"),
    length_um=_LENGTH,
    miller_pf=Limit("compensation capacitor, in picofarad", 0.001, 1000.0),
)
def two_stage_opamp(
    input_um: float = 3.0,
    load_um: float = 15.0,
    tail_um: float = 4.5,
    driver_um: float = 94.0,
    sink_um: float = 14.0,
    length_um: float = 1.0,
    miller_pf: float = 3.0,
) -> Netlist:
    """Ports inp, inn, out, ibias (30 µA in at the default sizes), vdd, vss; transistor numbers as in the example."""
    s = _Schematic("opamp_two_stage", "inp inn out ibias vdd vss", length_um)
    s.mosfet("M1", NCH, "mirror inn tail vss", input_um)
    s.mosfet("M2", NCH, "first inp tail vss", input_um)
    s.mosfet("M3", PCH, "mirror mirror vdd vdd", load_um)
    s.mosfet("M4", PCH, "first mirror vdd vdd", load_um)
    s.mosfet("M5", NCH, "tail ibias vss vss", tail_um)
    s.mosfet("M6", PCH, "out first vdd vdd", driver_um)
    s.mosfet("M7", NCH, "out ibias vss vss", sink_um)
    s.mosfet("M8", NCH, "ibias ibias vss vss", tail_um)
    s.capacitor("Cc", "first", "out", miller_pf / 1e12)
    return s.builder.freeze()
