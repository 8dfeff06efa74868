"""What the commands of SFQ analyses share: options, progress, results as tables and plots."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwdesign.cli._command import INTERRUPTED, UsageError
from hwdesign.cli._output import Result, count, plain
from hwdesign.cli.decks import time_option

if TYPE_CHECKING:
    from hwdesign.sfq.analysis import Study

SpecOption = Annotated[Path, typer.Option("--spec", metavar="SPEC.yaml", help="What varies, and when the deck works.")]
TableOption = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="OUT", help="All results: .json as JSON, else as CSV.")
]
PlotOption = Annotated[Path | None, typer.Option("--plot", metavar="OUT.png", help="A plot.")]
AnySpecOption = Annotated[
    Path | None,
    typer.Option("--spec", metavar="SPEC.yaml", help="Without one, XDUT varies, and what is printed must stay."),
]
VaryOption = Annotated[
    list[str] | None, typer.Option("--vary", metavar="GLOB", help="Without --spec: what varies, as 'L*|XDUT'; often.")
]
CheckOption = Annotated[
    list[str] | None, typer.Option("--check", metavar="JUNCTION", help="Without --spec: must keep its pulses; often.")
]
StepOption = Annotated[str | None, typer.Option("--step", metavar="TIME", help="Simulator's step, as 0.1p.")]
ThreadsOption = Annotated[int, typer.Option("--threads", min=1, max=1024, help="Threads of the simulator.")]


def study_of(
    file: Path,
    spec: Path | None,
    threads: int,
    *,
    step: str | None = None,
    vary: Sequence[str] | None = None,
    check: Sequence[str] | None = None,
    checks: bool = True,
) -> Study:
    """A specification for a deck, or where there is none what `default_spec` makes of the deck, made ready.

    Raises:
        UsageError: `vary` or `check` beside a specification, or a wrong step.
        As `hwdesign.sfq.analysis.prepare`.
    """
    from hwdesign.sfq.analysis import default_spec, load_spec, prepare

    if spec is not None and (vary or check):
        raise UsageError("--vary and --check do not go with --spec", mend="write them into the specification")
    chosen = load_spec(spec, file) if spec is not None else default_spec(file, vary=vary or (), checks=check or ())
    if step is not None:
        chosen = chosen.model_copy(update={"step": time_option(step, "--step")})
    return prepare(chosen, threads=threads, checks=checks)


@contextlib.contextmanager
def progress() -> Iterator[Callable[[str, int, int], None] | None]:
    """A progress bar on standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def report(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total or None)

        yield report


def write_result(
    output: Path | None, rows: Sequence[Mapping[str, Any]], data: dict[str, Any], lines: list[str]
) -> None:
    """Write the rows as CSV, or the whole document as JSON, and say so."""
    if output is None:
        return
    from hwdesign.files import write_text

    if output.suffix.lower() == ".json":
        write_text(output, json.dumps(plain(data), indent=2, allow_nan=False) + "\n")
    else:
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: "" if item != item else item for key, item in row.items()} for row in rows)
        write_text(output, text.getvalue())
    data["output"] = str(output)
    lines.append(f"{count(len(rows), 'row')}: {output}")


def write_plot(path: Path, png: bytes, data: dict[str, Any], lines: list[str]) -> None:
    """Write a plot whole or not at all, and say so."""
    from hwdesign.files import open_atomic

    with open_atomic(path) as stream:
        stream.write(png)
    data["plot"] = str(path)
    lines.append(f"plot: {path}")


def ending(study: Study, data: dict[str, Any], lines: list[str], interrupted: bool = False) -> Result:
    """The command's result, with what is to be noted of the simulations.

    Of an interrupted one the exit status says so, and the results are what was done.
    """
    data["notes"] = list(study.notes)
    lines += [f"note: {note}" for note in study.notes]
    if interrupted:
        lines.append("interrupted: the results are of what was done until then")
    return Result(data, lines, INTERRUPTED if interrupted else 0)
