"""The Liberty reader: text to columns."""

from __future__ import annotations

import gzip
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdesign.formats.liberty import read_liberty, read_liberty_text
from hwdesign.netlist.timing_library import ArcKind, Axis, PinDirection, Storage, TimingLibrary
from tests.formats.liberty_text import HEAD, INVERTER, TEMPLATE, cell, library, table


def one_table(lib: TimingLibrary, row: int = 0) -> tuple[list[float], list[float], list[list[float]]]:
    """Rows, columns and values of a table without its padding."""
    rows, cols = lib.table_shape[row].tolist()
    return (
        lib.table_rows[row, :rows].tolist(),
        lib.table_cols[row, :cols].tolist(),
        lib.table_values[row, :rows, :cols].tolist(),
    )


def test_inverter() -> None:
    lib = read_liberty_text(library(TEMPLATE, INVERTER), file="tiny.lib")
    assert (lib.name, lib.cell_names, lib.pin_names, lib.file) == ("tiny", ("INV",), ("A", "Y"), "tiny.lib")
    assert lib.cell_area.tolist() == [2.5]
    assert lib.pin_ptr.tolist() == [0, 2]
    assert lib.pin_direction.tolist() == [PinDirection.INPUT, PinDirection.OUTPUT]
    assert lib.pin_cap.tolist() == [[0.002, 0.002], [0.0, 0.0]]
    assert lib.pin_function == (None, "!A")
    assert lib.arc_ptr.tolist() == [0, 1]
    assert (lib.arc_from.tolist(), lib.arc_to.tolist()) == ([0], [1])
    assert lib.arc_kind.tolist() == [ArcKind.COMBINATIONAL]
    assert lib.arc_sense.tolist() == [-1]  # from the function, since the arc states none
    assert lib.arc_table.tolist() == [[0, -1, -1, -1]]
    assert lib.table_axes.tolist() == [[Axis.INPUT_SLEW, Axis.LOAD]]
    assert one_table(lib) == ([0.1, 0.4], [0.01, 0.02, 0.04], [[1, 2, 3], [4, 5, 6]])
    assert lib.cell("INV") == 0
    assert lib.pin(0, "Y") == 1
    assert math.isnan(lib.default_max_slew)
    assert lib.cell_storage == (None,)


def test_thresholds_defaults_and_wire_loads() -> None:
    head = (
        HEAD
        + """
      nom_voltage : 1800; voltage_unit : "1mV"; nom_process : 1; nom_temperature : 25;
      input_threshold_pct_rise : 40; output_threshold_pct_fall : 60; slew_lower_threshold_pct_rise : 10;
      slew_upper_threshold_pct_fall : 90; slew_derate_from_library : 0.5;
      default_max_transition : 1.5; default_input_pin_cap : 0.003; default_output_pin_cap : 0.001;
      pulling_resistance_unit : "10ohm"; default_wire_load : "small";
      wire_load (small) {
        resistance : 2; capacitance : 0.5; slope : 4;
        fanout_length (2, 20); fanout_length (1, 10);
      }
    """
    )
    lib = read_liberty_text(
        library(
            cell("C", "pin (A) { direction : input; }", "pin (Y) { direction : output; max_capacitance : 0.2; }"),
            cell("D", "pin (A) { direction : input; fall_capacitance : 0.005; max_transition : 2; clock : true; }"),
            head=head,
        )
    )
    assert lib.nominal == (1.0, 25.0, 1.8)
    assert lib.input_threshold == (0.4, 0.5)
    assert lib.output_threshold == (0.5, 0.6)
    assert lib.slew_lower == (0.1, 0.2)
    assert lib.slew_upper == (0.8, 0.9)
    assert lib.slew_derate == 0.5
    assert lib.default_max_slew == 1.5
    assert lib.pin_cap.tolist() == [[0.003, 0.003], [0.001, 0.001], [0.003, 0.005]]
    assert lib.pin_max_slew.tolist() == [1.5, 1.5, 2.0]
    assert np.isnan(lib.pin_max_cap[[0, 2]]).all()
    assert lib.pin_max_cap[1] == 0.2
    assert lib.pin_is_clock.tolist() == [False, False, True]
    wire = lib.wire_loads[lib.default_wire_load]
    assert (wire.resistance, wire.capacitance) == (0.02, 0.5)
    assert [wire.net_length(n) for n in (1, 1.5, 2, 5)] == [10.0, 15.0, 20.0, 32.0]


