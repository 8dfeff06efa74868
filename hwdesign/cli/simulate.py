"""`hwdesign simulate`: what a circuit does under random inputs, and over time (`hwdesign.cli.decks`)."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hwdesign.cli import analyses, compare, decks, iv, performance, sfq_network
from hwdesign.cli._command import command
from hwdesign.cli._options import FileArgument, FromOption, SeedOption, TopOption
from hwdesign.cli._output import Result, count, table

if TYPE_CHECKING:
    from hwdesign.kernels import Activity
    from hwdesign.netlist.aig import AigView

_STREAMS = 64  # one word of the kernel
_WARMUP = 16  # clock cycles that the registers get to leave their reset state
_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the commands of this file to `app`."""
    command(app, "aig")(aig)
    decks.register(app)
    iv.register(app)
    compare.register(app)
    analyses.register(app)
    performance.register(app)
    sfq_network.register_simulate(app)


def aig(
    file: FileArgument,
    patterns: Annotated[
        int, typer.Option("--patterns", min=2, max=1 << 32, help="Random patterns (or register cycles, in all).")
    ] = 65536,
    seed: SeedOption = 1,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="OUT.csv", help="Every node's figures, as CSV.")
    ] = None,
    top: TopOption = None,
    from_: FromOption = None,
) -> Result:
    """Measure an AIG under random inputs.

    Prints signal probability and switching activity. A netlist that is no AIG is mapped first. With registers, 64 runs
    from reset are clocked, and 16 cycles pass before counting begins. Switching is zero-delay: changes of a node from
    one pattern to the next.
    """
    from hwdesign.formats import read
    from hwdesign.netlist.aig import aig_view, is_aig

    netlist = read(file, format=from_, top=top, synchronous=True)
    if len(netlist.modules) > 1 or not is_aig(netlist.top_module):
        from hwdesign.passes import flatten, to_aig

        netlist = to_aig(flatten(netlist))
    view = aig_view(netlist.top_module)
    activity = _count(view, patterns, seed)
    ones, toggles = activity.ones / activity.patterns, activity.toggles / activity.steps
    first = 1 + view.num_inputs
    probability, switching = ones[first:], toggles[first:]
    names = view.module.port_labels()
    outputs = [
        {
            "name": names[port],
            "probability": float(1 - ones[literal >> 1] if literal & 1 else ones[literal >> 1]),
            "switching": float(toggles[literal >> 1]),
        }
        for port, literal in zip(view.output_port.tolist(), view.outputs.tolist(), strict=True)
    ]
    data: dict[str, Any] = {
        "file": str(file),
        "inputs": len(view.input_port),
        "latches": view.num_latches,
        "ands": view.num_ands,
        "patterns": activity.patterns,
        "seed": seed,
        "mean_probability": float(probability.mean()) if view.num_ands else None,
        "mean_switching": float(switching.mean()) if view.num_ands else None,
        "outputs": outputs,
    }
    if output is not None:
        _write_csv(output, view, ones.tolist(), toggles.tolist())
        data["output"] = str(output)
    return Result(data, _lines(data))


def _count(view: AigView, patterns: int, seed: int) -> Activity:
    from hwdesign.kernels import count_activity, count_ones_sequential

    if view.num_latches == 0:
        return count_activity(view.fanin0, view.fanin1, view.num_inputs, patterns=patterns, seed=seed)
    return count_ones_sequential(
        view.fanin0,
        view.fanin1,
        view.num_inputs,
        view.latch_next,
        cycles=max(2, -(-patterns // _STREAMS)),
        streams=_STREAMS,
        latch_reset=view.latch_reset,
        warmup=_WARMUP,
        seed=seed,
    )


def _write_csv(path: Path, view: AigView, ones: list[float], toggles: list[float]) -> None:
    from hwdesign.files import write_text

    kinds = ["constant", *["input"] * len(view.input_port), *["latch"] * view.num_latches, *["and"] * view.num_ands]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("name", "kind", "level", "probability", "switching"))
    writer.writerows(zip(view.variable_labels(), kinds, view.levels().tolist(), ones, toggles, strict=True))
    write_text(path, text.getvalue())


def _lines(data: dict[str, Any]) -> list[str]:
    lines = [
        f"{data['file']}: {count(data['inputs'], 'input')}, {count(data['latches'], 'latch', 'latches')}, "
        f"{count(data['ands'], 'AND node')}; {data['patterns']} patterns, seed {data['seed']}"
    ]
    if data["ands"]:
        lines.append(
            f"AND nodes: mean signal probability {data['mean_probability']:.4f}, "
            f"mean switching activity {data['mean_switching']:.4f}"
        )
    outputs = data["outputs"]
    lines += table(
        ("output", "probability", "switching"),
        ((item["name"], item["probability"], item["switching"]) for item in outputs[:_SHOWN]),
    )
    if len(outputs) > _SHOWN:
        lines.append(f"... {len(outputs) - _SHOWN} more outputs; -o OUT.csv or --json gives all")
    if "output" in data:
        lines.append(f"every node: {data['output']}")
    return lines
