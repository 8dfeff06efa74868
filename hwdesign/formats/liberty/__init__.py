"""Liberty (`.lib`): non-linear delay model look-up tables, pins, arcs, sequential cells, wire loads."""

from hwdesign.formats.liberty.reader import read_liberty, read_liberty_text

__all__ = ["read_liberty", "read_liberty_text"]
