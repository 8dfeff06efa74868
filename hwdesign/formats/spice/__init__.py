"""SPICE decks of ngspice's and JoSIM's flavour: reader and writer."""

from hwdesign.formats.spice.reader import read_spice, read_spice_text

__all__ = ["read_spice", "read_spice_text"]
