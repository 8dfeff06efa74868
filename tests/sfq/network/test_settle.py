"""Synapses driven to their ends."""

import torch

from hwdesign.sfq.network import TASKS, accuracy
from hwdesign.sfq.network.network import Network
from hwdesign.sfq.network.settle import settled
from tests.sfq.network.nets import PASS, xor


def _with(network: Network, changes: dict[tuple[int, int], float | None]) -> Network:
    first = network.layers[0]
    rows = [list(row) for row in first.ix_ua]
    for (n, k), value in changes.items():
        rows[n][k] = value
    layer = first.model_copy(update={"ix_ua": tuple(tuple(row) for row in rows)})
    return network.model_copy(update={"layers": (layer, *network.layers[1:])})


def test_undecided_synapses_go_to_their_ends(tables):
    # A wanted one lets half of the pulses pass, an unwanted one some.
    doubtful = _with(xor(), {(0, 0): 92.0, (1, 0): 75.0})
    found = settled(doubtful, TASKS["xor"](), tables, full_ua=145.0, spread=1.0)
    assert found.layers[0].ix_ua == ((145.0, None, None, 145.0), (None, 145.0, 145.0, None))
    assert found.layers[1].ix_ua == ((145.0, 145.0),)
    assert found.layers[0].it_ua == doubtful.layers[0].it_ua
    torch.manual_seed(0)
    task = TASKS["xor"]()
    assert accuracy(found, task, tables) > accuracy(doubtful, task, tables) + 0.05


def test_the_wrong_end_is_not_taken(tables):
    # Nearer to nothing, but needed; nearer to all, but harmful.
    doubtful = _with(xor(), {(0, 0): 83.0, (1, 0): 86.0})
    found = settled(doubtful, TASKS["xor"](), tables, full_ua=145.0, spread=1.0)
    assert found.layers[0].ix_ua == ((145.0, None, None, 145.0), (None, 145.0, 145.0, None))


def test_what_is_settled_stays_and_random_numbers_go_on(tables):
    network = _with(xor(), {})
    full = settled(network, TASKS["xor"](), tables, full_ua=PASS, spread=1.0)
    assert full == network
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    settled(network, TASKS["xor"](), tables, full_ua=145.0, spread=1.0)
    assert torch.rand(1) == expected
