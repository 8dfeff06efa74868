"""What every command shares: its common options, and how it ends when something goes wrong."""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from hwdesign.cli._output import Result, emit, one_line
from hwdesign.errors import HwdesignError, OverrideError, ToolError

FAILED, USAGE, INTERRUPTED, BROKEN_PIPE = 1, 2, 130, 141

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
VerboseOption = Annotated[int, typer.Option("--verbose", "-v", count=True, help="Say more (twice: still more).")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]

_COMMON = {"as_json": (JsonOption, False), "verbose": (VerboseOption, 0), "debug": (DebugOption, False)}


class UsageError(HwdesignError):
    """The command line itself is wrong."""


def command(app: typer.Typer, name: str) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Register a function as a command of `app`, with the common options and endings added.

    The function's docstring is the command's help. It returns what is to be printed and raises `HwdesignError`.
    """

    def register(function: Callable[..., Result]) -> Callable[..., Result]:
        @functools.wraps(function)
        def shell(*, as_json: bool, verbose: int, debug: bool, **arguments: Any) -> None:
            raise typer.Exit(run_command(lambda: function(**arguments), as_json, verbose, debug))

        own = inspect.signature(function, eval_str=True)
        common = [
            inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)
            for key, (kind, default) in _COMMON.items()
        ]
        signature = own.replace(parameters=[*own.parameters.values(), *common], return_annotation=None)
        shell.__signature__ = signature  # type: ignore[attr-defined]
        shell.__annotations__ = {key: item.annotation for key, item in signature.parameters.items()}
        app.command(name)(shell)
        return function

    return register


def run_command(function: Callable[[], Result], as_json: bool, verbose: int, debug: bool) -> int:
    """Run a command's function, print its result or its error, and return the exit status."""
    if verbose:
        import logging

        level = logging.INFO if verbose == 1 else logging.DEBUG
        logging.basicConfig(level=level, stream=sys.stderr, format="%(name)s: %(message)s")
    try:
        # What libraries print on the way is no result of ours.
        with contextlib.redirect_stdout(sys.stderr):
            result = function()
        try:
            emit(result, as_json)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise HwdesignError(f"cannot write to standard output: {(error.strerror or '').lower()}") from error
        return result.code
    except OverrideError as error:  # as --set gave it
        return _report(UsageError(error.what, mend=error.mend), as_json, verbose, debug)
    except HwdesignError as error:
        return _report(error, as_json, verbose, debug)
    except KeyboardInterrupt:
        if debug:
            _traceback()
        say("interrupted")
        if as_json:
            emit_error("KeyboardInterrupt", "interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        abandon_stdout()
        return BROKEN_PIPE
    except MemoryError:
        if debug:
            _traceback()
        what, mend = "memory ran out", "give it a smaller input, or a machine with more memory"
        say(f"error: {what}; {mend}")
        if as_json:
            emit_error("MemoryError", what, mend=mend)
        return FAILED
    except Exception as error:  # a bug of ours: say so in one line
        if debug:
            _traceback()
        what = f"internal error: {type(error).__name__}: {error}"
        mend = "run again with --debug and report what it prints"
        say(f"error: {what}; {mend}")
        if as_json:
            emit_error("InternalError", what, mend=mend)
        return FAILED


def _report(error: HwdesignError, as_json: bool, verbose: int, debug: bool) -> int:
    if debug:
        _traceback()
    elif verbose and isinstance(error, ToolError) and error.output:
        for line in error.output.splitlines():
            say(f"    {line}")
    say(f"error: {error}")
    code = USAGE if isinstance(error, UsageError) else FAILED
    if as_json:
        emit_error(type(error).__name__, error.what, file=error.file, line=error.line, mend=error.mend)
    return code


def emit_error(kind: str, what: str, *, file: str | None = None, line: int = 0, mend: str = "") -> None:
    """Print the document that stands for an error under `--json`, where standard output takes it."""
    with contextlib.suppress(OSError):
        fault = {"type": kind, "what": what, "file": file, "line": line, "mend": mend}
        emit(Result({"error": fault}), as_json=True)


def _traceback() -> None:
    import traceback

    sys.stderr.write(traceback.format_exc().encode("utf-8", "backslashreplace").decode())


def say(line: str) -> None:
    """Print one line on standard error, whatever it holds."""
    with contextlib.suppress(OSError):
        indent = line[: len(line) - len(line.lstrip())]
        sys.stderr.write(indent + one_line(line) + "\n")
        sys.stderr.flush()


def abandon_stdout() -> None:
    """Let the interpreter's last flush of a broken pipe go nowhere."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def key_values(pairs: list[str], option: str) -> dict[str, str]:
    """`["a=1", "b=2"]` as a mapping.

    Raises:
        UsageError: an item is not of the form key=value, or a key comes twice.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError(f"{option} takes key=value, not '{pair}'", mend=f"write it as {option} key=value")
        if key in found:
            raise UsageError(f"{option} names '{key}' twice", mend="leave one of them out")
        found[key] = value
    return found
