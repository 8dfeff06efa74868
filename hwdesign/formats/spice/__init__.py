"""SPICE decks of ngspice's and JoSIM's flavour: reader and writer."""

from hwdesign.formats.spice.reader import read_spice, read_spice_text
from hwdesign.formats.spice.writer import spice_text, write_spice

__all__ = ["read_spice", "read_spice_text", "spice_text", "write_spice"]
