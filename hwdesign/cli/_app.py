"""The command tree, and the entry that runs it."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from hwdesign import __version__
from hwdesign.cli import data, doctor, generate, netlists, predictors, report, simulate
from hwdesign.cli._command import BROKEN_PIPE, FAILED, INTERRUPTED, USAGE, UsageError, abandon_stdout, emit_error, say

# Plain help: rich would take longer to import than all the rest.
_LOOK: dict[str, Any] = {
    "no_args_is_help": True,
    "add_completion": False,
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}

app = typer.Typer(name="hwdesign", help="Hardware co-design: netlists, predictors, simulators.", **_LOOK)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hwdesign {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Hardware co-design: one netlist IR under graph-learning models and simulators."""


def _group(name: str, summary: str) -> typer.Typer:
    group = typer.Typer(name=name, help=summary, **_LOOK)
    app.add_typer(group)
    return group


netlists.register(app)
generate.register(_group("generate", "Make circuits from parameters."))
predictors.register(
    train=_group("train", "Train a predictor."),
    predict=_group("predict", "Predict with a trained predictor."),
    evaluate=_group("evaluate", "Measure a trained predictor."),
)
simulate.register(_group("simulate", "Simulate a circuit."))
data.register(_group("data", "Data sets: what is known, what is here."))
report.register(app)
doctor.register(app)


def run(argv: Sequence[str] | None = None) -> int:
    """Run a command line; see `hwdesign.cli.main`."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    # Python has None for a stream that the caller closed, and the next file opened would get its descriptor: what a
    # library prints would land in that file.
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123
    if sys.stdout is None:
        say("error: cannot write to standard output: it is closed")
        return FAILED
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a name that the terminal's encoding lacks must not end the program
            stream.reconfigure(errors="backslashreplace")
    try:
        with warnings.catch_warnings():
            # Advice of libraries to their programmers; `python -W` still shows it.
            if not sys.warnoptions:
                warnings.simplefilter("ignore")
            code = app(arguments, prog_name="hwdesign", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except KeyboardInterrupt:
        say("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        abandon_stdout()
        return BROKEN_PIPE
    except Exception as error:
        # typer's own errors share no public base over the releases that we take, but all can format themselves.
        if not hasattr(error, "format_message"):
            raise
        return _wrong_usage(error, as_json="--json" in itertools.takewhile("--".__ne__, arguments))
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()


def _wrong_usage(error: Any, *, as_json: bool) -> int:
    """Say what is wrong with a command line that typer refuses, before any command has seen its options."""
    context = getattr(error, "ctx", None)
    message = error.format_message()
    if message.startswith("Usage:"):  # a group without a command: the message is its help
        sys.stderr.write(message.rstrip("\n") + "\n")
        return USAGE
    message = message.replace(". Did you mean", ", did you mean").rstrip(".?")
    path = context.command_path if context is not None else "hwdesign"
    fault = UsageError(message[0].lower() + message[1:], mend=f"see '{path} --help'")
    say(f"error: {fault}")
    if as_json:
        emit_error(type(fault).__name__, fault.what, mend=fault.mend)
    return USAGE
