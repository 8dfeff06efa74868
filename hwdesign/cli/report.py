"""`hwdesign report`: a training run as one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hwdesign.cli._command import command
from hwdesign.cli._options import RunArgument
from hwdesign.cli._output import Result


def register(app: typer.Typer) -> None:
    """Add the commands of this file to `app`."""
    command(app, "report")(report)


def report(
    run: RunArgument,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="OUT.html", help="By default report.html in the run.")
    ] = None,
) -> Result:
    """Write a training run's HTML report."""
    from hwdesign.report import html_report

    target = output or run / "report.html"
    html_report(run, target)
    return Result({"run": str(run), "report": str(target)}, [f"report: {target}"])