@pytest.mark.parametrize(
    ("head", "slew", "load"),
    [
        ('time_unit : "10ps"; capacitive_load_unit (10, ff);', 0.01, 0.01),
        ("time_unit : 1ns; capacitive_load_unit (1,pf);", 1.0, 1.0),
        ('time_unit : "100ps"; capacitive_load_unit ("0.1","pF");', 0.1, 0.1),
        ("capacitive_load_unit (1, ff);", 1.0, 0.001),
    ],
)
def test_units(head: str, slew: float, load: float) -> None:
    lib = read_liberty_text(library(TEMPLATE, INVERTER, head=f"library (l) {{ {head}\n"))
    rows, cols, values = one_table(lib)
    assert rows == pytest.approx([0.1 * slew, 0.4 * slew], rel=1e-15)
    assert cols == pytest.approx([0.01 * load, 0.02 * load, 0.04 * load], rel=1e-15)
    assert values[1] == pytest.approx([4 * slew, 5 * slew, 6 * slew], rel=1e-15)
    assert lib.pin_cap[0, 0] == pytest.approx(0.002 * load, rel=1e-15)


def test_every_way_to_write_values() -> None:
    odd = r"""/* a comment with { and " */ // and another with }
    library ("odd") { delay_model : "table_lookup" ; time_unit:"1ns";capacitive_load_unit(1.0,pf) ;
      lu_table_template (t) { variable_1 : "total_output_net_capacitance"; variable_2 : input_transition_time;
        index_1 (1 2 3); index_2 ("1 2"); }
      cell ("A") { pin ("Y") { direction : output
        timing () { related_pin : "P Q" ; timing_sense : positive_unate;
          cell_rise (t) { index_1 : "0.1 0.2 0.3"; values ( \
            "1, 2", \
            "3, 4,
             5" 6 ); }
          rise_transition (scalar) { values ("+7.5e-1"); };
        } }
        pin (P, Q) { direction : "input" ; }
        pin (Z) { direction : output; function : "P &\
Q"; }
      } }"""
    lib = read_liberty_text(odd)
    assert lib.pin_names == ("Y", "P", "Q", "Z")
    assert lib.pin_function[-1] == "P & Q"
    assert lib.arc_from.tolist() == [1, 2]
    assert lib.arc_table.tolist() == [[0, -1, 1, -1]] * 2
    # The file has the load first: rows are the slew all the same.
    assert one_table(lib) == ([1, 2], [0.1, 0.2, 0.3], [[1, 3, 5], [2, 4, 6]])
    assert one_table(lib, 1) == ([0], [0], [[0.75]])
    assert lib.table_axes.tolist() == [[Axis.INPUT_SLEW, Axis.LOAD], [Axis.NONE, Axis.NONE]]


def test_tables_of_one_axis() -> None:
    templates = """
      lu_table_template (slew) { variable_1 : input_net_transition; index_1 ("1, 2"); }
      lu_table_template (load) { variable_1 : total_output_net_capacitance; index_1 ("1, 2"); }
      lu_table_template (check) { variable_1 : constrained_pin_transition; index_1 ("1, 2"); }
    """
    timing = "timing () { related_pin : A; cell_rise (slew) { values (3, 4); } cell_fall (load) { values (5, 6); } }"
    hold = "timing () { related_pin : A; timing_type : hold_rising; rise_constraint (check) { values (7, 8); } }"
    pins = "pin (A) { direction : input; }", f"pin (Y) {{ direction : output; {timing} {hold} }}"
    lib = read_liberty_text(library(templates, cell("C", *pins)))
    assert lib.table_axes.tolist() == [
        [Axis.INPUT_SLEW, Axis.NONE],
        [Axis.NONE, Axis.LOAD],
        [Axis.NONE, Axis.CONSTRAINED_SLEW],
    ]
    assert one_table(lib, 0) == ([1, 2], [0], [[3], [4]])
    assert one_table(lib, 1) == ([0], [1, 2], [[5, 6]])
    assert lib.arc_kind.tolist() == [ArcKind.COMBINATIONAL, ArcKind.HOLD_RISING]
    assert lib.arc_is_check.tolist() == [False, True]
    assert lib.arc_table.tolist() == [[0, 1, -1, -1], [2, -1, -1, -1]]
    assert lib.look_up([0, 0, 1, 1], [1.5, 9, 0, 9], [7, 7, 1.25, 0]).tolist() == [3.5, 11.0, 5.25, 4.0]


