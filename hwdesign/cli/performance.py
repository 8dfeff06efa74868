"""`hwdesign simulate delay`, `energy`, `errors` and `optimise`: figures of SFQ decks, and better values for them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hwdesign.cli._analyses import (
    PlotOption,
    SpecOption,
    TableOption,
    ThreadsOption,
    ending,
    progress,
    study_of,
    write_plot,
    write_result,
)
from hwdesign.cli._command import command
from hwdesign.cli._options import FileArgument
from hwdesign.cli._output import Result, count, table
from hwdesign.cli.analyses import critical_text, margin_rows


def register(app: typer.Typer) -> None:
    """Add the commands of this file to `app`."""
    command(app, "delay")(delay)
    command(app, "energy")(energy)
    command(app, "errors")(errors)
    command(app, "optimise")(optimise)


def delay(file: FileArgument, spec: SpecOption, output: TableOption = None, threads: ThreadsOption = 1) -> Result:
    """Measure the delay of each pulse and, with noise, its jitter (`delay` of the specification)."""
    from hwdesign.sfq.analysis import delay as measure

    study = study_of(file, spec, threads, checks=False)
    with progress() as report:
        found = measure(study, report=report)
    noisy = len(found.mean) > 0
    rows = [
        {
            "pulse": at, "delay_s": value,
            "mean_s": float(found.mean[at]) if noisy else "", "jitter_s": float(found.jitter[at]) if noisy else "",
        }
        for at, value in enumerate(found.nominal.tolist())
    ]  # fmt: skip
    data: dict[str, Any] = {
        "file": str(file), "pulses": rows, "samples": found.samples, "dropped": found.dropped,
        "rms_jitter_s": found.rms_jitter,
    }  # fmt: skip
    lines = [f"{file}: {count(len(rows), 'pulse')}, mean delay {found.nominal.mean() * 1e12:.3f} ps without noise"]
    if noisy:
        lines.append(
            f"with noise: mean {found.mean.mean() * 1e12:.3f} ps, jitter {found.rms_jitter * 1e12:.4f} ps (rms) over "
            f"{count(found.samples, 'run')}; {found.dropped} with another number of pulses left out"
        )
    write_result(output, rows, data, lines)
    return ending(study, data, lines)


def energy(file: FileArgument, spec: SpecOption, output: TableOption = None) -> Result:
    """Measure the energy that sources give, and what it is for each pulse (`energy` of the specification)."""
    from hwdesign.sfq.analysis import energy as measure

    study = study_of(file, spec, 1, checks=False)
    found = measure(study)
    rows = [{"source": name, "energy_j": value} for name, value in found.sources.items()]
    data: dict[str, Any] = {
        "file": str(file), "total_j": found.total, "pulses": found.pulses, "per_pulse_j": found.per_pulse,
        "cooling": found.cooling, "per_pulse_cooled_j": found.per_pulse_cooled, "carnot": found.carnot,
        "sources": rows,
    }  # fmt: skip
    lines = [
        f"{file}: {found.total:.4g} J from {count(len(rows), 'source')}, {count(found.pulses, 'pulse')}: "
        f"{found.per_pulse:.4g} J a pulse"
    ]
    if found.cooling is not None:
        lines.append(f"with a cooling factor of {found.cooling:g} W/W: {found.per_pulse_cooled:.4g} J a pulse")
    write_result(output, rows, data, lines)
    return ending(study, data, lines)


def errors(
    file: FileArgument,
    spec: SpecOption,
    output: TableOption = None,
    plot: PlotOption = None,
    threads: ThreadsOption = 1,
) -> Result:
    """Count bit errors against temperature (`errors` of the specification)."""
    from hwdesign.sfq.analysis import error_rates

    study = study_of(file, spec, threads)
    with progress() as report:
        found = error_rates(study, report=report)
    rows = [
        {
            "temperature_k": item.temperature, "errors": item.errors, "bits": item.bits, "rate": item.rate,
            "low": item.interval[0], "high": item.interval[1], "wrong_runs": item.wrong_runs, "runs": item.runs,
        }
        for item in found
    ]  # fmt: skip
    wanted = len(study.spec.errors.temperatures) if study.spec.errors else 0
    data: dict[str, Any] = {"file": str(file), "errors": rows, "interrupted": len(found) < wanted}
    lines = [f"{file}: {count(len(rows), 'temperature')}"]
    lines += table(
        ("temperature (K)", "errors", "bits", "rate", "95 % interval"),
        (
            (
                f"{r['temperature_k']:g}",
                r["errors"],
                r["bits"],
                f"{r['rate']:.3e}",
                f"{r['low']:.2e} to {r['high']:.2e}",
            )
            for r in rows
        ),
    )
    write_result(output, rows, data, lines)
    if plot is not None:
        from hwdesign.sfq.analysis.plots import errors_png

        write_plot(plot, errors_png(found), data, lines)
    return ending(study, data, lines, len(found) < wanted)


def optimise(
    file: FileArgument,
    spec: SpecOption,
    state: Annotated[
        Path | None, typer.Option("--state", metavar="FILE", help="Keeps each generation; a search goes on from there.")
    ] = None,
    output: TableOption = None,
    plot: PlotOption = None,
    threads: ThreadsOption = 1,
) -> Result:
    """Search for values with a wider critical margin (`optimise` of the specification).

    The table compares the deck with the best design found, both measured anew and with noise of other seeds.
    """
    from hwdesign.sfq.analysis import optimise as search
    from hwdesign.sfq.analysis.margins import margin_text

    study = study_of(file, spec, threads)
    with progress() as report:
        found = search(study, state=state, report=report)
    factors = found.design.tolist()
    before = {} if found.before is None else {row.name: row for row in found.before.rows}
    after = {} if found.after is None else {row.name: row for row in found.after.rows}
    rows = [
        {
            "parameter": name, "factor": factor,
            "critical_before": before[name].critical if name in before else "",
            "critical_after": after[name].critical if name in after else "",
        }
        for name, factor in zip(found.names, factors, strict=True)
    ]  # fmt: skip
    data: dict[str, Any] = {
        "file": str(file), "generations": len(found.history), "history": found.history, "design": rows,
        "interrupted": found.interrupted,
    }  # fmt: skip
    lines = [f"{file}: {count(len(found.history), 'generation')}"]

    def shown(row: Any) -> str:
        return margin_text(row.critical, row.low_open and row.high_open) if row is not None else "-"

    lines += table(
        ("parameter", "factor", "margin before", "margin after"),
        (
            (r["parameter"], r["factor"], shown(before.get(r["parameter"])), shown(after.get(r["parameter"])))
            for r in rows
        ),
    )
    for key, margins in (("before", found.before), ("after", found.after)):
        critical = margins.critical if margins is not None else None
        if margins is not None and critical is not None:
            data[key] = {"critical": critical.critical, "parameter": critical.name, "margins": margin_rows(margins)}
            lines.append(f"critical margin {key}: {critical_text(critical)}")
    write_result(output, rows, data, lines)
    if plot is not None and found.after is not None:
        from hwdesign.sfq.analysis.plots import margins_png

        write_plot(plot, margins_png(found.after, found.before), data, lines)
    return ending(study, data, lines, found.interrupted)
