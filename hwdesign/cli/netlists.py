"""`hwdesign info`, `convert` and `check`: what is done to a netlist file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwdesign.cli._command import FAILED, UsageError, command
from hwdesign.cli._options import (
    FileArgument,
    FromOption,
    LibertyOption,
    StrictOption,
    ToOption,
    TopOption,
    read_liberties,
)
from hwdesign.cli._output import Result, count, table
from hwdesign.cli.partition import partition

if TYPE_CHECKING:
    from hwdesign.formats.rtl import RtlDesign
    from hwdesign.netlist import Library, Module, Netlist

_TYPES_SHOWN = 12
# As hwdesign.formats.spice.Dialect, which would take long to import.
_DIALECTS = ("josim", "ngspice", "wrspice")


def register(app: typer.Typer) -> None:
    """Add the commands of this file to `app`."""
    command(app, "info")(info)
    command(app, "convert")(convert)
    command(app, "check")(check)
    command(app, "partition")(partition)


def info(
    file: FileArgument,
    rtl: Annotated[bool, typer.Option("--rtl", help="Summarise the RTL's syntax tree instead.")] = False,
    top: TopOption = None,
    from_: FromOption = None,
    liberty: LibertyOption = None,
) -> Result:
    """Say what a netlist holds, or a Liberty library (`.lib`), SPEF, LEF, DEF or SDF."""
    if rtl:
        if top is not None or from_ is not None or liberty:
            raise UsageError("--rtl takes no --top, --from or --liberty", mend="leave them out")
        return _rtl_info(file)
    from hwdesign.formats import format_of, read
    from hwdesign.formats.registry import suffix_of

    if from_ is None and suffix_of(file) == ".lib":
        if top is not None or liberty:
            raise UsageError("a Liberty library takes neither --top nor --liberty", mend="leave them out")
        from hwdesign.cli._liberty import liberty_info

        return liberty_info(file)
    if from_ is None and suffix_of(file) in (".spef", ".lef", ".tlef", ".def", ".sdf"):
        if top is not None or liberty:
            raise UsageError("files of physical design take neither --top nor --liberty", mend="leave them out")
        from hwdesign.cli._physical import physical_info

        return physical_info(file, suffix_of(file))
    libraries = read_liberties(liberty)
    netlist = read(file, format=from_, top=top, library=libraries)
    modules = [_module_info(module) for module in netlist.modules.values()]
    if libraries is not None:
        from hwdesign.cli._liberty import module_area

        for found, module in zip(modules, netlist.modules.values(), strict=True):
            found["area"] = module_area(module, libraries)
    data = {
        "file": str(file),
        "format": format_of(file, from_).name,
        "top": netlist.top,
        "modules": modules,
        "models": {name: model.kind for name, model in netlist.models.items()},
        "findings": Counter(finding.severity for finding in netlist.findings),
    }
    return Result(data, _info_lines(data, netlist))


def _module_info(module: Module) -> dict[str, Any]:
    from hwdesign.netlist.aig import aig_view, is_aig
    from hwdesign.netlist.types import Direction

    found: dict[str, Any] = {
        "name": module.name,
        "cells": module.num_cells,
        "nets": module.num_nets - 2,  # without the constants, which every module has
        "pins": module.num_pins,
        "ports": {side.name.lower(): len(module.ports_of(side)) for side in Direction},
        "types": module.type_counts(),
    }
    if module.num_cells and is_aig(module):
        from hwdesign.errors import NetlistError

        try:
            view = aig_view(module)
        except NetlistError:  # a loop or a floating net: `hwdesign check` says which
            return found
        found["aig"] = {"ands": view.num_ands, "latches": view.num_latches, "depth": int(view.levels().max())}
    return found


def _info_lines(data: dict[str, Any], netlist: Netlist) -> Iterator[str]:
    modules = data["modules"]
    yield f"{data['file']}: {data['format']}, {count(len(modules), 'module')}, top '{data['top']}'"
    yield from table(
        ("module", "cells", "nets", "pins", "inputs", "outputs", "inouts"),
        ((m["name"], m["cells"], m["nets"], m["pins"], *m["ports"].values()) for m in modules),
    )
    top = next(item for item in modules if item["name"] == data["top"])
    if "aig" in top:
        aig = top["aig"]
        ands, latches = count(aig["ands"], "AND node"), count(aig["latches"], "latch", "latches")
        yield f"AIG: {ands}, {latches}, depth {aig['depth']}"
    types = list(top["types"].items())
    if types:
        shown = ", ".join(f"{name} {number}" for name, number in types[:_TYPES_SHOWN])
        yield f"cells of '{data['top']}': {shown}" + (", ..." if len(types) > _TYPES_SHOWN else "")
    if "area" in top:
        yield f"area of the cells of '{data['top']}': {top['area']:.10g}"
    if netlist.models:
        yield "models: " + ", ".join(f"{name} ({kind})" for name, kind in list(data["models"].items())[:_TYPES_SHOWN])
    if netlist.findings:
        tally = ", ".join(count(number, kind) for kind, number in data["findings"].items())
        yield f"the reader remarked {tally}: run `hwdesign check` on it"


def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Netlist to read.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="File to write; its suffix tells the format.")],
    aig: Annotated[bool, typer.Option("--aig", help="Map to an and-inverter graph.")] = False,
    flatten: Annotated[bool, typer.Option("--flatten", help="Dissolve the hierarchy.")] = False,
    top: TopOption = None,
    from_: FromOption = None,
    to: ToOption = None,
    dialect: Annotated[
        str | None, typer.Option("--dialect", metavar="NAME", help=f"Of a SPICE deck: {', '.join(_DIALECTS)}.")
    ] = None,
    strict: StrictOption = False,
    liberty: LibertyOption = None,
) -> Result:
    """Write a netlist in another format."""
    from hwdesign.formats import format_of, read, write

    written = format_of(target, to, writing=True)
    if dialect is not None and dialect not in _DIALECTS:
        raise UsageError(f"no dialect is named '{dialect}'", mend=f"dialects: {', '.join(_DIALECTS)}")
    if dialect is not None and written.name != "spice":
        raise UsageError(f"--dialect goes with SPICE decks, not with {written.name}", mend="leave it out")
    # An AIG has no asynchronous resets: RTL is synthesised without them.
    library = read_liberties(liberty)
    netlist = read(source, format=from_, top=top, strict=strict, synchronous=aig, library=library)
    if flatten:
        from hwdesign.passes import flatten as flatten_netlist

        netlist = flatten_netlist(netlist)
    if aig:
        from hwdesign.passes import to_aig

        netlist = to_aig(netlist)
    write(netlist, target, format=to, **({} if dialect is None else {"dialect": dialect}))
    cells = sum(module.num_cells for module in netlist.modules.values())
    data = {
        "input": str(source),
        "output": str(target),
        "format": written.name,
        "top": netlist.top,
        "modules": len(netlist.modules),
        "cells": cells,
    }
    return Result(data, [f"{target}: {written.name}, {count(len(netlist.modules), 'module')}, {count(cells, 'cell')}"])


def check(
    file: FileArgument,
    strict: StrictOption = False,
    top: TopOption = None,
    from_: FromOption = None,
    liberty: LibertyOption = None,
    sfq: Annotated[bool, typer.Option("--sfq", help="Of SFQ cells: each output drives exactly one input.")] = False,
) -> Result:
    """Look for faults in a netlist.

    Undriven nets, several drivers, floating inputs, combinational loops, unknown cells, ports that do not fit. Exits
    with 1 when one of them is an error.
    """
    from hwdesign.formats import read
    from hwdesign.netlist.check import check as check_netlist

    if sfq and liberty:
        raise UsageError("--sfq does not go with --liberty", mend="leave one of them out")
    netlist = read(file, format=from_, top=top, strict=strict, library=_sfq_cells() if sfq else read_liberties(liberty))
    findings = check_netlist(netlist)
    if sfq:
        from hwdesign.sfq import fan_out_check

        findings = [*findings, *fan_out_check(netlist)]
    tally = {severity: sum(f.severity == severity for f in findings) for severity in ("error", "warning", "note")}
    data = {"file": str(file), "findings": findings, **{f"{key}s": number for key, number in tally.items()}}
    summary = ", ".join(count(number, severity) for severity, number in tally.items() if number) or "nothing found"
    lines = (*(str(finding) for finding in findings), f"{file}: {summary}")
    return Result(data, lines, FAILED if tally["error"] else 0)


def _sfq_cells() -> Library:
    from hwdesign.sfq import cell_types

    return cell_types()


def _rtl_info(file: Path) -> Result:
    from hwdesign.formats.rtl import parse_rtl

    design = parse_rtl(file)
    data = {"file": str(file), "tops": design.tops, "modules": design.modules}
    return Result(data, _rtl_lines(design))


def _rtl_lines(design: RtlDesign) -> Iterator[str]:
    tops = ", ".join(f"'{name}'" for name in design.tops) or "none"
    yield f"{design.file}: RTL, {count(len(design.modules), 'module')}, top {tops}"
    for module in design.modules:
        yield f"module '{module.name}', line {module.line}"
        if module.parameters:
            yield "  parameters: " + ", ".join(f"{p.name} = {p.default}" for p in module.parameters)
        ports = (f"{p.direction} {p.name}{f'[{p.range}]' if p.range else ''}" for p in module.ports)
        yield f"  ports: {', '.join(ports) or 'none'}"
        if module.clocks:
            yield f"  clocks and resets: {', '.join(module.clocks)}"
        if module.registers:
            yield f"  registers: {', '.join(module.registers)}"
        for instance in module.instances:
            yield f"  instance '{instance.name}' of '{instance.module}', line {instance.line}"
        blocks = count(len(module.always), "always block")
        yield f"  {blocks}, {count(len(module.assigns), 'assignment')}, {count(len(module.signals), 'signal')}"
