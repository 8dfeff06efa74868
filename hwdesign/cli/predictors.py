"""`hwdesign train`, `predict` and `evaluate`: one sub-command a predictor."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwdesign.cli import sfq_network, timing
from hwdesign.cli._command import command
from hwdesign.cli._options import (
    ConfigOption,
    FileArgument,
    RunArgument,
    RunOption,
    SeedOption,
    SetOption,
    default_run,
    read_config,
)
from hwdesign.cli._output import Result, count, table

if TYPE_CHECKING:
    from hwdesign.aig import CircuitMetrics
    from hwdesign.learn import Regression

_METHODS = {
    "model": "trained model",
    "mean": "constant mean",
    "cop": "COP",
    "untrained": "untrained model",
}
_GATES_SHOWN = 10

PatternsOption = Annotated[
    int, typer.Option("--patterns", min=64, max=1 << 26, help="Random patterns that the truth is simulated with.")
]


def register(*, train: typer.Typer, predict: typer.Typer, evaluate: typer.Typer) -> None:
    """Add the predictors to the groups."""
    command(train, "aig")(train_aig)
    sfq_network.register_train(train)
    command(predict, "aig")(predict_aig)
    command(evaluate, "aig")(evaluate_aig)
    timing.register(train=train, predict=predict, evaluate=evaluate)


def train_aig(
    config: ConfigOption,
    run: RunOption = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the interrupted run in that folder.")] = False,
    set_: SetOption = None,
) -> Result:
    """Train on signal probability.

    An AIG encoder learns each gate's probability of being 1 under random inputs. Ctrl-C leaves a usable checkpoint;
    --resume goes on from it.
    """
    from hwdesign.aig import train

    folder = run or default_run(config)
    summary = train(read_config(config, set_), folder, resume=resume, progress=sys.stderr.isatty())
    lines = [
        f"{folder}: {count(summary.epochs, 'epoch')}, the best is {summary.best_epoch} "
        f"(validation error {summary.validation:.4f}), {summary.parameters} parameters, {summary.seconds:.0f} s",
        *_circuit_table(summary.circuits),
        summary.verdict,
    ]
    return Result(summary.as_dict(), lines)


def predict_aig(
    run: RunArgument,
    file: FileArgument,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="OUT.csv", help="Every gate's figures, as CSV.")
    ] = None,
    patterns: PatternsOption = 65536,
    seed: SeedOption = 1,
) -> Result:
    """Predict signal probabilities.

    Shown beside simulation and two baselines: the constant mean, and COP (independence propagation).
    """
    from hwdesign.aig import predict

    result = predict(run, file, out=output, patterns=patterns, seed=seed)
    rows = sorted(result.rows, key=lambda row: abs(row.predicted - row.simulated), reverse=True)[:_GATES_SHOWN]
    lines = [
        f"{file}: '{result.circuit}', {count(len(result.rows), 'gate')}; {result.patterns} patterns, seed {seed}",
        *_method_table(result.metrics),
        "farthest off:",
        *table(("gate", "predicted", "simulated", "COP"), ((r.name, r.predicted, r.simulated, r.cop) for r in rows)),
        result.verdict,
    ]
    if output is not None:
        lines.append(f"every gate: {output}")
    return Result(result.as_dict(), lines)


def evaluate_aig(
    run: RunArgument,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Netlists.")],
    patterns: PatternsOption = 65536,
    seed: SeedOption = 1,
) -> Result:
    """Measure signal probabilities on circuits.

    Mean absolute error of each circuit, beside the baselines.
    """
    from hwdesign.aig import evaluate

    found = evaluate(run, files, patterns=patterns, seed=seed)
    return Result(found.as_dict(), [*_circuit_table(found.circuits), found.verdict])


def _circuit_table(circuits: Iterable[CircuitMetrics]) -> list[str]:
    listed = list(circuits)
    methods = list(listed[0].methods) if listed else []
    header = ("circuit", "split", "gates", "depth", *(_METHODS.get(name, name) for name in methods))
    rows = ((c.name, c.split, c.ands, c.depth, *(c.methods[name].mae for name in methods)) for c in listed)
    return ["mean absolute error:", *table(header, rows)]


def _method_table(metrics: Mapping[str, Regression]) -> list[str]:
    columns = ("mae", "rmse", "r2", "pearson", "spearman")
    rows: Iterable[tuple[Any, ...]] = (
        (_METHODS.get(name, name), *(getattr(value, column) for column in columns)) for name, value in metrics.items()
    )
    return table(("method", "mean abs. error", "RMS error", "R²", "Pearson", "Spearman"), rows)
