"""`hwdesign simulate deck` and `simulate pulses`: transient simulation of SPICE decks."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwdesign.cli._command import UsageError, command
from hwdesign.cli._options import FileArgument, SeedOption, TopOption
from hwdesign.cli._output import Result, count, table

if TYPE_CHECKING:
    from hwdesign.spice import Circuit, Transient

# As in hwdesign.spice.ENGINES, which would take long to import.
ENGINES = ("embedded", "ngspice", "ngspice-shared", "pyspice", "josim")
_MODES = ("josim", "newton")
_SHOWN = 20
_MANY = 1 << 24  # values that may be recorded before print steps alone are

EngineOption = Annotated[str, typer.Option("--engine", metavar="NAME", help=f"Simulator: {', '.join(ENGINES)}.")]
ModeOption = Annotated[
    str, typer.Option("--mode", metavar="NAME", help="josim: JoSIM's equal steps; newton: adaptive steps.")
]
StepOption = Annotated[str | None, typer.Option("--step", metavar="TIME", help="Step and print step, as 0.05p.")]
StopOption = Annotated[str | None, typer.Option("--stop", metavar="TIME", help="End of the simulation, as 200p.")]
OutputOption = Annotated[Path | None, typer.Option("-o", "--output", metavar="OUT.csv", help="Where the rows go.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file to `app`."""
    command(app, "deck")(deck)
    command(app, "pulses")(pulses)


def deck(
    file: FileArgument,
    engine: EngineOption = "embedded",
    mode: ModeOption = "josim",
    step: StepOption = None,
    stop: StopOption = None,
    print_: Annotated[
        list[str] | None,
        typer.Option("--print", metavar="SIGNAL", help="P(B1.XDUT), V(out), I(L1) ... in place of the deck's; often."),
    ] = None,
    output: OutputOption = None,
    top: TopOption = None,
    seed: SeedOption = 1,
) -> Result:
    """Simulate a deck over time and write what it prints.

    Columns are the time in seconds and the deck's print variables under JoSIM's labels (P(B1|XDUT)), in SI units. In
    the josim mode the rows are those that JoSIM prints.
    """
    import numpy as np

    from hwdesign.spice import simulate

    circuit, times = prepare(file, [engine], mode, step, stop, top)
    # Without a print line JoSIM prints the phase of every node.
    signals: list[str] | str = print_ or ("deck" if circuit.outputs else [f"nodep {node}" for node in circuit.nodes])
    asked = len(circuit.outputs if signals == "deck" else signals)
    analysis = circuit.analysis
    start, print_step = (0.0, times["step"]) if analysis is None else (analysis.print_start, analysis.print_step)
    if step is not None:
        print_step = times["step"]
    every = _record_every(times, print_step, asked)
    result = simulate(
        circuit, engine=engine, mode=mode, signals=signals, seeds=seed, every=every, **times  # type: ignore[arg-type]
    )  # fmt: skip
    rows = _rows(result.time, min(start, float(result.time[-1])), print_step, mode == "josim" and every == 1)
    labels = list(result.signals)
    data = {
        "engine": engine,
        **_summary(file, circuit, result, mode, times),
        "rows": len(rows),
        "signals": labels,
    }
    lines = _lines(data)
    if not print_ and not circuit.outputs:
        lines.append("the deck prints nothing: these are the phases of its nodes, as JoSIM has it")
    if output is not None:
        columns = [result.time[rows], *(result.signals[label][rows] for label in labels)]
        _write(output, ["time", *labels], np.column_stack(columns))
        data["output"] = str(output)
        lines.append(f"{count(len(rows), 'row')} of {count(len(labels), 'signal')}: {output}")
    else:
        last = ((label, f"{result.signals[label][rows[-1]]:.6g}") for label in labels[:_SHOWN])
        lines += table(("signal", "last value"), last)
        lines.append("-o OUT.csv writes every row")
    return Result(data, lines)


def pulses(
    file: FileArgument,
    engine: EngineOption = "embedded",
    mode: ModeOption = "josim",
    step: StepOption = None,
    stop: StopOption = None,
    output: OutputOption = None,
    top: TopOption = None,
    seed: SeedOption = 1,
) -> Result:
    """Simulate a deck and list its junctions' pulses.

    A pulse is a phase's passing (2k+1)π, upwards (direction 1) or downwards (-1). Columns: junction, k, direction, t_s.
    """
    from hwdesign.spice import simulate

    circuit, times = prepare(file, [engine], mode, step, stop, top)
    if not circuit.junctions:
        raise UsageError(f"{file} has no junctions", mend="see `hwdesign simulate deck`")
    result = simulate(circuit, engine=engine, mode=mode, waves=False, seeds=seed, **times)  # type: ignore[arg-type]
    found = result.pulses
    data = {"engine": engine, **_summary(file, circuit, result, mode, times)}
    net = found.counts(1)[0].tolist()
    data["junctions"] = [{"name": name, "pulses": number} for name, number in zip(circuit.junctions, net, strict=True)]
    lines = _lines(data)
    if output is not None:
        names = [found.junctions[j] for j in found.junction.tolist()]
        rows = zip(names, found.k.tolist(), found.direction.tolist(), found.t.tolist(), strict=True)
        _write_rows(output, ["junction", "k", "direction", "t_s"], rows)
        data["output"] = str(output)
        lines.append(f"{count(len(found), 'pulse')}: {output}")
    else:
        lines += table(("junction", "net pulses"), ((j["name"], j["pulses"]) for j in data["junctions"][:_SHOWN]))
        if len(circuit.junctions) > _SHOWN:
            lines.append(f"... {len(circuit.junctions) - _SHOWN} more junctions; -o OUT.csv or --json gives all")
    return Result(data, lines)


