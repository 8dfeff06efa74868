"""Decks of any devices that ngspice has, for every analysis of it."""

from __future__ import annotations

from pathlib import Path

from hwdesign.errors import ConfigError, ToolError, UnsupportedError
from hwdesign.formats import read
from hwdesign.formats.spice import spice_text
from hwdesign.netlist.netlist import Netlist
from hwdesign.spice.engines.names import SpiceName, run_spice
from hwdesign.spice.engines.ngspice import DEFAULT_MEMORY_MB, DEFAULT_TIMEOUT_S, not_finite, trouble
from hwdesign.spice.engines.rawfile import Plot
from hwdesign.spice.engines.shared import NgspiceWorker

ANALYSES = frozenset("op dc ac tran noise tf pz sens disto".split())
"""Control lines that make a plot."""

_PASSED = ANALYSES | frozenset(
    "title param func model temp options option ic nodeset save print plot neb spread iv file width end".split()
)


def run_deck(
    source: Netlist | str | Path,
    *,
    engine: SpiceName = "ngspice",
    timeout_s: float = DEFAULT_TIMEOUT_S,
    memory_mb: int | None = DEFAULT_MEMORY_MB,
    worker: NgspiceWorker | None = None,
) -> tuple[Plot, ...]:
    """Run every analysis of a deck.

    The deck is written anew by our own writer: `.control` blocks, `.include` and other lines that would execute
    something or read a file never reach ngspice.

    Args:
        source: a deck's path, or a netlist whose top module has no ports.
        engine: `ngspice`, `ngspice-shared` or `pyspice`.
        timeout_s: wall-clock limit in seconds.
        memory_mb: limit on the address space in MiB, or None.
        worker: for the engines that run in a worker process, one to use.

    Returns:
        One plot an analysis, in ngspice's order; `Plot.kind` tells which.

    Raises:
        ConfigError: the deck has no analysis.
        ToolError: ngspice is missing or failed; its words are given, with file and line of the element they name.
        UnsupportedError: a control line that is not passed on, or what ngspice's dialect cannot hold.
        As `hwdesign.formats.read`.
    """
    netlist = source if isinstance(source, Netlist) else read(source)
    names = {directive.name for directive in netlist.directives}
    for directive in netlist.directives:
        if directive.name not in _PASSED:
            raise UnsupportedError(
                f"'.{directive.name}' is not passed on to ngspice",
                file=netlist.file or None, line=directive.line, mend="take it out, or run the deck in ngspice yourself",
            )  # fmt: skip
    if not names & ANALYSES:
        raise ConfigError(
            "the deck has no analysis", file=netlist.file or None, mend="add a line .op, .dc, .ac or .tran"
        )
    run = run_spice(
        spice_text(netlist, dialect="ngspice"), engine, timeout_s=timeout_s, memory_mb=memory_mb, worker=worker
    )
    if not run.ok or not run.plots:
        cause = trouble(run.log)
        file, line = _place(netlist, cause.element)
        if not line and cause.node:
            file, line = _node_place(netlist, cause.node)
        raise ToolError(f"{engine} failed: {cause.message}", output=run.log, file=file or None, line=line)
    wrong = not_finite(run.plots)
    if wrong:
        raise ToolError(f"{engine}: {wrong}", output=run.log, file=netlist.file or None)
    return run.plots


def _place(netlist: Netlist, name: str) -> tuple[str, int]:
    """File and line of an element that ngspice names, as `r1` or `m.x1.m2`."""
    leaf = name.lower().split(".")[-1]
    for module in netlist.modules.values() if leaf else ():
        for cell, label in enumerate(module.cell_labels()):
            if label.lower() == leaf:
                return module.file or netlist.file, int(module.cell_line[cell])
    return netlist.file, 0


def _node_place(netlist: Netlist, name: str) -> tuple[str, int]:
    """File and line of the first element at a node that ngspice names, as `out` or `x1.mid`."""
    leaf = name.lower().split(".")[-1]
    for module in netlist.modules.values():
        labels = [label.lower() for label in module.net_labels()]
        if leaf in labels:
            net = labels.index(leaf)
            for cell in range(module.num_cells):
                if any(pin == net for _, pin, _ in module.pins_of(cell)):
                    return module.file or netlist.file, int(module.cell_line[cell])
    return netlist.file, 0
