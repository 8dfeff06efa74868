"""Driving trained synapses to their ends, where spreads between chips no longer reach them."""

from __future__ import annotations

import math

import torch
from scipy.special import ndtr

from hwdesign.errors import NetlistError
from hwdesign.sfq.network.model import accuracy
from hwdesign.sfq.network.network import Network
from hwdesign.sfq.network.tables import CellTables
from hwdesign.sfq.network.tasks import Task

_SEED = 0x5E77


def settled(network: Network, task: Task, tables: CellTables, *, full_ua: float, spread: float) -> Network:
    """The network with each synapse at its full current or left out, wherever that decides no worse.

    Training leaves synapses where its gradient dies out, some only two standard deviations of µ from even odds. All go
    to the nearer end at once if the model then decides no worse; else each by itself tries both.

    Args:
        network: trained.
        task: patterns and classes.
        tables: of the cells.
        full_ua: current of a synapse that passes every pulse.
        spread: of the chips that are compared, in units of the tables' spreads; the same chips for all comparisons.
    """
    synapse = tables.synapse
    width = math.hypot(synapse.sigma_ua, synapse.mu_spread_ua)

    def right(candidate: Network) -> float:
        with torch.random.fork_rng():
            torch.manual_seed(_SEED)
            return accuracy(candidate, task, tables, spread=spread)

    rows = [[list(row) for row in layer.ix_ua] for layer in network.layers]
    places = [
        (at, n, k) for at, layer in enumerate(rows) for n, row in enumerate(layer) for k, i in enumerate(row)
        if i is not None and i < full_ua
    ]  # fmt: skip
    ends = {place: full_ua if ndtr((_at(rows, place) - synapse.mu_ua) / width) > 0.5 else None for place in places}
    best = right(network)
    every = _with(network, rows, ends)
    if every is not None and right(every) >= best:
        return every
    found = network
    for place, near in ends.items():
        for end in (near, None if near else full_ua):
            candidate = _with(network, rows, {place: end})
            score = -1.0 if candidate is None else right(candidate)
            if candidate is not None and score >= best:
                found, best = candidate, score
                rows[place[0]][place[1]][place[2]] = end
                break
    return found


def _at(rows: list[list[list[float | None]]], place: tuple[int, int, int]) -> float:
    value = rows[place[0]][place[1]][place[2]]
    assert value is not None
    return value


def _with(
    network: Network, rows: list[list[list[float | None]]], ends: dict[tuple[int, int, int], float | None]
) -> Network | None:
    """The network of these currents with some changed; None where an output loses its last path."""
    changed = [[list(row) for row in layer] for layer in rows]
    for (at, n, k), value in ends.items():
        changed[at][n][k] = value
    layers = tuple(
        layer.model_copy(update={"ix_ua": tuple(tuple(row) for row in own)})
        for layer, own in zip(network.layers, changed, strict=True)
    )
    candidate = network.model_copy(update={"layers": layers})
    try:
        return candidate.pruned()
    except NetlistError:
        return None
