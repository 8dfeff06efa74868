"""`hwdesign simulate compare`: one deck on several engines, and where they differ."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwdesign.cli._command import FAILED, UsageError, command
from hwdesign.cli._options import FileArgument, SeedOption, TopOption
from hwdesign.cli._output import Result, count, table
from hwdesign.cli.decks import ENGINES, ModeOption, StepOption, StopOption, prepare, time_option

if TYPE_CHECKING:
    from hwdesign.spice import Comparison

_SHOWN = 20

EnginesOption = Annotated[str, typer.Option("--engines", metavar="NAMES", help=f"Two or more of {', '.join(ENGINES)}.")]


def register(app: typer.Typer) -> None:
    """Add the command of this file to `app`."""
    command(app, "compare")(compare)


def compare(
    file: FileArgument,
    engines: EnginesOption = "embedded,ngspice",
    mode: ModeOption = "josim",
    step: StepOption = None,
    stop: StopOption = None,
    print_: Annotated[
        list[str] | None,
        typer.Option("--print", metavar="SIGNAL", help="Signals to compare in place of the deck's; often."),
    ] = None,
    tolerance: Annotated[
        float, typer.Option("--tolerance", metavar="RAD", min=0.0, help="Of phases, in radians.")
    ] = 0.005,
    relative: Annotated[
        float, typer.Option("--relative", min=0.0, help="Of voltages and currents, relative to their largest size.")
    ] = 0.01,
    pulse_tolerance: Annotated[
        str, typer.Option("--pulse-tolerance", metavar="TIME", help="Of matched pulses' times.")
    ] = "0.002p",
    top: TopOption = None,
    seed: SeedOption = 1,
) -> Result:
    """Simulate a deck on several engines and tell where they differ.

    Signals are the deck's print variables, or every junction's phase where it prints nothing; every junction's pulses
    are matched besides. Exits with 1 if a signal or a pulse is beyond its tolerance.
    """
    from hwdesign.spice import compare as compare_runs
    from hwdesign.spice import simulate

    names = [name.strip() for name in engines.split(",") if name.strip()]
    if len(names) < 2 or len(set(names)) < len(names):
        raise UsageError(f"--engines takes two or more names, not '{engines}'", mend="write embedded,ngspice")
    allowed = time_option(pulse_tolerance, "--pulse-tolerance")
    circuit, times = prepare(file, names, mode, step, stop, top)
    signals: list[str] | str = print_ or ("deck" if circuit.outputs else [f"P({name})" for name in circuit.junctions])
    runs = {
        name: simulate(circuit, engine=name, mode=mode, signals=signals, seeds=seed, **times)  # type: ignore[arg-type]
        for name in names
    }
    found = {
        pair: compare_runs(
            runs[pair[0]], runs[pair[1]], phase=tolerance, relative=relative, pulse=allowed
        )
        for pair in combinations(names, 2)
    }  # fmt: skip
    agree = all(one.agree for one in found.values())
    lines: list[str] = []
    for pair, one in found.items():
        lines += _lines(pair, one)
    data: dict[str, Any] = {
        "file": str(file),
        "engines": names,
        "mode": mode,
        "agree": agree,
        "pairs": [{"first": a, "second": b, "agree": one.agree, **_plain(one)} for (a, b), one in found.items()],
    }
    return Result(data, lines, 0 if agree else FAILED)


def _plain(one: Comparison) -> dict[str, Any]:
    return {"signals": one.signals, "pulses": one.pulses, "missing": one.missing}


def _lines(pair: tuple[str, str], one: Comparison) -> list[str]:
    lines = [f"{pair[0]} and {pair[1]} {'agree' if one.agree else 'differ'}"]
    lines += table(
        ("signal", "max difference", "at ps", "tolerance", "beyond from ps"),
        (
            (s.label, f"{s.largest:.3g}", f"{s.time * 1e12:.3f}", f"{s.tolerance:.3g}", _ps(s.first))
            for s in sorted(one.signals, key=lambda s: (s.first is None, s.label))[:_SHOWN]
        ),
    )
    if len(one.signals) > _SHOWN:
        lines.append(f"... {len(one.signals) - _SHOWN} more signals; --json gives all")
    lines += table(
        ("junction", "pulses matched", f"{pair[0]} only", f"{pair[1]} only", "max difference fs"),
        (
            (p.junction, p.matched, p.only_first, p.only_second, f"{p.largest * 1e15:.3f}")
            for p in sorted(one.pulses, key=lambda p: (one.kept(p), p.junction))[:_SHOWN]
        ),
    )
    if len(one.pulses) > _SHOWN:
        lines.append(f"... {count(len(one.pulses) - _SHOWN, 'more junction')}; --json gives all")
    return lines


def _ps(time: float | None) -> str:
    return "-" if time is None else f"{time * 1e12:.3f}"