def test_sequential_cells() -> None:
    lib = read_liberty_text(
        library(
            cell(
                "DFFR",
                'ff (IQ, IQN) { clocked_on : "CK"; next_state : "D"; clear : "!RN"; }',
                "pin (D, CK, RN) { direction : input; }",
                'pin (Q) { direction : output; function : "IQ"; '
                "timing () { related_pin : CK; timing_type : rising_edge; } "
                "timing () { related_pin : RN; timing_type : clear; timing_sense : positive_unate; } }",
                'pg_pin (VDD) { pg_type : "primary_power"; }',
            ),
            cell(
                "LAT",
                'latch (IQ) { enable : "G"; data_in : "D"; preset : "S"; }',
                "pin (D, G, S) { direction : input; }",
                'pin (Q) { direction : output; function : "IQ"; three_state : "!G"; }',
            ),
            cell("ICG", 'statetable ("CK E", "M") { table : "L L : - : L"; }', "pin (M) { direction : internal; }"),
            cell("BANK", "ff_bank (IQ, IQN, 4) { clocked_on : CK; next_state : D; }"),
        )
    )
    assert lib.cell_storage == (
        Storage("ff", "IQ", "IQN", "CK", "D", clear="!RN"),
        Storage("latch", "IQ", "", "G", "D", preset="S"),
        Storage("statetable", "M"),
        Storage("ff", "IQ", "IQN", "CK", "D", width=4),
    )
    assert lib.cell_supplies == (("VDD",), (), (), ())
    assert lib.arc_kind.tolist() == [ArcKind.RISING_EDGE, ArcKind.CLEAR]
    assert lib.arc_sense.tolist() == [0, 1]
    assert lib.pin_three_state[lib.pin(1, "Q")] == "!G"
    assert lib.pin_direction[lib.pin(2, "M")] == PinDirection.INTERNAL


def test_pulse_widths_and_periods() -> None:
    lib = read_liberty_text(
        library(
            cell(
                "C",
                "pin (CK) { direction : input; min_pulse_width_high : 0.25; minimum_period : 2; "
                "min_pulse_width () { constraint_low : 0.5; when : A; sdf_cond : B; } "
                "minimum_period () { constraint : 3; } }",
            )
        )
    )
    assert lib.arc_kind.tolist() == [
        ArcKind.MIN_PULSE_WIDTH, ArcKind.MINIMUM_PERIOD, ArcKind.MIN_PULSE_WIDTH, ArcKind.MINIMUM_PERIOD,
    ]  # fmt: skip
    assert lib.arc_from.tolist() == lib.arc_to.tolist() == [0, 0, 0, 0]
    assert (lib.arc_when, lib.arc_sdf_cond) == (("A", None, None, None), ("B", None, None, None))
    tables = lib.arc_table.tolist()
    assert [[None if t < 0 else lib.table_values[t, 0, 0] for t in row[:2]] for row in tables] == [
        [None, 0.5],
        [3.0, 3.0],
        [0.25, None],
        [2.0, 2.0],
    ]


def test_edges_that_a_timing_type_leaves_out() -> None:
    scalar = "(scalar) { values (1); }"
    every = f"cell_rise {scalar} cell_fall {scalar} rise_transition {scalar} fall_transition {scalar}"
    pins = [
        f"timing () {{ related_pin : A; timing_type : {kind}; {every} }}"
        for kind in ("combinational_rise", "three_state_disable_fall", "three_state_enable", "preset", "clear")
    ]
    lib = read_liberty_text(library(cell("C", "pin (A) { direction : input; }",
                                         f"pin (Y) {{ direction : output; {' '.join(pins)} }}")))  # fmt: skip
    assert lib.arc_kind.tolist() == [
        ArcKind.COMBINATIONAL,
        ArcKind.THREE_STATE_DISABLE,
        ArcKind.THREE_STATE_ENABLE,
        ArcKind.PRESET,
        ArcKind.CLEAR,
    ]
    assert (lib.arc_table >= 0).tolist() == [
        [True, False] * 2, [False, True] * 2, [True] * 4, [True, False] * 2, [False, True] * 2,
    ]  # fmt: skip


def test_buses_and_bundles() -> None:
    types = "type (nibble) { base_type : array; data_type : bit; bit_width : 4; bit_from : 3; bit_to : 0; }\n"
    lib = read_liberty_text(
        library(
            types,
            cell(
                "RAM",
                "bus (D) { bus_type : nibble; direction : input; capacitance : 0.1; "
                "pin (D[1:0]) { capacitance : 0.2; } }",
                'bus (Q) { bus_type : nibble; direction : output; function : "!D"; '
                "timing () { related_pin : D; cell_rise (scalar) { values (1); } } "
                'pin (Q[3]) { timing () { related_pin : "D[2:1]"; } } '
                "timing () { related_bus_pins : S; } }",
                "bundle (S) { members (SA, SB); direction : input; }",
            ),
        )
    )
    names = list(lib.pin_names)
    assert names == ["D[3]", "D[2]", "D[1]", "D[0]", "Q[3]", "Q[2]", "Q[1]", "Q[0]", "SA", "SB"]
    assert lib.pin_cap[:4, 0].tolist() == [0.1, 0.1, 0.2, 0.2]
    assert lib.pin_function[4:8] == ("!D[3]", "!D[2]", "!D[1]", "!D[0]")
    arcs = [(names[s], names[t]) for s, t in zip(lib.arc_from.tolist(), lib.arc_to.tolist(), strict=True)]
    bits = [(f"D[{i}]", f"Q[{i}]") for i in (3, 2, 1, 0)]
    selects = [(s, f"Q[{i}]") for i in (3, 2, 1, 0) for s in ("SA", "SB")]
    assert sorted(arcs) == sorted([*bits, *selects, ("D[2]", "Q[3]"), ("D[1]", "Q[3]")])
    assert lib.table_values.size == 1  # one table, which all bits share


