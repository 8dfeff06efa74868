"""`hwdesign doctor`: which engines are here and work."""

from __future__ import annotations

import typer

from hwdesign.cli._command import FAILED, command
from hwdesign.cli._output import Result, table


def register(app: typer.Typer) -> None:
    """Add the commands of this file to `app`."""
    command(app, "doctor")(doctor)


def doctor() -> Result:
    """Try every engine that hwdesign can use.

    Exits with 1 if one that it cannot do without fails.
    """
    import platform

    from hwdesign import __version__
    from hwdesign.tools import probe_all

    engines = probe_all()
    bad = [engine for engine in engines if not engine.works]
    broken = [engine.name for engine in bad if engine.required]
    data = {"hwdesign": __version__, "python": platform.python_version(), "engines": engines, "broken": broken}
    lines = [f"hwdesign {__version__}, Python {platform.python_version()}, {platform.platform()}"]
    lines += table(
        ("engine", "kind", "needed", "found", "version", "works", "what for"),
        (
            (e.name, e.kind, "yes" if e.required else "optional", e.found, e.version or "-", e.works, e.purpose)
            for e in engines
        ),
    )
    for engine in bad:
        lines.append(f"{engine.name}: {engine.detail}; install it with: {engine.install}")
    lines.append("needed but broken: " + ", ".join(broken) if broken else "everything that is needed works")
    return Result(data, lines, FAILED if broken else 0)
