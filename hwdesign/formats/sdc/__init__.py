"""Synopsys Design Constraints (`.sdc`): clocks, port delays, loads and path exceptions. Tcl is parsed, not executed."""

from hwdesign.formats.sdc.reader import read_sdc, read_sdc_text

__all__ = ["read_sdc", "read_sdc_text"]
