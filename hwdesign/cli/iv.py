"""`hwdesign simulate iv`: current-voltage curves of a deck's junction cards."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hwdesign.cli._analyses import ThreadsOption, write_result
from hwdesign.cli._command import command
from hwdesign.cli._options import FileArgument
from hwdesign.cli._output import Result, table


def register(app: typer.Typer) -> None:
    """Add the command of this file to `app`."""
    command(app, "iv")(iv)


def iv(
    file: FileArgument,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="OUT", help="All points: .json as JSON, else as CSV.")
    ] = None,
    threads: ThreadsOption = 1,
) -> Result:
    """Draw the current-voltage curves that a deck's .iv lines ask for.

    Columns: model, current_a, voltage_v; from 0 to the largest current, to minus the largest, and back. The files that
    the lines name are not written.
    """
    from hwdesign.spice.iv import iv_curves

    found = iv_curves(file, threads=threads)
    rows = [
        {"model": one.curve.model, "current_a": current, "voltage_v": voltage}
        for one in found
        for current, voltage in zip(one.current.tolist(), one.voltage.tolist(), strict=True)
    ]
    data = {"file": str(file), "curves": rows}
    lines = table(
        ("model", "points", "largest current A", "voltage there V"),
        (
            (one.curve.model, len(one.current), f"{one.current.max():.4g}", f"{one.voltage[one.current.argmax()]:.4g}")
            for one in found
        ),
    )
    write_result(output, rows, data, lines)
    return Result(data, lines)
