"""SFQ networks that commands take from files: `network.json` and NIR, and the patterns that they are tried on."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hwdesign.cli._command import UsageError

if TYPE_CHECKING:
    from hwdesign.sfq.network import Network, Task

NETWORK_SUFFIXES = (".json", ".nir")
_ALL_UP_TO = 4


def is_network(name: str) -> bool:
    """Whether a name is that of a network's file."""
    return name.endswith(NETWORK_SUFFIXES)


def read_network(path: Path, options: Sequence[str], option: str) -> Network:
    """The network of a file.

    Args:
        path: `network.json`, or NIR.
        options: KEY=VALUE, what a NIR file does not say: `NirOptions`.
        option: that gave them, for messages.

    Raises:
        UsageError: options beside a `network.json`, which says all, or a wrong one.
        As `load_network` and `read_nir`.
    """
    from hwdesign.settings import Origin, parse_section
    from hwdesign.settings.origin import apply_override
    from hwdesign.sfq.network import load_network
    from hwdesign.sfq.network.network import NAME
    from hwdesign.sfq.network.nir_reader import NirOptions, read_nir

    if path.suffix != ".nir":
        if options:
            raise UsageError(f"a network.json takes no {option}", mend="train it with other settings")
        return load_network(path)
    content: dict[str, object] = {}
    for item in options:
        apply_override(content, item)
    chosen = parse_section(NirOptions, content, origin=Origin(overrides=tuple(options)))
    name = chosen.name or (path.stem if re.fullmatch(NAME, path.stem) else "network")
    return read_nir(
        path, coding=chosen.coding, name=name, decide_at=chosen.decide_at or max(1, chosen.pulses // 2),
        l_storage_ph=chosen.l_storage_ph, time_scale=chosen.time_scale, temperature_k=chosen.temperature_k,
    )  # fmt: skip


def one_pattern(text: str, features: int, option: str = "--pattern") -> list[float]:
    """A pattern as it stands on the command line.

    Raises:
        UsageError: not as many numbers as there are features, or one outside 0..1.
    """
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != features or not all(0 <= value <= 1 for value in values):
        what = f"{option} takes {features} numbers from 0 to 1, not '{text[:40]}'"
        raise UsageError(what, mend=f"write {','.join(['1'] * features)}")
    return values


def task_of(network: Network, name: str | None, patterns: Sequence[str]) -> Task:
    """What a network from a file is tried on.

    Args:
        network: from the file.
        name: of a task; else the classes are what the circuit itself decides without noise and spreads.
        patterns: as on the command line; by default every combination of 0 and 1, of up to four features.

    Raises:
        UsageError: an unknown task, one of other features or outputs, a wrong pattern, or too many features.
    """
    import numpy as np

    from hwdesign.sfq.network import TASKS, Task, simulate_patterns

    features = len(network.coding.slots)
    if name is not None:
        if patterns:
            raise UsageError("--task and --pattern exclude each other", mend="leave one of them out")
        if name not in TASKS:
            raise UsageError(f"no task is named '{name}'", mend=f"tasks: {', '.join(TASKS)}")
        task = TASKS[name]()
        wanted = (task.patterns.shape[1], task.outputs)
        if wanted != (features, network.outputs):
            raise UsageError(
                f"the task '{name}' has {wanted[0]} features and {wanted[1]} outputs, the network {features} and "
                f"{network.outputs}",
                mend="give --pattern instead",
            )
        return task
    if not patterns and features > _ALL_UP_TO:
        raise UsageError(f"{features} features have too many patterns to try all", mend="add --pattern or --task")
    rows = [tuple(one_pattern(text, features)) for text in patterns]
    rows = rows or list(itertools.product((0.0, 1.0), repeat=features))
    values = np.array(rows, np.float64)
    silent = simulate_patterns(network, values, np.zeros(len(values), np.int64), temperature_k=0)
    return Task(values, silent.decisions[0], network.outputs)
