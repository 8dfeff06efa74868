"""The `hwdesign` command: parse, call the library, print. What it can do, Python can do without it."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status.

    Args:
        argv: arguments without the program's name; by default the process's own.

    Returns:
        0 fine; 1 a finding of severity error, or a failed job; 2 wrong usage; 130 interrupted; 141 the reader of our
        output went away.
    """
    from hwdesign.cli._app import run

    return run(argv)
