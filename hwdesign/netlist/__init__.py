"""The shared netlist IR: small integer handles over NumPy columns."""

from hwdesign.netlist.builder import Builder, ModuleBuilder
from hwdesign.netlist.generic import gate
from hwdesign.netlist.module import CONST0, CONST1, INVERTED, OPEN, UNKNOWN, Bus, Module, SideTable
from hwdesign.netlist.names import NamePool, NameTable
from hwdesign.netlist.netlist import Directive, Finding, Model, Netlist
from hwdesign.netlist.types import CellType, Direction, Kind, Library, Role, Sequential

__all__ = [
    "CONST0",
    "CONST1",
    "INVERTED",
    "OPEN",
    "UNKNOWN",
    "Builder",
    "Bus",
    "CellType",
    "Direction",
    "Directive",
    "Finding",
    "Kind",
    "Library",
    "Model",
    "Module",
    "ModuleBuilder",
    "NamePool",
    "NameTable",
    "Netlist",
    "Role",
    "Sequential",
    "SideTable",
    "gate",
]
