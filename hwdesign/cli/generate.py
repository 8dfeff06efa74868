"""`hwdesign generate`: circuits from parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hwdesign.cli import generate_sfq
from hwdesign.cli._command import UsageError, command, key_values
from hwdesign.cli._options import ToOption
from hwdesign.cli._output import Result, count, table
from hwdesign.errors import HwdesignError


def register(app: typer.Typer) -> None:
    """Add the commands of this file to `app`."""
    command(app, "circuit")(circuit)
    command(app, "list")(list_)
    generate_sfq.register(app)


def circuit(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Generator; see `hwdesign generate list`.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT", help="File; its suffix tells the format.")],
    parameter: Annotated[
        list[str] | None, typer.Option("-p", "--parameter", metavar="KEY=VALUE", help="Parameter; may come often.")
    ] = None,
    to: ToOption = None,
) -> Result:
    """Make a circuit and write it."""
    from hwdesign.circuits import generate
    from hwdesign.formats import format_of, write

    values = key_values(parameter or [], "-p")
    form = format_of(output, to, writing=True)
    try:
        netlist = generate(name, **values)
    except HwdesignError as error:  # nothing but the command line can be at fault here
        raise UsageError(error.what, mend=error.mend) from error
    write(netlist, output, format=to)
    top = netlist.top_module
    data = {
        "circuit": name,
        "parameters": values,
        "output": str(output),
        "format": form.name,
        "top": netlist.top,
        "cells": top.num_cells,
        "ports": top.num_ports,
    }
    return Result(data, [f"{output}: {form.name}, '{netlist.top}', {count(top.num_cells, 'cell')}"])


def list_(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Show this one's parameters.")] = None,
) -> Result:
    """List the generators, or one generator's parameters."""
    from hwdesign.circuits import GENERATORS, find_generator

    if name is None:
        data = [
            {
                "name": item.name,
                "domain": item.domain,
                "summary": item.summary,
                "parameters": {p.name: p.default for p in item.parameters},
            }
            for item in GENERATORS.values()
        ]
        rows = (
            (g.name, g.domain, " ".join(f"{p.name}={p.default}" for p in g.parameters), g.summary)
            for g in GENERATORS.values()
        )
        return Result({"circuits": data}, table(("circuit", "domain", "parameters", "summary"), rows))
    try:
        found = find_generator(name)
    except HwdesignError as error:
        raise UsageError(error.what, mend=error.mend) from error
    parameters = [
        {
            "name": p.name,
            "type": p.type.__name__,
            "default": p.default,
            "min": p.min,
            "max": p.max,
            "choices": p.choices,
            "help": p.help,
        }
        for p in found.parameters
    ]
    shown = table(
        ("parameter", "type", "default", "allowed", "meaning"),
        (
            (p.name, p.type.__name__, str(p.default), " ".join(p.choices) or _bounds(p.min, p.max), p.help)
            for p in found.parameters
        ),
    )
    return Result(
        {"name": found.name, "domain": found.domain, "summary": found.summary, "parameters": parameters},
        [f"{found.name}: {found.summary} ({found.domain})", *shown],
    )


def _bounds(low: float | None, high: float | None) -> str:
    return "any" if low is None and high is None else f"{'' if low is None else low}..{'' if high is None else high}"