@pytest.mark.parametrize(
    ("function", "sense"),
    [("A", 1), ("!A & B", -1), ("A ^ B", 0), ("(A B) | (!A C)", 0), ("B", 0), ("A | !A", 0), ("IQ", 0)],
)
def test_sense_from_the_function(function: str, sense: int) -> None:
    pins = (
        "pin (A, B, C) { direction : input; }",
        (f'pin (Y) {{ direction : output; function : "{function}"; timing () {{ related_pin : A; }} }}'),
    )
    assert read_liberty_text(library(cell("G", *pins))).arc_sense.tolist() == [sense]


def test_what_is_read_over_is_counted() -> None:
    timing = 'timing () { related_pin : A; ocv_sigma_cell_rise (x) { values ("}"); } receiver_capacitance () { } }'
    lib = read_liberty_text(
        library(
            "k_process_cell_rise : 0.5;",
            cell(
                "C",
                'leakage_power () { when : "{"; value : 1; }',
                "pin (A) { direction : input; }",
                f"pin (Y) {{ direction : output; {timing} timing () {{ related_pin : VPWR; }} }}",
                "pg_pin (VPWR) { }",
            ),
        )
    )
    assert lib.ignored == {
        "arcs from supply pins": 1,
        "k_... scaling factors": 1,
        "ocv_sigma_cell_rise": 1,
        "receiver_capacitance": 1,
    }


def test_included_files_and_gzip(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "inv.lib").write_text(INVERTER)
    with gzip.open(tmp_path / "all.lib.gz", "wt") as packed:
        packed.write(library(TEMPLATE, 'include_file ("parts/inv.lib");', cell("TIE")))
    lib = read_liberty(tmp_path / "all.lib.gz")
    assert lib.cell_names == ("INV", "TIE")
    assert one_table(lib) == ([0.1, 0.4], [0.01, 0.02, 0.04], [[1, 2, 3], [4, 5, 6]])


finite = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: x + 0.0)
axes = st.lists(st.floats(0, 100, allow_nan=False).map(lambda x: x + 0.0), min_size=1, max_size=5, unique=True).map(
    sorted
)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), swapped=st.booleans())
def test_written_tables_come_back(data: st.DataObject, swapped: bool) -> None:
    """Any number of tables of any shape, in either order of their axes: values are those written, to the last bit."""
    variables = ["input_net_transition", "total_output_net_capacitance"]
    first, second = variables[::-1] if swapped else variables
    template = f"  lu_table_template (t) {{ variable_1 : {first}; variable_2 : {second}; }}\n"
    wanted, timings = [], []
    for _ in range(data.draw(st.integers(1, 4))):
        rows, cols = data.draw(axes), data.draw(axes)
        values = data.draw(
            st.lists(st.lists(finite, min_size=len(cols), max_size=len(cols)), min_size=len(rows), max_size=len(rows))
        )
        wanted.append((rows, cols, values))
        order = ([cols, rows], [list(row) for row in zip(*values, strict=True)]) if swapped else ([rows, cols], values)
        timings.append(f"timing () {{ related_pin : A; {table('cell_fall', 't', *order)} }}")
    pins = "pin (A) { direction : input; }", f"pin (Y) {{ direction : output; {' '.join(timings)} }}"
    lib = read_liberty_text(library(template, cell("C", *pins)))
    assert [one_table(lib, row) for row in range(len(wanted))] == wanted
    # Padding repeats the last entry of an axis, and of the values.
    for row, (rows, cols, values) in enumerate(wanted):
        assert (lib.table_rows[row, len(rows) :] == rows[-1]).all()
        assert (lib.table_cols[row, len(cols) :] == cols[-1]).all()
        assert (lib.table_values[row, len(rows) :, len(cols) :] == values[-1][-1]).all()
        assert lib.look_up(row, rows[-1], cols[0]) == pytest.approx(values[-1][0], rel=1e-9, abs=1e-9)


@settings(max_examples=200, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False) | st.decimals(-(10**22), 10**22, places=8))
def test_numbers_are_rounded_as_python_rounds_them(number: object) -> None:
    scalar = f"timing () {{ related_pin : A; cell_rise (scalar) {{ values ({number}); }} }}"
    lib = read_liberty_text(library(cell("C", f"pin (A) {{ direction : inout; {scalar} }}")))
    assert lib.table_values.item() == float(str(number))