def _record_every(times: dict[str, float], print_step: float, signals: int) -> int:
    """How many steps lie between two recorded ones: one, but where the record of all steps would be too long."""
    ratio = print_step / times["step"]
    whole = ratio > 1.5 and abs(ratio - round(ratio)) < 1e-6 * ratio
    return round(ratio) if whole and times["stop"] / times["step"] * signals > _MANY else 1


def _rows(time: Any, start: float, print_step: float, josim: bool) -> Any:
    """Rows to print: those that JoSIM prints, or every one from `start` on."""
    import numpy as np

    from hwdesign.spice import print_rows

    return print_rows(time, start, print_step) if josim else np.flatnonzero(time >= start * (1 - 1e-9))


def prepare(
    file: Path, engines: list[str], mode: str, step: str | None, stop: str | None, top: str | None
) -> tuple[Circuit, dict[str, float]]:
    """The circuit of a deck, and its step and end, after what the options say.

    Raises:
        UsageError: an option is wrong, or the deck lacks a `.tran` line that it needs.
        As `hwdesign.spice.compile_deck`.
    """
    from hwdesign.spice import compile_deck

    for engine in engines:
        if engine not in ENGINES:
            raise UsageError(f"no engine is named '{engine}'", mend=f"engines: {', '.join(ENGINES)}")
    if mode not in _MODES:
        raise UsageError(f"no mode is named '{mode}'", mend=f"modes: {', '.join(_MODES)}")
    circuit = compile_deck(file, top)
    analysis = circuit.analysis
    times: dict[str, float] = {}
    for key, text in (("step", step), ("stop", stop)):
        if text is not None:
            times[key] = time_option(text, f"--{key}")
        elif analysis is None:
            raise UsageError(f"{file} has no .tran line", mend=f"add one, or give --{key}")
        else:
            times[key] = getattr(analysis, key)
    return circuit, times


def time_option(text: str, option: str) -> float:
    """An option's time in seconds.

    Raises:
        UsageError: it is no positive time.
    """
    from hwdesign.errors import FormatError
    from hwdesign.netlist.quantity import parse_number

    try:
        value = parse_number(text)
    except FormatError:
        value = None
    if value is None or not value > 0:
        raise UsageError(f"{option} takes a positive time, not '{text[:40]}'", mend=f"write {option} 0.05p")
    return value


def _summary(file: Path, circuit: Circuit, result: Transient, mode: str, times: dict[str, float]) -> dict[str, Any]:
    used = float(result.step[0])
    return {
        "file": str(file),
        "elements": len(circuit.elements),
        "nodes": len(circuit.nodes),
        "junction_count": len(circuit.junctions),
        "mode": mode,
        "step_s": used,
        "halved": mode == "josim" and used < times["step"],
        "stop_s": times["stop"],
        "steps": int(result.steps[0]),
        "pulse_count": len(result.pulses),
        "notes": list(circuit.notes),
    }


def _lines(data: dict[str, Any]) -> list[str]:
    lines = [
        f"{data['file']}: {count(data['elements'], 'element')}, {count(data['nodes'], 'node')}, "
        f"{count(data['junction_count'], 'junction')}; {count(data['steps'], 'step')} to {data['stop_s'] * 1e12:g} ps, "
        f"{count(data['pulse_count'], 'pulse')}"
    ]
    if data["halved"]:
        lines.append(
            f"the step was halved to {data['step_s'] * 1e12:g} ps, as a junction turned by more than 0.4π in one"
        )
    lines += [f"note: {note}" for note in data["notes"][:_SHOWN]]
    if len(data["notes"]) > _SHOWN:
        lines.append(f"... {count(len(data['notes']) - _SHOWN, 'more note')}; --json gives all")
    return lines


def _write(path: Path, head: list[str], rows: Any) -> None:
    _write_rows(path, head, ([f"{value:.9e}" for value in row] for row in rows.tolist()))


def _write_rows(path: Path, head: list[str], rows: Any) -> None:
    from hwdesign.files import write_text

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    write_text(path, text.getvalue())
