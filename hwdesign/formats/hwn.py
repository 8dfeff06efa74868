"""hwdesign's own store in the registry of formats."""

from __future__ import annotations

from pathlib import Path

from hwdesign.netlist.netlist import Netlist
from hwdesign.netlist.store import load, store


def read_hwn(path: Path, *, strict: bool = False) -> Netlist:
    """Read a `.hwn` file; see `hwdesign.netlist.store.load`."""
    return load(path)


def write_hwn(netlist: Netlist, path: Path) -> None:
    """Write a `.hwn` file; see `hwdesign.netlist.store.store`."""
    store(netlist, path)
