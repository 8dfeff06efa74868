"""A small Liberty writer, and the library that the tests begin from."""

from __future__ import annotations

from collections.abc import Sequence

HEAD = """library (tiny) {
  delay_model : table_lookup;
  time_unit : "1ns";
  capacitive_load_unit (1, pf);
"""
TEMPLATE = """  lu_table_template (delay) {
    variable_1 : input_net_transition;
    variable_2 : total_output_net_capacitance;
    index_1 ("1, 2");
    index_2 ("1, 2, 3");
  }
"""
INVERTER = """  cell (INV) {
    area : 2.5;
    pin (A) { direction : input; capacitance : 0.002; }
    pin (Y) {
      direction : output;
      function : "!A";
      timing () {
        related_pin : "A";
        cell_rise (delay) {
          index_1 ("0.1, 0.4");
          index_2 ("0.01, 0.02, 0.04");
          values ("1, 2, 3", "4, 5, 6");
        }
      }
    }
  }
"""


def library(*parts: str, head: str = HEAD) -> str:
    """A library with the usual head and the given cells and templates."""
    return head + "".join(parts) + "}\n"


def cell(name: str, *parts: str) -> str:
    """A cell group."""
    return f"  cell ({name}) {{\n" + "".join(f"    {part}\n" for part in parts) + "  }\n"


def table(name: str, template: str, axes: Sequence[Sequence[float]], values: Sequence[Sequence[float]]) -> str:
    """A table group, a string a row."""
    index = "".join(f'index_{at} ("{", ".join(map(repr, axis))}"); ' for at, axis in enumerate(axes, 1))
    rows = ", ".join('"' + ", ".join(map(repr, row)) + '"' for row in values)
    return f"{name} ({template}) {{ {index}values ({rows}); }}"
