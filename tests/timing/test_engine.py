"""The engine on taped-out designs against OpenSTA's labels, and on small circuits by hand."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
import torch

from hwdesign.errors import NetlistError, UnsupportedError
from hwdesign.formats import read
from hwdesign.formats.liberty import read_liberty, read_liberty_text
from hwdesign.formats.sdc import read_sdc, read_sdc_text
from hwdesign.formats.spef import read_spef
from hwdesign.netlist.parasitics import Parasitics
from hwdesign.netlist.timing_library import TimingLibrary
from hwdesign.timing import (
    EARLY,
    FALL,
    LATE,
    RISE,
    TimingEngine,
    TimingGraph,
    build_graph,
    conditions_of,
    critical_paths,
    path_to,
    simple_conditions,
)

# A plain design, and three with loops, of which some lead through gated clocks.
DESIGNS = (
    "tt04/tt_um_adder_NestorMatajira",
    "tt04/tt_um_wokwi_375227079413963777",
    "tt04/tt_um_zeptobars",
    "tt05/tt_um_gharenthi_top",
)


@pytest.fixture(scope="module")
def library(shared_data: Path) -> TimingLibrary:
    return read_liberty(shared_data / "timing" / "tech" / "sky130hd_tt.lib.gz")


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def engine_of(folder: Path, library: TimingLibrary) -> TimingEngine:
    graph = build_graph(read(folder / "netlist.v.gz").top_module, library, read_spef(folder / "spef.gz"))
    return TimingEngine(graph, conditions_of(graph, read_sdc(folder / "constraints.sdc")))


@pytest.mark.parametrize("name", DESIGNS)
def test_arrivals_are_those_of_opensta(name: str, shared_data: Path, library: TimingLibrary) -> None:
    folder = shared_data / "timing" / name
    engine = engine_of(folder, library)
    with torch.no_grad():
        timing = engine()
    arrival, seen = timing.arrival.numpy(), 0
    with gzip.open(folder / "labels_pins.csv.gz", "rt") as text:
        for row in csv.DictReader(text):
            node = engine.graph.node_index[row["pin"]]
            for launch, prefix in enumerate(("at", "atn")):
                for mode, corner in ((LATE, "max"), (EARLY, "min")):
                    tags = arrival[node, mode][[launch, 2 + launch]]
                    for edge, letter in enumerate("rf"):
                        known = tags[:, edge][~np.isnan(tags[:, edge])]
                        label = row[f"{prefix}_{corner}_{letter}"]
                        assert (label != "") == (len(known) > 0), (row["pin"], prefix, corner, letter)
                        if label:
                            found = known.max() if mode == LATE else known.min()
                            bound = max(1e-3, 1e-3 * abs(float(label)))
                            assert abs(found - float(label)) <= bound, (row["pin"], prefix, corner, letter)
                            seen += 1
    assert seen > 300


def test_slacks_and_totals(shared_data: Path, library: TimingLibrary) -> None:
    folder = shared_data / "timing" / "tt04" / "tt_um_4_LUT_Baungarten"  # latches on the clock
    engine = engine_of(folder, library)
    with torch.no_grad():
        timing = engine()
    with gzip.open(folder / "labels_endpoints.csv.gz", "rt") as text:
        rows = [row for row in csv.DictReader(text) if row["setup_slack_r"]]
    assert len(rows) >= 16
    for mode, name in ((LATE, "setup"), (EARLY, "hold")):
        found = timing.endpoint_slack(mode)
        for row in rows:
            label = min(float(row[f"{name}_slack_{letter}"]) for letter in "rf" if row[f"{name}_slack_{letter}"])
            assert float(found[engine.graph.node_index[row["pin"]]]) == pytest.approx(label, abs=1e-3)
    assert float(timing.wns()) == 0.0 == float(timing.tns())


def test_gradients_reach_wires_and_tables(shared_data: Path, library: TimingLibrary) -> None:
    engine = engine_of(shared_data / "timing" / DESIGNS[0], library)
    wires = engine.graph.parasitics
    cap = torch.tensor(wires.node_cap, requires_grad=True)
    resistor = torch.tensor(wires.resistor, requires_grad=True)
    values = engine.delays.tables.values.requires_grad_()

    def cost(cap: torch.Tensor, resistor: torch.Tensor) -> torch.Tensor:
        return torch.nan_to_num(engine(cap, resistor).arrival[:, LATE]).square().sum()

    cost(cap, resistor).backward()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for value in (cap, resistor, values):
            assert value.grad is not None
            way = torch.rand(value.shape, generator=generator, dtype=torch.float64) * value
            predicted = float((value.grad * way).sum())
            step, ends = 1e-5, []
            for sign in (1, -1):
                value += sign * step * way
                ends.append(float(cost(cap, resistor)))
                value -= sign * step * way
            assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(predicted, rel=1e-4)


def test_without_gradients_the_kernel_gives_the_same(shared_data: Path, library: TimingLibrary) -> None:
    engine = engine_of(shared_data / "timing" / "tt04" / "tt_um_biased_trng", library)  # several drivers on a net
    cap = torch.tensor(engine.graph.parasitics.node_cap, requires_grad=True)
    with torch.no_grad():
        plain = engine()
    graded = engine(cap)
    assert graded.arrival.requires_grad and not plain.arrival.requires_grad
    for ours, theirs in ((plain.arrival, graded.arrival), (plain.delays.slew, graded.delays.slew)):
        assert torch.equal(ours.isnan(), theirs.isnan())
        assert float(torch.nan_to_num(ours - theirs.detach()).abs().max()) < 1e-8


def test_single_precision(shared_data: Path, library: TimingLibrary) -> None:
    engine = engine_of(shared_data / "timing" / DESIGNS[0], library)
    single = TimingEngine(engine.graph, engine.conditions, torch.float32)
    with torch.no_grad():
        double, found = engine().arrival, single().arrival
    assert found.dtype == torch.float32
    assert torch.equal(torch.isnan(found), torch.isnan(double))
    assert float(torch.nan_to_num(found - double).abs().max()) < 1e-4


LIBERTY = """library(l) { delay_model : table_lookup; time_unit : "1ns"; capacitive_load_unit(1, pf);
  lu_table_template(t) { variable_1 : input_net_transition; variable_2 : total_output_net_capacitance;
    index_1("0, 1"); index_2("0, 1"); }
  lu_table_template(c) { variable_1 : related_pin_transition; variable_2 : constrained_pin_transition;
    index_1("0, 1"); index_2("0, 1"); }
  cell(INV) { area : 1; pin(A) { direction : input; capacitance : 0.01; }
    pin(Y) { direction : output; function : "!A"; timing() { related_pin : "A"; timing_sense : negative_unate;
      cell_rise(t) { values("0.1, 1.1", "0.3, 1.3"); } cell_fall(t) { values("0.2, 1.2", "0.4, 1.4"); }
      rise_transition(t) { values("0, 2", "0, 2"); } fall_transition(t) { values("0, 2", "0, 2"); } } } }
  cell(ONE) { area : 1; pin(Y) { direction : output; function : "1"; } }
  cell(AND) { area : 1; pin(A) { direction : input; capacitance : 0; } pin(B) { direction : input; capacitance : 0; }
    pin(Y) { direction : output; function : "A&B";
      timing() { related_pin : "A B"; timing_sense : positive_unate;
      cell_rise(t) { values("0.1, 1.1", "0.1, 1.1"); } cell_fall(t) { values("0.1, 1.1", "0.1, 1.1"); }
      rise_transition(t) { values("0, 2", "0, 2"); } fall_transition(t) { values("0, 2", "0, 2"); } } } }
  cell(FF) { area : 1; ff(IQ, IQN) { clocked_on : "C"; next_state : "D"; }
    pin(C) { direction : input; clock : true; capacitance : 0; }
    pin(D) { direction : input; capacitance : 0;
      timing() { related_pin : "C"; timing_type : setup_rising;
        rise_constraint(c) { values("0.1, 0.1", "0.1, 0.1"); } fall_constraint(c) { values("0.2, 0.2", "0.2, 0.2"); } }
      timing() { related_pin : "C"; timing_type : hold_rising;
        rise_constraint(c) { values("0.05, 0.05", "0.05, 0.05"); }
        fall_constraint(c) { values("0.05, 0.05", "0.05, 0.05"); } } }
    pin(Q) { direction : output; function : "IQ"; timing() { related_pin : "C"; timing_type : rising_edge;
      cell_rise(t) { values("0.3, 1.3", "0.3, 1.3"); } cell_fall(t) { values("0.3, 1.3", "0.3, 1.3"); }
      rise_transition(t) { values("0, 2", "0, 2"); } fall_transition(t) { values("0, 2", "0, 2"); } } } }
}"""


def no_wires() -> Parasitics:
    none, empty = np.zeros(0, np.int32), np.zeros(0)
    zero = np.zeros(1, np.int64)
    return Parasitics((), zero, (), np.zeros(0, np.int8), empty, zero, none, none, empty, none, none, empty)


def small(tmp_path: Path, text: str) -> TimingGraph:
    file = tmp_path / "top.v"
    file.write_text(text)
    return build_graph(read(file).top_module, read_liberty_text(LIBERTY), no_wires())


def test_a_chain_by_hand(tmp_path: Path) -> None:
    graph = small(
        tmp_path,
        "module top(input c, input a, output y); wire n, q;"
        " INV i(.A(a), .Y(n)); FF f(.C(c), .D(n), .Q(q)); INV o(.A(q), .Y(y)); endmodule",
    )
    conditions = simple_conditions(graph, clock="c", period=2.0, input_slew=0.5, output_load=0.1)
    timing = TimingEngine(graph, conditions)()
    at = graph.node_index
    # Falling a, rising n: 0.1 + 0.5 · 0.2 and no load; the flip-flop's clock comes at 0.
    assert float(timing.arrival[at["f/D"], LATE, 2, RISE]) == pytest.approx(0.2)
    assert float(timing.arrival[at["f/D"], LATE, 2, FALL]) == pytest.approx(0.3)
    slack = timing.endpoint_slack()
    assert float(slack[at["f/D"]]) == pytest.approx(2.0 - 0.2 - 0.3)
    assert float(timing.endpoint_slack(EARLY)[at["f/D"]]) == pytest.approx(0.2 - 0.05)
    # Q drives 0.01 pF: 0.3 + 0.01, slew 0.02; then 0.2 + 0.02 · 0.2 + 0.1 of load for the falling edge.
    assert float(timing.arrival[at["y"], LATE, 2, FALL]) == pytest.approx(0.31 + 0.2 + 0.004 + 0.1)
    assert float(slack[at["y"]]) == pytest.approx(2.0 - 0.614)
    assert float(timing.required[at["f/C"], LATE, 0, RISE]) == pytest.approx(2.0 - 0.614)


def test_a_path_as_a_table(tmp_path: Path) -> None:
    graph = small(
        tmp_path, "module top(input c, output y); wire q, n; FF f(.C(c), .D(n), .Q(q)); INV i(.A(q), .Y(n));"
        " INV o(.A(n), .Y(y)); endmodule",
    )  # fmt: skip
    engine = TimingEngine(graph, simple_conditions(graph, clock="c", period=1.0, input_slew=0.5, output_load=0.1))
    timing = engine()
    worst = critical_paths(engine, timing, 5)
    assert [path.stops[-1].pin for path in worst] == ["y", "f/D"]
    assert (
        str(worst[0])
        == """\
