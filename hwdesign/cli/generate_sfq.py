"""`hwdesign generate sfq`: single-flux-quantum cells, trained networks of them, and their test benches."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwdesign.cli._command import UsageError, command, key_values
from hwdesign.cli._networks import is_network, one_pattern, read_network
from hwdesign.cli._options import ToOption
from hwdesign.cli._output import Result, count, table
from hwdesign.errors import HwdesignError

if TYPE_CHECKING:
    from hwdesign.netlist import Netlist
    from hwdesign.sfq import Cell
    from hwdesign.sfq.network import Network

DIALECTS = ("josim", "ngspice", "wrspice")


def register(app: typer.Typer) -> None:
    """Add the command of this file to `app`."""
    command(app, "sfq")(sfq)


def sfq(
    name: Annotated[
        str,
        typer.Argument(metavar="CELL|NETWORK|list", help="Cell, network.json, NIR file, or `list` of cells."),
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="OUT", help="File; its suffix tells the format.")
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("-p", "--param", "--parameter", metavar="KEY=VALUE", help="Parameter, or process; often."),
    ] = None,
    dialect: Annotated[
        str | None, typer.Option("--dialect", metavar="NAME", help=f"Of a SPICE deck: {', '.join(DIALECTS)}.")
    ] = None,
    testbench: Annotated[
        bool, typer.Option("--testbench", help="With sources and loads, ready to be simulated.")
    ] = False,
    stimulus: Annotated[
        list[str] | None,
        typer.Option("--stimulus", metavar="PORT=T1,T2", help="Pulses at an input of the bench, in ps; often."),
    ] = None,
    pattern: Annotated[
        str | None, typer.Option("--pattern", metavar="V1,V2", help="What a network's bench sends, 0 to 1 a feature.")
    ] = None,
    to: ToOption = None,
) -> Result:
    """Make an SFQ cell, a network, or a test bench, and write it.

    Without --stimulus, a cell's bench goes through the combinations of its inputs, 100 ps each. A network.json is what
    `hwdesign train sfq` writes; as Verilog (-o OUT.v) it becomes instances of cells. --param says what a NIR file
    does not: time_scale, l_storage_ph, dual_rail, slots, pulses, period_ps, slot_ps, decide_at, name.
    """
    from hwdesign.formats import format_of
    from hwdesign.sfq import make_cell

    if name == "list":
        return _list()
    if output is None:
        raise UsageError("no file to write to", mend="add -o OUT.cir")
    if dialect is not None and dialect not in DIALECTS:
        raise UsageError(f"no dialect is named '{dialect}'", mend=f"dialects: {', '.join(DIALECTS)}")
    if stimulus and not testbench:
        raise UsageError("--stimulus goes with --testbench", mend="add --testbench")
    values = key_values(parameter or [], "--param")
    form = format_of(output, to, writing=True)
    if dialect is not None and form.name != "spice":
        raise UsageError(f"--dialect goes with a SPICE deck, not with {form.name}", mend="write OUT.cir")
    if is_network(name):
        if stimulus:
            raise UsageError("a network takes no --stimulus", mend="add --pattern")
        network = read_network(Path(name), parameter or [], "--param")
        return _network(network, output, form.name, to, dialect, testbench, pattern)
    if pattern is not None:
        raise UsageError("--pattern goes with a network and --testbench", mend="name a network.json or a NIR file")
    try:
        cell = make_cell(name, values)
        netlist = _bench(cell, stimulus or []) if testbench else cell.netlist()
    except UsageError:
        raise
    except HwdesignError as error:  # nothing but the command line can be at fault here
        raise UsageError(error.what, mend=error.mend) from error
    netlist = _write(netlist, output, form.name, to, dialect)
    junctions = _junctions(netlist)
    data = {
        "cell": cell.kind,
        "parameters": values,
        "process": cell.process.name,
        "testbench": testbench,
        "output": str(output),
        "format": form.name,
        "dialect": (dialect or "josim") if form.name == "spice" else None,
        "top": netlist.top,
        "ports": [port.name for port in cell.all_ports()],
        "junctions": junctions,
    }
    return Result(data, [f"{output}: {form.name}, '{netlist.top}', {count(junctions, 'junction')}"])


def _write(netlist: Netlist, output: Path, form: str, to: str | None, dialect: str | None) -> Netlist:
    """Write the netlist; returns what was written."""
    from hwdesign.formats import write
    from hwdesign.formats.spice.writer import write_spice
    from hwdesign.netlist.elaborate import elaborate

    if form == "spice":
        # JoSIM's subcircuits take no parameters.
        netlist = elaborate(netlist)
        write_spice(netlist, output, dialect=dialect or "josim")  # type: ignore[arg-type]
    else:
        write(netlist, output, format=to)
    return netlist


def _network(
    network: Network, output: Path, form: str, to: str | None, dialect: str | None, testbench: bool, pattern: str | None
) -> Result:
    from hwdesign.sfq import structural
    from hwdesign.sfq.network import network_bench, network_netlist

    features = len(network.coding.slots)
    sent = [1.0] * features
    if pattern is not None:
        if not testbench:
            raise UsageError("--pattern goes with --testbench", mend="add --testbench")
        sent = one_pattern(pattern, features)
    netlist = network_bench(network, temperature_k=0, pattern=sent) if testbench else network_netlist(network)
    junctions = _junctions(netlist)
    if form == "verilog":
        if testbench:
            raise UsageError("a test bench has sources, which Verilog cannot hold", mend="write OUT.cir")
        netlist = structural(netlist)
    netlist = _write(netlist, output, form, to, dialect)
    data = {
        "network": network.name,
        "testbench": testbench,
        "output": str(output),
        "format": form,
        "dialect": (dialect or "josim") if form == "spice" else None,
        "top": netlist.top,
        "junctions": junctions,
    }
    return Result(data, [f"{output}: {form}, '{netlist.top}', {count(junctions, 'junction')}"])


def _list() -> Result:
    from hwdesign.sfq import CELLS, PROCESSES

    data: list[dict[str, Any]] = []
    rows = []
    for kind, cell_class in CELLS.items():
        cell = cell_class()
        defaults = {item.name: item.default for item in cell.parameters()}
        summary = (cell_class.__doc__ or "").splitlines()[0]
        ports = [port.name for port in cell.all_ports()]
        data.append(
            {
                "name": kind,
                "ports": ports,
                "junctions": _junctions(cell.netlist()),
                "parameters": defaults,
                "summary": summary,
            }
        )
        rows.append((kind, " ".join(ports), data[-1]["junctions"], summary))
    cards = [{"name": card.name, "source": card.source} for card in PROCESSES.values()]
    lines = table(("cell", "ports", "junctions", "summary"), rows)
    lines += ["", *table(("cell", "parameters and their defaults"), ((c["name"], _defaults(c)) for c in data))]
    lines += ["", *(f"process={card['name']}: {card['source']}" for card in cards)]
    return Result({"cells": data, "processes": cards}, lines)


def _defaults(cell: dict[str, Any]) -> str:
    return " ".join(f"{name}={value:g}" for name, value in cell["parameters"].items())


def _bench(cell: Cell, given: list[str]) -> Netlist:
    from hwdesign.sfq import demo_stimuli, testbench

    if not given:
        return testbench(cell, demo_stimuli(cell))
    stimuli: dict[str, list[float]] = {}
    for port, text in key_values(given, "--stimulus").items():
        try:
            stimuli[port] = [float(part) for part in text.split(",")]
        except ValueError:
            raise UsageError(
                f"--stimulus {port} takes times in picoseconds, not '{text[:40]}'", mend=f"write {port}=20,70"
            ) from None
    return testbench(cell, stimuli)


def _junctions(netlist: Netlist) -> int:
    """Junctions of the top module and all that it holds."""
    found: dict[str, int] = {}

    def total(name: str) -> int:
        if name not in found:
            counts = netlist.modules[name].type_counts()
            found[name] = sum(
                number if kind == "B" else number * total(kind) if kind in netlist.modules else 0
                for kind, number in counts.items()
            )
        return found[name]

    return total(netlist.top)
