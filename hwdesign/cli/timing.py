"""`hwdesign train timing`, `predict timing` and `evaluate timing`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwdesign.cli._command import UsageError, command, say
from hwdesign.cli._options import ConfigOption, RunOption, SetOption, default_run
from hwdesign.cli._output import Result, count, table

if TYPE_CHECKING:
    from hwdesign.timing.wire_splits import WireRunConfig

_METHODS = {
    "model": "trained network",
    "start": "its start",
    "baseline": "analytic tree",
    "zero": "no wires",
}
_COLUMNS = {
    "net_r2": "net R²",
    "net_mae_ps": "net MAE ps",
    "pooled_net_r2": "pooled net R²",
    "cap_r2": "cap R²",
    "arrival_r2": "arrival R²",
    "arrival_mae_ps": "arrival MAE ps",
    "endpoint_mae_ps": "endpoint MAE ps",
    "endpoint_r2": "endpoint R²",
    "slew_r2": "slew R²",
    "wns_error_ps": "WNS error ps",
    "tns_error_ps": "TNS error ps",
    "worst_slack_error_ps": "worst slack error ps",
}
_PREROUT_COLUMNS = {
    "slack_r2": "slack R²",
    "slack_mae_ps": "slack MAE ps",
    **{key: _COLUMNS[key] for key in ("net_r2", "net_mae_ps", "arrival_r2", "arrival_mae_ps", "endpoint_mae_ps")},
    "slew_r2": "slew R²",
    "cell_r2": "cell R²",
}
_PER_DESIGN = ("net_r2", "net_mae_ps", "arrival_mae_ps", "endpoint_mae_ps", "worst_slack_error_ps")

ModelOption = Annotated[
    str, typer.Option("--model", metavar="RUN", help="Folder of a training run; 'shipped' comes with hwdesign.")
]


def register(*, train: typer.Typer, predict: typer.Typer, evaluate: typer.Typer) -> None:
    """Add the commands to the groups."""
    command(train, "timing")(train_timing)
    command(predict, "timing")(predict_timing)
    command(evaluate, "timing")(evaluate_timing)


def _run(model: str) -> Path | None:
    return None if model == "shipped" else Path(model)


def train_timing(
    config: ConfigOption,
    run: RunOption = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the interrupted run in that folder.")] = False,
    set_: SetOption = None,
) -> Result:
    """Train on extracted wires.

    A network learns the resistance and capacitance of nets before they are routed, from placed designs with extracted
    parasitics; or, with `kind: prerout` as its model, slacks from a timing tool's labels. Ctrl-C leaves a usable
    checkpoint; --resume goes on from it.
    """
    from hwdesign.learn import load_config
    from hwdesign.timing.fit_wires import train
    from hwdesign.timing.wire_splits import WireRunConfig

    folder = run or default_run(config)
    settings = load_config(config, set_ or [], kind=WireRunConfig)
    if settings.model.get("kind") == "prerout":
        return _train_prerout(settings, folder, resume)
    summary = train(settings, folder, resume=resume, progress=sys.stderr.isatty())
    lines = [
        f"{folder}: {count(summary.epochs, 'epoch')} on {count(summary.trained, 'design')}, the best is "
        f"{summary.best_epoch} (validation error {summary.validation:.4f} ps), {summary.parameters} parameters, "
        f"{summary.seconds:.0f} s",
    ]
    for split, methods in summary.splits.items():
        designs = sum(item["split"] == split for item in summary.designs)
        lines += [f"{count(designs, f'{split} design')}, medians:", *_method_table(methods)]
    return Result(summary.as_dict(), lines)


def _train_prerout(settings: WireRunConfig, folder: Path, resume: bool) -> Result:
    from hwdesign.timing.fit_prerout import train_prerout

    summary = train_prerout(settings, folder, resume=resume, progress=sys.stderr.isatty())
    keys = list(_PREROUT_COLUMNS)
    rows = ((split, *(figures[key] for key in keys)) for split, figures in summary.splits.items())
    lines = [
        f"{folder}: {count(summary.epochs, 'epoch')} on {count(summary.trained, 'design')}, the best is "
        f"{summary.best_epoch} (validation error of slacks {1e3 * summary.validation:.1f} ps), {summary.parameters} "
        f"parameters, {summary.seconds:.0f} s",
        "medians over designs:",
        *table(("split", *_PREROUT_COLUMNS.values()), rows),
    ]
    return Result(summary.as_dict(), lines)


def predict_timing(
    netlist: Annotated[Path, typer.Option("--netlist", metavar="V", help="Netlist of library cells.")],
    placement: Annotated[Path, typer.Option("--placement", metavar="DEF", help="Where its cells and ports lie.")],
    liberty: Annotated[Path, typer.Option("--liberty", metavar="LIB", help="The cells' timing.")],
    lef: Annotated[
        list[Path], typer.Option("--lef", metavar="LEF", help="Layers and cells' outlines; may come often.")
    ],
    sdc: Annotated[Path | None, typer.Option("--sdc", metavar="SDC", help="Constraints; needed for times.")] = None,
    model: ModelOption = "shipped",
    spef: Annotated[Path | None, typer.Option("--spef", metavar="OUT.spef", help="Write the predicted wires.")] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="OUT.csv", help="Every pin's times, as CSV.")
    ] = None,
) -> Result:
    """Predict wires and times before routing.

    A trained network predicts every net's resistance and capacitance from the placement; with constraints, exact
    static timing over these wires follows.
    """
    from hwdesign.timing.predict_wires import predict

    if sdc is None and output is not None:
        raise UsageError("--output needs --sdc: without constraints there are no times", mend="give the SDC file")
    found = predict(netlist, placement, liberty, lef, constraints=sdc, model=_run(model), spef=spef, out=output)
    lines = [
        f"{netlist}: '{found.design}', {count(found.cells, 'cell')}, {count(found.nets, 'net')} of "
        f"{count(found.pins, 'pin')}",
        f"wires: {found.wire_pf:.3f} pF in all, {found.seconds[0]:.2f} s",
    ]
    if found.wns_ns is not None:
        worst = (
            "no path ends at a constrained pin" if found.worst_slack_ns is None else f"{found.worst_slack_ns:.4f} ns"
        )
        lines.append(
            f"worst set-up slack: {worst}; WNS {found.wns_ns:.4f} ns, TNS {found.tns_ns:.4f} ns, hold WNS "
            f"{found.hold_wns_ns:.4f} ns, {found.seconds[1]:.2f} s"
        )
    lines += [f"note: {finding}" for finding in found.findings]
    lines += [f"{what}: {path}" for what, path in (("wires", spef), ("every pin", output)) if path is not None]
    return Result(found.as_dict(), lines)


def evaluate_timing(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Folder of a training run, or 'shipped'.")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of placed and extracted designs.")],
    tech: Annotated[
        Path | None, typer.Option("--tech", metavar="DIR", help="Library and outlines; by default the nearest tech/.")
    ] = None,
    design: Annotated[
        list[str] | None, typer.Option("--design", metavar="NAME", help="Only this one; may come often.")
    ] = None,
    wires_only: Annotated[bool, typer.Option("--wires-only", help="Leave arrivals and slews out.")] = False,
) -> Result:
    """Measure predicted wires and times.

    Each design beside the analytic tree and beside no wires: net delays against the extracted ones; arrivals, slews
    and slacks against the designs' labels or, without labels, the exact times over the extracted wires. A run's folder
    keeps the result for `hwdesign report`.
    """
    from hwdesign.timing.evaluate_wires import evaluate, save_evaluation

    def progress(name: str, done: int, total: int) -> None:
        say(f"{done + 1}/{total} {name}")

    found = evaluate(
        _run(run), folder, technology=tech, names=design or (), times=not wires_only,
        report=progress if sys.stderr.isatty() else None,
    )  # fmt: skip
    if run != "shipped" and Path(run).is_dir():
        save_evaluation(found, Path(run))
    header = ("design", "cells", "trained on", "seconds", *(_COLUMNS[key] for key in _PER_DESIGN))
    rows: Iterable[tuple[Any, ...]] = (
        (
            item.name,
            item.cells,
            item.seen,
            item.seconds + (item.timing_seconds or 0.0),
            *(item.methods["model"].get(key) for key in _PER_DESIGN),
        )
        for item in found.designs
    )
    lines = [
        *table(header, rows),
        f"{count(len(found.designs), 'design')}, medians:",
        *_method_table(found.summary),
    ]
    seen = sum(item.seen for item in found.designs)
    if seen:
        lines.append(f"note: the network was trained on {seen} of them")
    return Result(found.as_dict(), lines)


def _method_table(methods: Mapping[str, Mapping[str, float]]) -> list[str]:
    keys = [key for key in _COLUMNS if all(key in row for row in methods.values())]
    rows = ((_METHODS[name], *(row[key] for key in keys)) for name, row in methods.items())
    return table(("wires", *(_COLUMNS[key] for key in keys)), rows)