Startpoint: f/C (FF, rising clock edge)
Endpoint:   y (port)
Path type:  late (set-up)

Fanout      Slew     Delay       Time   Pin
-------------------------------------------------
     1    0.5000    0.0000     0.0000 ^ c (port)
          0.5000    0.0000     0.0000 ^ f/C (FF)
     1    0.0200    0.3100     0.3100 ^ f/Q (FF)
          0.0200    0.0000     0.3100 ^ i/A (INV)
     2    0.0200    0.2140     0.5240 v i/Y (INV)
          0.0200    0.0000     0.5240 v o/A (INV)
     1    0.2000    0.2040     0.7280 ^ o/Y (INV)
          0.2000    0.0000     0.7280 ^ y (port)
-------------------------------------------------
         data required time    1.0000
          data arrival time    0.7280
                      slack    0.2720 (MET)"""
    )
    hold = path_to(engine, timing, "f/D", EARLY)
    assert hold.slack == pytest.approx(0.31 + 0.1 + 0.004 + 0.01 - 0.05) and not hold.falling
    with pytest.raises(NetlistError) as refused:
        path_to(engine, timing, "i/A")
    assert str(refused.value) == (
        "no timed path ends at 'i/A'; name a register's data pin or an output port that a clock reaches"
    )


def test_negative_slack_adds_up(tmp_path: Path) -> None:
    graph = small(
        tmp_path, "module top(input a, output y, output z); INV i(.A(a), .Y(y)); INV j(.A(y), .Y(z)); endmodule"
    )
    conditions = simple_conditions(graph, period=0.25, input_slew=0.0, output_load=0.1)
    timing = TimingEngine(graph, conditions)()
    slack = timing.endpoint_slack()[[graph.node_index["y"], graph.node_index["z"]]]
    assert (slack < 0).all()
    assert float(timing.wns()) == pytest.approx(float(slack.min()))
    assert float(timing.tns()) == pytest.approx(float(slack.sum()))


def test_constants_stop_paths(tmp_path: Path) -> None:
    graph = small(
        tmp_path,
        "module top(input a, output y, output z); wire one, zero; ONE t(.Y(one)); INV i(.A(one), .Y(zero));"
        " AND g(.A(a), .B(zero), .Y(y)); AND h(.A(a), .B(one), .Y(z)); endmodule",
    )
    at = graph.node_index
    assert [int(graph.constant[at[name]]) for name in ("t/Y", "i/Y", "y", "z", "h/A")] == [1, 0, 0, -1, -1]
    timing = TimingEngine(graph, simple_conditions(graph))()
    assert torch.isnan(timing.arrival[at["y"]]).all()
    assert not torch.isnan(timing.arrival[at["z"], LATE, 2]).any()


def test_paths_that_no_clock_launches(tmp_path: Path) -> None:
    """A ripple divider: the second register's clock is the first one's output, and only its output port is timed."""
    graph = small(
        tmp_path,
        "module top(input c, input a, output y); wire p, q, r, s; FF f(.C(c), .D(a), .Q(p)); INV i(.A(p), .Y(q));"
        " FF g(.C(q), .D(a), .Q(r)); INV o(.A(r), .Y(y)); INV j(.A(r), .Y(s)); FF h(.C(c), .D(s), .Q()); endmodule",
    )
    conditions = simple_conditions(graph, clock="c", period=4.0, input_slew=0.5, output_load=0.1)
    engine = TimingEngine(graph, conditions)
    timing, at = engine(), graph.node_index
    # From g's clock at 0: 0.3 + the input pins' 0.02 pF to g/Q, then the inverter's 0.2 or 0.1, 0.1 of load and slew.
    arrival = timing.arrival[at["y"], LATE]
    assert torch.isnan(arrival[:4]).all()
    slack = 4.0 - float(arrival[4].max())
    assert float(arrival[4, RISE]) == pytest.approx(0.3 + 0.02 + 0.1 + 0.1 + 0.2 * 0.04)
    assert float(timing.endpoint_slack()[at["y"]]) == pytest.approx(slack)
    assert float(timing.slack()[at["g/Q"]].min()) == pytest.approx(slack)
    assert float(timing.endpoint_slack(EARLY)[at["y"]]) == pytest.approx(float(timing.arrival[at["y"], EARLY, 4].min()))
    assert torch.isnan(timing.endpoint_slack()[at["h/D"]]) and torch.isnan(timing.endpoint_slack()[at["g/D"]])
    path = path_to(engine, timing, "y")
    assert path.unclocked and path.stops[0].pin == "g/C" and path.stops[-1].pin == "y"
    assert str(path).startswith("Startpoint: g/C (FF, no clock)\nEndpoint:   y (port)\n")


def test_a_loop_is_cut_and_said(tmp_path: Path) -> None:
    graph = small(
        tmp_path,
        "module top(input a, output y); wire n; AND g(.A(a), .B(y), .Y(n)); INV i(.A(n), .Y(y)); endmodule",
    )
    assert graph.findings == ("2 arc edges close loops and are left out of paths, the first at cell 'g'",)
    timing = TimingEngine(graph, simple_conditions(graph))()
    assert not torch.isnan(timing.arrival[graph.node_index["y"], LATE, 2]).any()


def test_parallel_drivers_share_their_load(tmp_path: Path) -> None:
    graph = small(
        tmp_path, "module top(input a, output y); INV i(.A(a), .Y(y)); INV j(.A(a), .Y(y)); endmodule"
    )  # fmt: skip
    timing = TimingEngine(graph, simple_conditions(graph, input_slew=0.0, output_load=0.1))()
    at = graph.node_index
    # Each inverter alone: 0.1 + 0.1 of load, slew 0.2.
    assert float(timing.arrival[at["y"], LATE, 2, RISE]) == pytest.approx(0.1 + 0.1 / 2)
    assert timing.delays.slew[at["y"]].tolist() == [[pytest.approx(0.1)] * 2] * 2


def test_refusals(tmp_path: Path) -> None:
    graph = small(tmp_path, "module top(input a, output y); INV i(.A(a), .Y(y)); endmodule")
    with pytest.raises(NetlistError) as refused:
        simple_conditions(graph, clock="b")
    assert str(refused.value) == "module 'top' has no input port 'b'; its inputs are a"
    with pytest.raises(NetlistError) as refused:
        small(tmp_path, "module top(input a, output y); NAND2 i(.A(a), .Y(y)); endmodule")
    assert str(refused.value).endswith(
        "1 cell types of module 'top' are not in library 'l': NAND2;"
        " read the Liberty library that the netlist was mapped to"
    )
    with pytest.raises(NetlistError) as refused:
        conditions_of(graph, read_sdc_text("set_load 0.1 [get_ports y]"))
    assert str(refused.value) == "the constraints make no clock, so no path is timed; add a create_clock"
    with pytest.raises(UnsupportedError) as unsupported:
        conditions_of(graph, read_sdc_text("create_clock -name a -period 1\ncreate_clock -name b -period 2\n"))
    assert (
        str(unsupported.value) == "the constraints make 2 clocks, and the engine times one; keep the clock to be timed"
    )


def test_constraints_that_are_read_over_are_named(tmp_path: Path) -> None:
    graph = small(tmp_path, "module top(input a, output y); INV i(.A(a), .Y(y)); endmodule")
    text = (
        "create_clock -name k -period 4 -waveform {1 3}\nset_input_delay 0.5 -clock k [get_ports a]\n"
        "set_output_delay 0.25 -clock k [get_ports y]\nset_clock_uncertainty 0.125 [get_clocks k]\n"
        "set_false_path -from [get_ports a]\nset_load 0.2 [get_ports y]\nset_input_transition 0.1 [get_ports a]\n"
    )
    conditions = conditions_of(graph, read_sdc_text(text))
    assert conditions.findings == ("set_false_path, set_multicycle_path and the like is read over",)
    assert conditions.clock_edges == (1.0, 3.0) and not conditions.propagated
    assert conditions.uncertainty == (0.125, 0.125)
    assert conditions.input_slew[0].tolist() == [0.1, 0.1] and conditions.output_load.tolist() == [0.0, 0.2]
    assert conditions.input_arrival[0].tolist() == [[0.5, 0.5]] * 2
    assert conditions.output_delay[1].tolist() == [[0.25, 0.25]] * 2
