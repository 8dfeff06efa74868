"""Synopsys Design Constraints (`.sdc`): clocks, port delays, loads and path exceptions. Tcl is parsed, not executed.

Read: `create_clock`, `set_input_delay`, `set_output_delay`, `set_input_transition`, `set_clock_transition`, `set_load`,
`set_drive`, `set_driving_cell`, `set_false_path`, `set_multicycle_path`, `set_max_delay`, `set_min_delay`,
`set_clock_uncertainty`, `set_clock_latency`, `set_propagated_clock`, `set_case_analysis`, `set_units`, `set`.
"""

from hwdesign.formats.sdc.reader import read_sdc, read_sdc_text

__all__ = ["read_sdc", "read_sdc_text"]
