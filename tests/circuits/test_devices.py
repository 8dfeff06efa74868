"""Device-level generators: what their netlists do, by nodal analysis, by ngspice, and by integrating the junctions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hwdesign.circuits import crossbar_netlist, generate
from hwdesign.errors import NetlistError
from hwdesign.formats.spice.writer import spice_text
from hwdesign.netlist import Module, Netlist
from hwdesign.tools import run_tool
from tests.conftest import require_tool

LEVEL = np.array([[1e-4, 2e-5, 5e-6], [3e-5, 1e-4, 1e-5]])


def column_currents(module: Module, voltage: NDArray[np.float64], columns: int) -> NDArray[np.float64]:
    """Currents into grounded columns, by nodal analysis over the resistors of a netlist."""
    count = module.num_nets
    laplacian = np.zeros((count, count))
    for cell in range(module.num_cells):
        (_, p, _), (_, n, _) = module.pins_of(cell)
        g = 1.0 / float(module.param(cell, "value"))
        laplacian[[p, n], [p, n]] += g
        laplacian[[p, n], [n, p]] -= g
    nets = {label: int(net) for label, net in zip(module.port_labels(), module.port_net, strict=True)}
    fixed = {nets[f"row[{i}]"]: v for i, v in enumerate(voltage)} | {nets[f"col[{j}]"]: 0.0 for j in range(columns)}
    free = [net for net in range(2, count) if net not in fixed]
    potential = np.zeros(count)
    potential[list(fixed)] = list(fixed.values())
    if free:
        known = laplacian[np.ix_(free, list(fixed))] @ np.array(list(fixed.values()))
        potential[free] = np.linalg.solve(laplacian[np.ix_(free, free)], -known)
    currents = laplacian @ potential
    return -np.array([currents[nets[f"col[{j}]"]] for j in range(columns)])


def test_ideal_crossbar_multiplies() -> None:
    voltage = np.array([0.2, -0.1])
    module = crossbar_netlist(LEVEL).top_module
    assert module.type_counts() == {"R": 6}
    np.testing.assert_allclose(column_currents(module, voltage, 3), voltage @ LEVEL, rtol=1e-12, atol=1e-18)


def test_wires_add_their_segments() -> None:
    # One row, one column: row segment, device, column segment in series.
    single = crossbar_netlist(np.array([[1e-3]]), wire_resistance=50.0).top_module
    np.testing.assert_allclose(column_currents(single, np.array([1.0]), 1), [1 / 1100.0], rtol=1e-12)
    # One row of two devices: the second lies one row segment further.
    pair = crossbar_netlist(np.array([[1e-3, 1e-3]]), wire_resistance=100.0).top_module
    node = (1 / 100) / (1 / 100 + 1 / 1100 + 1 / 1200)
    np.testing.assert_allclose(column_currents(pair, np.array([1.0]), 2), [node / 1100, node / 1200], rtol=1e-12)
    # Wires only lose current, and vanish in the limit.
    voltage = np.array([0.3, 0.3])
    lossy, fine = (
        column_currents(crossbar_netlist(LEVEL, wire_resistance=r).top_module, voltage, 3) for r in (200.0, 1e-6)
    )
    assert (lossy < fine).all()
    np.testing.assert_allclose(fine, voltage @ LEVEL, rtol=1e-6)


def test_random_crossbar_levels() -> None:
    module = generate("crossbar", rows=20, cols=30, levels=3, r_on=1e4, r_off=1e5, wire_resistance=0.0).top_module
    values = {round(1e9 / float(module.param(cell, "value"))) for cell in range(module.num_cells)}
    assert values == {10_000, 55_000, 100_000}  # in nS
    assert set(module.cell_labels()) == {f"Rcell{i}_{j}" for i in range(20) for j in range(30)}


@pytest.mark.parametrize(
    ("conductance", "keywords", "words"),
    [
        (np.zeros((2, 2)), {}, "the conductances are no matrix of positive numbers"),
        (np.ones(3), {}, "the conductances are no matrix of positive numbers"),
        (LEVEL, {"device": "memristor", "r_on": 5.0, "r_off": 2.0}, "r_on 5 is not below r_off 2"),
        (LEVEL, {"device": "memristor", "r_on": 2e4}, "resistances of 10000 to 200000 ohm are outside 20000 to 1e+06"),
    ],
)
def test_crossbar_refusals(conductance: NDArray[np.float64], keywords: dict[str, object], words: str) -> None:
    with pytest.raises(NetlistError) as error:
        crossbar_netlist(conductance, **keywords)  # type: ignore[arg-type]
    assert str(error.value).startswith(words)


def spice(netlist: Netlist, bench: list[str], folder: Path) -> dict[str, float]:
    """What `print` shows of a test bench around a generated subcircuit."""
    require_tool("ngspice")
    text = spice_text(netlist)
    deck = folder / "bench.cir"
    deck.write_text(text.removesuffix("\n").removesuffix(".end") + "\n".join([*bench, ".end", ""]))
    shown = run_tool(["ngspice", "-b", deck.name], cwd=folder, timeout_s=60, memory_mb=None, check=False).stdout
    values = {}
    for line in shown.splitlines():
        name, equals, value = line.partition(" = ")
        if equals:
            values[name.strip().lower()] = float(value.split()[0])
    assert values, shown
    return values


def control(*lines: str) -> list[str]:
    return [".control", *lines, ".endc"]


def test_crossbar_in_ngspice_agrees_with_nodal_analysis(tmp_path: Path) -> None:
    netlist = crossbar_netlist(LEVEL, wire_resistance=75.0)
    ports = ["r1", "r0", "0", "0", "c0"]  # columns 2 and 1 at ground, column 0 through a probe
    bench = [
        "V0 r0 0 0.2",
        "V1 r1 0 0.5",
        "Vc c0 0 0",
        f"Xdut {' '.join(ports)} crossbar",
        *control("op", "print i(vc)"),
    ]
    wanted = column_currents(netlist.top_module, np.array([0.2, 0.5]), 3)[0]
    assert spice(netlist, bench, tmp_path)["i(vc)"] == pytest.approx(wanted, rel=1e-5)


def test_memristor_drifts_as_strukov_and_joglekar_say(tmp_path: Path) -> None:
    netlist = crossbar_netlist(np.array([[1 / 5e3]]), device="memristor", r_on=1e3, r_off=1e4)
    lines = ["tran 20u 4m uic", "let final=v(xdut.xcell0_0.x)[length(time)-1]", "print final"]
    final = spice(netlist, ["V0 r 0 1", "Xdut r 0 crossbar", *control(*lines)], tmp_path)["final"]
    x, steps = (1e4 - 5e3) / 9e3, 20000
    for _ in range(steps):
        current = 1.0 / (1e3 * x + 1e4 * (1 - x))
        x += 4e-3 / steps * (1e-14 / 1e-8**2 * 1e3 * current * (1 - (2 * x - 1) ** 2))
    assert x > 0.63
    assert final == pytest.approx(x, rel=1e-3)


def test_opamp_gain_and_polarity(tmp_path: Path) -> None:
    # Unity feedback at direct current through a huge inductor, driven open-loop at 1 Hz: Allen and Holberg's example
    # 6.3-1 finds a gain of 7696.
    bench = [
        "Vdd vdd 0 2.5",
        "Vss vss 0 -2.5",
        "Ib vdd ib 30u",
        "Vin inp 0 dc 0 ac 1",
        "Lfb out inn 1e9",
        "Cfb inn 0 1",
        "Cl out 0 10p",
        "Xdut inp inn out ib vdd vss opamp_two_stage",
        *control("op", "print v(out)", "ac lin 1 1 1", "print vr(out)"),
    ]
    values = spice(generate("opamp-two-stage"), bench, tmp_path)
    assert abs(values["v(out)"]) < 0.01
    assert 4000 < values["vr(out)"] < 15000


def test_differential_pair_polarity(tmp_path: Path) -> None:
    bench = [
        "Vdd vdd 0 2.5",
        "Vss vss 0 -2.5",
        "Ib vdd ib 30u",
        "Vinn inn 0 0",
        "Vinp inp 0 dc 0 ac 1",
        "Xdut inp inn out ib vdd vss differential_pair",
        *control("ac lin 1 1 1", "print vr(out)"),
    ]
    assert 20 < spice(generate("differential-pair"), bench, tmp_path)["vr(out)"] < 500


@pytest.mark.parametrize("cascode", [False, True])
def test_current_mirror_copies(cascode: bool, tmp_path: Path) -> None:
    name = "current_mirror_cascode" if cascode else "current_mirror"
    bench = ["Vdd vdd 0 5", "Iin vdd in 50u", "V0 vdd o0 1", "V1 vdd o1 1", f"Xdut in o0 o1 0 {name}"]
    bench += control("op", "print i(v0)", "print i(v1)")
    values = spice(generate("current-mirror", outputs=2, cascode=cascode), bench, tmp_path)
    error = abs(values["i(v0)"] / 50e-6 - 1)
    assert values["i(v0)"] == pytest.approx(values["i(v1)"])
    assert error < (0.01 if cascode else 0.15)
