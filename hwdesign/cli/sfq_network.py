"""`hwdesign train sfq`, `hwdesign simulate xor` and `hwdesign simulate network`: SFQ networks, trained and proved."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwdesign.cli._command import UsageError, command, say
from hwdesign.cli._networks import read_network, task_of
from hwdesign.cli._options import ConfigOption, RunOption, SetOption, default_run
from hwdesign.cli._output import Result, count, table
from hwdesign.errors import DataError

if TYPE_CHECKING:
    from hwdesign.sfq.network import Network, NetworkConfig, Proof, Task

_SHOWN = 16

_TELL_S = 3.0
_KEPT = "simulated"
_FILE_CHIPS, _FILE_SPREAD, _FILE_THREADS = 64, 0.05, 2

FreshOption = Annotated[bool, typer.Option("--fresh", help="Train even where the folder holds a trained network.")]
ResumeOption = Annotated[bool, typer.Option("--resume", help="Continue the interrupted run in that folder.")]
ChipsOption = Annotated[
    int | None,
    typer.Option("--chips", min=1, max=100_000, help="Monte Carlo instances, by default the configuration's."),
]
SpreadOption = Annotated[
    float | None, typer.Option("--spread", min=0, max=0.5, help="Local spread, by default the configuration's.")
]


def register_train(app: typer.Typer) -> None:
    """Add the training to `app`."""
    command(app, "sfq")(train_sfq)


def register_simulate(app: typer.Typer) -> None:
    """Add the proofs to `app`."""
    command(app, "xor")(xor)
    command(app, "network")(network)


def train_sfq(
    config: ConfigOption,
    run: RunOption = None,
    resume: ResumeOption = False,
    fresh: FreshOption = False,
    set_: SetOption = None,
) -> Result:
    """Train the bias currents of an SFQ network.

    Measures synapse, neuron and merger on the embedded engine, then trains the architecture-level model on them. Ctrl-C
    leaves a checkpoint; --resume goes on from it.
    """
    from hwdesign.sfq.network import load_network_config

    folder = run or default_run(config)
    data, lines = _train(load_network_config(config, set_ or []), folder, resume=resume, fresh=fresh)
    return Result(data, lines)


def xor(
    config: Annotated[
        Path | None, typer.Option("--config", metavar="YAML", help="By default the same as sims/xor.yaml.")
    ] = None,
    run: RunOption = None,
    chips: ChipsOption = None,
    spread: SpreadOption = None,
    resume: ResumeOption = False,
    fresh: FreshOption = False,
    set_: SetOption = None,
) -> Result:
    """Prove an XOR network, from training to netlist.

    Trains the network or loads it from the run's folder, generates its netlist of SFQ cells, simulates all patterns on
    many chips with thermal noise and spreads, and writes decks, report and plots to the folder.
    """
    from hwdesign.sfq.network import NetworkConfig, load_network_config

    settings = NetworkConfig(name="xor") if config is None else load_network_config(config, set_ or [])
    if config is None and set_:
        raise UsageError("--set goes with --config", mend="add --config sims/xor.yaml")
    return _prove(
        settings, run or (Path("runs") / "xor" if config is None else default_run(config)), chips, spread, resume, fresh
    )


def network(
    file: Annotated[
        Path | None, typer.Argument(metavar="[NETWORK]", help="A network.json or NIR file, instead of --config.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="YAML", help="A network to train, or trained before.")
    ] = None,
    run: RunOption = None,
    chips: ChipsOption = None,
    spread: SpreadOption = None,
    resume: ResumeOption = False,
    fresh: FreshOption = False,
    task: Annotated[
        str | None, typer.Option("--task", metavar="NAME", help="What a network from a file has to decide.")
    ] = None,
    pattern: Annotated[
        list[str] | None, typer.Option("--pattern", metavar="V1,V2", help="What it is tried on; may come often.")
    ] = None,
    set_: SetOption = None,
) -> Result:
    """Prove any SFQ network, as `simulate xor` does.

    A network from a file is judged by --task, or by what its circuit decides without noise and spreads, on each
    --pattern (by default on all of 0 and 1). --set says what a NIR file does not: time_scale, l_storage_ph, dual_rail,
    slots, pulses, period_ps, slot_ps, decide_at, name.
    """
    from hwdesign.sfq.network import load_network_config

    if (file is None) == (config is None):
        raise UsageError("a network's file or --config is needed, not both", mend="name one of them")
    if config is not None:
        if task is not None or pattern:
            raise UsageError("--task and --pattern go with a network's file", mend="the configuration names its task")
        settings = load_network_config(config, set_ or [])
        return _prove(settings, run or default_run(config), chips, spread, resume, fresh)
    assert file is not None
    if resume or fresh:
        raise UsageError("--resume and --fresh go with --config", mend="leave them out")
    return _prove_file(file, run or default_run(file), chips, spread, task, pattern or [], set_ or [])


def _train(config: NetworkConfig, folder: Path, *, resume: bool, fresh: bool) -> tuple[dict[str, Any], list[str]]:
    from hwdesign.sfq.network import train_network
    from hwdesign.sfq.network.config import unfinished

    if resume and fresh:
        raise UsageError("--resume and --fresh exclude each other", mend="leave one of them out")
    if not resume and not fresh and unfinished(folder):
        raise DataError(
            "the folder holds an unfinished training",
            file=folder,
            mend="add --resume to go on, or --fresh to start anew",
        )
    trained = train_network(config, say=say, folder=folder, resume=resume)
    synapse, neuron = trained.tables.synapse, trained.tables.neuron
    data: dict[str, Any] = {
        "run": str(folder),
        "name": config.name,
        "task": config.task,
        "accuracy": trained.accuracy,
        "starts": trained.starts,
        "steps": trained.steps,
        "seconds": trained.seconds,
        "synapse": {"mu_ua": synapse.mu_ua, "sigma_ua": synapse.sigma_ua, "mu_spread_ua": synapse.mu_spread_ua},
        "neuron": {"base": neuron.base, "gain": neuron.gain, "tau_ps": neuron.tau_ps, "spread": neuron.spread},
        "layers": [layer.outputs for layer in trained.network.layers],
        "synapses": _synapses(trained.network),
    }
    lines = [
        f"synapse: µ = {synapse.mu_ua:.2f} µA, σ = {synapse.sigma_ua:.2f} µA at {trained.tables.temperature_k:g} K; "
        f"µ varies by {synapse.mu_spread_ua:.1f} µA between chips with {100 * trained.tables.spread:g} % spread",
        f"neuron: threshold {neuron.base:.3f} - {neuron.gain:.5f}·IT/µA quanta (fit error {neuron.error:.4f}), "
        f"leak τ = {neuron.tau_ps:.1f} ps, varies by {neuron.spread:.3f} quanta",
        f"{folder}: trained in {count(trained.starts, 'start')}, {trained.seconds:.0f} s; "
        f"{count(data['synapses'], 'synapse')}, {' + '.join(map(str, data['layers']))} neurons; "
        f"{100 * trained.accuracy:.2f} % of the decisions are right in the architecture-level model",
    ]
    return data, lines


def _synapses(network: Network) -> int:
    return sum(int(layer.present().sum()) for layer in network.layers)


def _prove(
    config: NetworkConfig, folder: Path, chips: int | None, spread: float | None, resume: bool, fresh: bool
) -> Result:
    from hwdesign.sfq.network import TASKS, load_network
    from hwdesign.sfq.network.config import NETWORK_FILE, check_trained_as, unfinished

    data: dict[str, Any] = {"run": str(folder)}
    stored = folder / NETWORK_FILE
    if fresh or unfinished(folder) or not stored.is_file():
        data["training"], lines = _train(config, folder, resume=resume, fresh=fresh)
    else:
        check_trained_as(config, folder)
        lines = [f"{stored}: trained before (--fresh trains again)"]
    sigma = config.spread if spread is None else spread
    return _show(
        data, lines, folder, load_network(stored), TASKS[config.task](), chips=chips or config.chips, spread=sigma,
        sweep=config.sweep, seed=config.seed, threads=config.train.threads,
    )  # fmt: skip


def _prove_file(
    file: Path,
    folder: Path,
    chips: int | None,
    spread: float | None,
    task: str | None,
    patterns: list[str],
    options: list[str],
) -> Result:
    from hwdesign.files import make_folder
    from hwdesign.sfq.network.config import LAST_FILE, NETWORK_FILE, SETTINGS_FILE

    own = folder / NETWORK_FILE
    inside = own.is_file() and file.is_file() and own.samefile(file)
    if not inside and any((folder / name).exists() for name in (SETTINGS_FILE, LAST_FILE)):
        raise DataError("the folder holds a training", file=folder, mend="name another folder by --run")
    trained = read_network(file, options, "--set")
    wanted = task_of(trained, task, patterns)
    if not inside:
        make_folder(folder)
        trained.save(own)
    data: dict[str, Any] = {"run": str(folder), "network": str(file)}
    judged = "its circuit decides without noise and spreads" if task is None else f"'{task}' asks for"
    lines = [f"{file}: {count(_synapses(trained), 'synapse')}; right is what {judged}"]
    sigma = _FILE_SPREAD if spread is None else spread
    return _show(
        data, lines, folder, trained, wanted, chips=chips or _FILE_CHIPS, spread=sigma, sweep=(), seed=0,
        threads=_FILE_THREADS,
    )  # fmt: skip


def _show(
    data: dict[str, Any], lines: list[str], folder: Path, trained: Network, task: Task, **settings: Any
) -> Result:
    """Simulate, write and print."""
    from hwdesign.sfq.network import export, prove, write_proof
    from hwdesign.sfq.network.kept import forget

    keep = folder / _KEPT
    try:
        proof = prove(trained, task, report=_teller("circuit level: {} of {} chips"), keep=keep, **settings)
    except KeyboardInterrupt:
        say(f"stopped in the simulation; the same command goes on with the finished spreads in {keep}")
        raise
    busiest = task.patterns[int(task.labels.argmax())]
    files = [*export(trained, busiest, folder), *write_proof(proof, folder)]
    forget(keep)
    data |= {"proof": proof.as_dict(), "files": [str(path) for path in files]}
    return Result(data, [*lines, *_lines(proof), f"written: {' '.join(path.name for path in files)}"])


def _teller(text: str) -> Callable[[int, int], None]:
    """Say how much is done, in the beginning and then every few seconds, also where no one watches a terminal."""
    said = -_TELL_S

    def report(done: int, total: int) -> None:
        nonlocal said
        if time.monotonic() - said >= _TELL_S:
            said = time.monotonic()
            say(text.format(done, total))

    return report


def _lines(proof: Proof) -> list[str]:
    found = proof.as_dict()
    low, high = found["yield_interval"]
    rows = (
        (
            " ".join(f"{value:g}" for value in row["pattern"]),
            row["label"],
            " ".join(f"{value:.2f}" for value in row["counts_mean"]),
            f"{100 * row['correct']:.2f} %",
            f"{row['margin_mean']:.3f}",
            "-" if row["latency_ps"] is None else f"{row['latency_ps']:.0f}",
            f"{row['energy_aj']:.1f}",
        )
        for row in found["patterns"][:_SHOWN]
    )
    lines = [
        f"circuit: {found['junctions']} junctions, {found['bias_ma']:.2f} mA of bias, window {found['window_ps']:g} ps",
        f"{found['chips']} chips, {found['temperature_k']:g} K, local spread {100 * found['spread']:g} %:",
        *table(("pattern", "class", "mean count", "right", "margin", "latency (ps)", "energy (aJ)"), rows),
    ]
    if len(found["patterns"]) > _SHOWN:
        lines.append(f"... {len(found['patterns']) - _SHOWN} more patterns in report.json")
    if found["held_out"]:
        held = found["held_out"]
        lines.append(
            f"held out: {100 * held['correct']:.2f} % of {held['samples']} samples right "
            f"(the code allows {100 * held['best_possible']:.2f} %), {100 * held['worst_chip']:.2f} % on the worst chip"
        )
    lines += [
        f"right decisions {100 * found['correct']:.2f} % (worst pattern {100 * found['least_correct']:.2f} %); "
        f"chips right in every pattern {100 * found['yield']:.2f} % ({100 * low:.2f} to {100 * high:.2f})",
        f"least margin {found['margin_least']:.3f} of a full window; energy {found['energy_aj']:.1f} aJ a decision, "
        f"{found['energy_cooled_aj'] / 1000:.1f} fJ with {found['cooling_factor']:g} W/W of cooling",
        "yield against local spread: "
        + ", ".join(f"{100 * point['spread']:g} %: {100 * point['yield']:.1f} %" for point in found["sweep"]),
    ]
    return lines
