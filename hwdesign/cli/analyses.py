"""`hwdesign simulate margins`, `yield`, `shmoo` and `transfer`: thousands of variants of a deck at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwdesign.cli._analyses import (
    AnySpecOption,
    CheckOption,
    PlotOption,
    SpecOption,
    StepOption,
    TableOption,
    ThreadsOption,
    VaryOption,
    ending,
    progress,
    study_of,
    write_plot,
    write_result,
)
from hwdesign.cli._command import UsageError, command
from hwdesign.cli._options import FileArgument
from hwdesign.cli._output import Result, count, table

if TYPE_CHECKING:
    from hwdesign.sfq.analysis import Margin, Margins

_SHOWN = 20
_WIDEST = 120  # columns or rows of a grid that a terminal can show
_TOO_LARGE = "the grid is too large to be shown here; --plot OUT.png draws it, -o OUT.csv lists it"


def register(app: typer.Typer) -> None:
    """Add the commands of this file to `app`."""
    command(app, "margins")(margins)
    command(app, "yield")(yield_)
    command(app, "shmoo")(shmoo)
    command(app, "transfer")(transfer)


def margins(
    file: FileArgument,
    spec: AnySpecOption = None,
    vary: VaryOption = None,
    check: CheckOption = None,
    output: TableOption = None,
    plot: PlotOption = None,
    step: StepOption = None,
    threads: ThreadsOption = 1,
) -> Result:
    """Find how far each parameter may change before a deck stops working.

    Both ways, up to the specification's bound, each parameter by itself. The smallest margin is the critical one.
    """
    from hwdesign.sfq.analysis import margins as search

    study = study_of(file, spec, threads, step=step, vary=vary, check=check)
    with progress() as report:
        found = search(study, report=report)
    rows = margin_rows(found)
    critical = found.critical
    data: dict[str, Any] = {
        "file": str(file),
        "bound": found.bound,
        "simulations": found.simulations,
        "interrupted": found.interrupted,
        "critical": None if critical is None else {"parameter": critical.name, "margin": critical.critical},
        "margins": rows,
    }
    lines = [f"{file}: {count(len(rows), 'parameter')}, {count(found.simulations, 'simulation')}"]
    lines += margin_table(found)
    if critical is not None:
        lines.append(f"critical margin: {critical_text(critical)}")
    write_result(output, rows, data, lines)
    if plot is not None:
        from hwdesign.sfq.analysis.plots import margins_png

        write_plot(plot, margins_png(found), data, lines)
    return ending(study, data, lines, found.interrupted)


def margin_rows(found: Margins) -> list[dict[str, Any]]:
    """Margins as records."""
    return [
        {
            "parameter": row.name, "nominal": row.nominal, "unit": row.unit, "low": row.low, "high": row.high,
            "low_open": row.low_open, "high_open": row.high_open, "critical": row.critical,
            "reentrant": row.reentrant,
        }
        for row in found.rows
    ]  # fmt: skip


def critical_text(row: Margin) -> str:
    """`34.4 % (B3|XDUT)`."""
    from hwdesign.sfq.analysis.margins import margin_text

    return f"{margin_text(row.critical, row.low_open and row.high_open)} ({row.name})"


def margin_table(found: Margins) -> list[str]:
    """Margins as lines, the most critical first."""
    from hwdesign.sfq.analysis.margins import margin_text

    rows = sorted(found.rows, key=lambda row: row.critical)
    return table(
        ("parameter", "down", "up", ""),
        (
            (
                row.name,
                margin_text(row.low, row.low_open),
                margin_text(row.high, row.high_open),
                "works again further out" if row.reentrant else "",
            )
            for row in rows
        ),
    )


def yield_(
    file: FileArgument,
    spec: AnySpecOption = None,
    samples: Annotated[int | None, typer.Option("--samples", min=1, max=1_000_000, help="Most samples.")] = None,
    sigma: Annotated[
        list[str] | None,
        typer.Option("--sigma", metavar="SHARE", help="Local spread, as 5%; or ENTRY=5% for one entry; often."),
    ] = None,
    sigma_global: Annotated[
        list[str] | None,
        typer.Option("--sigma-global", metavar="SHARE", help="Spread that an entry's elements share; as --sigma."),
    ] = None,
    vary: VaryOption = None,
    check: CheckOption = None,
    width: Annotated[
        str | None, typer.Option("--width", metavar="SHARE", help="Stop once half the 95 % interval is that, as 0.5%.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, max=(1 << 63) - 1, help="Seed of the samples.")] = None,
    keep: Annotated[
        Path | None, typer.Option("--progress", metavar="FILE", help="Keeps what is done; a run goes on from there.")
    ] = None,
    output: TableOption = None,
    step: StepOption = None,
    threads: ThreadsOption = 1,
) -> Result:
    """Simulate random samples of a deck and count those that work.

    Local Gaussian spreads of each element, and global ones that the specification's entries share. -o writes every
    sample and why it failed.
    """
    from hwdesign.sfq.analysis import monte_carlo

    study = study_of(file, spec, threads, step=step, vary=vary, check=check)
    with progress() as report:
        found = monte_carlo(
            study, samples=samples, sigma=_sigma(sigma or [], "--sigma"),
            sigma_global=_sigma(sigma_global or [], "--sigma-global"), seed=seed,
            width=None if width is None else _share(width, "--width"), progress=keep, report=report,
        )  # fmt: skip
    low, high = found.interval
    passed = int(found.passed.sum())
    data: dict[str, Any] = {
        "file": str(file),
        "samples": found.samples,
        "passed": passed,
        "yield": found.share,
        "interval_95": [low, high],
        "interval_method": "wilson",
        "seed": found.seed,
        "interrupted": found.interrupted,
        "failures": [{"sample": at, "reason": text} for at, text in found.reasons.items()],
    }
    lines = [
        f"{file}: {passed} of {count(found.samples, 'sample')} work: {100 * found.share:.2f} % "
        f"(Wilson's 95 % interval {100 * low:.2f} to {100 * high:.2f} %), seed {found.seed}"
    ]
    shown = list(found.reasons.items())[:_SHOWN]
    lines += table(("sample", "why not"), shown)
    if len(found.reasons) > _SHOWN:
        lines.append(f"... {len(found.reasons) - _SHOWN} more failures; -o OUT.csv or --json gives all")
    rows = [
        {"sample": at, "passed": int(ok), "reason": found.reasons.get(at, "")}
        for at, ok in enumerate(found.passed.tolist())
    ]
    write_result(output, rows, data, lines)
    return ending(study, data, lines, found.interrupted)


def _share(text: str, option: str) -> float:
    from hwdesign.errors import FormatError
    from hwdesign.netlist.quantity import parse_number

    number, scale = (text.strip()[:-1], 100) if text.strip().endswith("%") else (text.strip(), 1)
    try:
        value = parse_number(number)
    except FormatError:
        value = None
    if value is None or not 0 <= value / scale < 1:
        raise UsageError(f"{option} takes a share from 0 to 1, not '{text[:40]}'", mend=f"write {option} 5%")
    return value / scale


def _sigma(texts: Sequence[str], option: str) -> dict[str, float] | float | None:
    if not texts:
        return None
    if len(texts) == 1 and "=" not in texts[0]:
        return _share(texts[0], option)
    found: dict[str, float] = {}
    for text in texts:
        name, equals, share = text.rpartition("=")
        if not equals:
            raise UsageError(f"{option} comes once as SHARE, or often as ENTRY=SHARE", mend=f"write {option} 'L*=5%'")
        found[name] = _share(share, option)
    return found


def shmoo(
    file: FileArgument,
    spec: SpecOption,
    output: TableOption = None,
    plot: PlotOption = None,
    threads: ThreadsOption = 1,
) -> Result:
    """Show where a deck works in the plane of two entries of the specification (`shmoo`)."""
    from hwdesign.sfq.analysis import shmoo as scan

    study = study_of(file, spec, threads)
    with progress() as report:
        found = scan(study, report=report)
    works = found.works.tolist()
    data: dict[str, Any] = {
        "file": str(file), "x": found.x_name, "y": found.y_name, "x_change": found.x, "y_change": found.y,
        "works": works, "interrupted": found.interrupted,
    }  # fmt: skip
    lines = [
        f"{file}: {found.y_name} {100 * found.y[0]:+.0f} to {100 * found.y[-1]:+.0f} % upwards, "
        f"{found.x_name} {100 * found.x[0]:+.0f} to {100 * found.x[-1]:+.0f} % to the right; # works",
        *(found.rows() if len(found.x) <= _WIDEST and len(found.y) <= _WIDEST else [_TOO_LARGE]),
    ]
    rows = [
        {f"{found.x_name}_change": x, f"{found.y_name}_change": y, "works": "" if value != value else int(value)}
        for y, row in zip(found.y.tolist(), works, strict=True)
        for x, value in zip(found.x.tolist(), row, strict=True)
    ]
    write_result(output, rows, data, lines)
    if plot is not None:
        from hwdesign.sfq.analysis.plots import shmoo_png

        write_plot(plot, shmoo_png(found), data, lines)
    return ending(study, data, lines, found.interrupted)


def transfer(
    file: FileArgument,
    spec: SpecOption,
    output: TableOption = None,
    plot: PlotOption = None,
    threads: ThreadsOption = 1,
) -> Result:
    """Measure the share of pulses that pass against a current, and fit it (`transfer` of the specification)."""
    from hwdesign.sfq.analysis import transfer as measure

    study = study_of(file, spec, threads, checks=False)
    with progress() as report:
        found = measure(study, report=report)
    share = found.share.tolist()
    rows = [
        {"current_a": i, "offered": n, "passed": k, "p_pass": p}
        for i, n, k, p in zip(found.current.tolist(), found.offered.tolist(), found.passed.tolist(), share, strict=True)
    ]
    fit = found.fit
    data: dict[str, Any] = {
        "file": str(file), "curve": rows, "fit": fit, "note": found.note,
        "failed_runs": found.failed, "interrupted": found.interrupted,
    }  # fmt: skip
    lines = [f"{file}: {count(len(rows), 'current')}, {int(found.offered.sum())} pulses"]
    lines += table(
        ("current (uA)", "offered", "passed", "P(pass)"),
        ((f"{1e6 * row['current_a']:.3f}", row["offered"], row["passed"], float(row["p_pass"])) for row in rows),
    )
    if fit is not None:
        lines.append(
            f"P(pass) = Φ((I - mu)/sigma): mu {fit.mu * 1e6:.3f} ± {fit.mu_error * 1e6:.3f} uA, "
            f"sigma {fit.sigma * 1e6:.3f} ± {fit.sigma_error * 1e6:.3f} uA, chi2 {fit.chi2:.2f} a degree of freedom"
        )
    else:
        lines.append(f"no fit: {found.note}")
    if found.failed:
        lines.append(f"{count(found.failed, 'run')} did not finish and count nowhere")
    write_result(output, rows, data, lines)
    if plot is not None:
        from hwdesign.sfq.analysis.plots import transfer_png

        write_plot(plot, transfer_png(found), data, lines)
    return ending(study, data, lines, found.interrupted)
