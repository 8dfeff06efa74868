"""A small data set of placed and extracted designs: random buffer nets with wires of known values."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hwdesign.formats.spef import write_spef
from hwdesign.netlist.parasitics import Parasitics
from hwdesign.timing.dataset import PlacedDesign, Technology

LIBERTY = """
library (tiny) {
  delay_model : table_lookup; time_unit : "1ns"; capacitive_load_unit (1, pf); pulling_resistance_unit : "1kohm";
  voltage_unit : "1V"; current_unit : "1mA";
  lu_table_template (t) { variable_1 : input_net_transition; variable_2 : total_output_net_capacitance;
    index_1 ("0.01, 1"); index_2 ("0.001, 0.1"); }
  cell (INV) { area : 1;
    pin (A) { direction : input; capacitance : 0.002; }
    pin (Y) { direction : output; function : "!A";
      timing () { related_pin : "A"; timing_sense : negative_unate;
        cell_rise (t) { values ("0.02, 0.3", "0.1, 0.4"); } rise_transition (t) { values ("0.02, 0.4", "0.05, 0.5"); }
        cell_fall (t) { values ("0.02, 0.3", "0.1, 0.4"); } fall_transition (t) { values ("0.02, 0.4", "0.05, 0.5"); }
      } } }
}
"""

LEF = """
VERSION 5.8 ;
LAYER met1 TYPE ROUTING ; DIRECTION HORIZONTAL ; WIDTH 0.14 ; END met1
LAYER met2 TYPE ROUTING ; DIRECTION VERTICAL ; WIDTH 0.14 ; END met2
MACRO INV CLASS CORE ; ORIGIN 0 0 ; SIZE 2 BY 4 ;
  PIN A DIRECTION INPUT ; PORT LAYER met1 ; RECT 0.2 1 0.6 2 ; END END A
  PIN Y DIRECTION OUTPUT ; PORT LAYER met1 ; RECT 1.4 1 1.8 3 ; END END Y
END INV
END LIBRARY
"""

SDC = """
create_clock -name clk -period 5
set_input_delay 0 -clock clk [all_inputs]
set_output_delay 0 -clock clk [all_outputs]
set_input_transition 0.05 [all_inputs]
set_load 0.01 [all_outputs]
"""


def write_technology(folder: Path) -> Technology:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tiny.lib").write_text(LIBERTY)
    (folder / "tiny.lef").write_text(LEF)
    return Technology.find(folder)


def write_design(folder: Path, seed: int, cells: int = 40, width: int = 80) -> None:
    """Netlist, placement and constraints of random inverters; every input is driven by an earlier output or a port."""
    rng = np.random.default_rng(seed)
    nets = ["a", "b"]
    lines, components = [], []
    for cell in range(cells):
        source = nets[int(rng.integers(max(0, len(nets) - 6), len(nets)))]
        lines.append(f"  INV u{cell} (.A({source}), .Y(n{cell}));")
        nets.append(f"n{cell}")
        x, y = 1000 * rng.integers(0, [width - 2, width - 4])
        components.append(f"- u{cell} INV + PLACED ( {x} {y} ) {rng.choice(['N', 'S', 'FN', 'FS'])} ;")
    wires = ", ".join(nets[2:])
    assigns = f"  assign y = n{cells - 1};"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "netlist.v").write_text(
        "\n".join([f"module top{seed} (input a, b, output y);", f"  wire {wires};", *lines, assigns, "endmodule", ""])
    )
    ports = "\n".join(
        f"- {name} + NET {name} + DIRECTION {way} + LAYER met2 ( -100 -100 ) ( 100 100 ) + PLACED ( {x} {y} ) N ;"
        for name, way, x, y in (("a", "INPUT", 0, 0), ("b", "INPUT", 0, 40000), ("y", "OUTPUT", 1000 * width, 40000))
    )
    (folder / "placed.def").write_text(
        f"VERSION 5.8 ;\nDESIGN top{seed} ;\nUNITS DISTANCE MICRONS 1000 ;\n"
        f"DIEAREA ( 0 0 ) ( {1000 * width} {1000 * width} ) ;\n"
        f"COMPONENTS {cells} ;\n"
        + "\n".join(components)
        + f"\nEND COMPONENTS\nPINS 3 ;\n{ports}\nEND PINS\nEND DESIGN\n"
    )
    (folder / "constraints.sdc").write_text(SDC)


def wires_of(design: PlacedDesign, resistance: float, capacitance: float) -> Parasitics:
    """Wires of 1 Ω/µm and 0.1 fF/µm times these factors, 5 Ω more an edge."""
    trees = design.trees
    half = 0.5e-4 * capacitance * trees.lengths()
    caps = half.copy()
    np.add.at(caps, trees.trees.parent, half)
    return trees.parasitics(resistance * (5e-3 + 1e-3 * trees.lengths()), caps)


def write_data(folder: Path, *, designs: int = 6, resistance: float = 4.0, capacitance: float = 3.0) -> None:
    """`tech` and a set `one` of extracted designs."""
    technology = write_technology(folder / "tech")
    for seed in range(designs):
        at = folder / "one" / f"d{seed}"
        write_design(at, seed)
        design = PlacedDesign.open(at, technology)
        write_spef(wires_of(design, resistance, capacitance), at / "spef", digits=9)
