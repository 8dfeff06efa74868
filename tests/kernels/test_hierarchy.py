"""The hierarchy kernel: rows of pairs in both forms, its memory bound, and what it refuses."""

from __future__ import annotations

import random
from functools import partial

import numpy as np
import pytest

from hwdesign.kernels import HierarchyTable, hierarchy_loops
from hwdesign.kernels.hierarchy import CELL, ENTER, GATE, LEAVE, NET
from hwdesign.netlist import Builder, Netlist, _comb_paths
from hwdesign.netlist.check import check
from hwdesign.passes import flatten


def _table(**changes: object) -> HierarchyTable:
    """A gate from port 0 to port 1 (nets 2 and 3), and a module with an instance of it that has both on net 2."""
    columns: dict[str, object] = {
        "cell_ptr": np.array([0, 1, 2]),
        "port_ptr": np.array([0, 2, 2]),
        "nets": np.array([4, 3], np.int32),
        "cell_type": np.array([0, 1], np.int32),
        "pin_ptr": np.array([0, 2, 4]),
        "net": np.array([2, 3, 2, 2], np.int32),
        "role": np.array([0, 1, 0, 1], np.int16),
        "port_net": np.array([2, 3], np.int32),
        "first": np.array([0, 2, 4]),
        "direction": np.array([0, 1, 0, 1], np.uint8),
        "port": np.array([-1, -1, 0, 1], np.int32),
        "target": np.array([GATE, 0], np.int32),
    }
    return HierarchyTable(**(columns | changes))  # type: ignore[arg-type]


def test_steps_of_a_loop() -> None:
    found = hierarchy_loops(_table(), first_net=2)
    assert (found.searched.tolist(), found.module.tolist(), found.ptr.tolist()) == ([0, 1], [1], [0, 4])
    assert found.step.tolist() == [ENTER, CELL, LEAVE, NET]
    assert found.id.tolist() == [0, 0, -1, 2]


def test_a_pin_that_is_spelled_twice_is_one_way_in() -> None:
    twice = {"pin_ptr": np.array([0, 2, 5]), "net": np.array([2, 3, 3, 2, 2], np.int32)}
    roles = np.array([0, 1, 0, 0, 1], np.int16)
    found = hierarchy_loops(_table(nets=np.array([4, 4], np.int32), role=roles, **twice), first_net=2)
    assert found.step.tolist() == [ENTER, CELL, LEAVE, NET]


def test_constants_carry_no_paths() -> None:
    assert hierarchy_loops(_table(), first_net=3).module.tolist() == []


def test_a_module_beyond_the_memory_bound_is_dropped() -> None:
    found = hierarchy_loops(_table(), first_net=2, max_bytes=3)
    assert (found.dropped.tolist(), found.module.tolist()) == ([1, 0], [])


def test_a_dropped_module_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_comb_paths, "hierarchy_loops", partial(hierarchy_loops, max_bytes=3))
    (note,) = (finding for finding in check(_wide(random.Random(1), 40, 3)) if finding.rule == "combinational-loop")
    assert (note.severity, note.message) == (
        "note",
        "module 'wide' has too many paths between its ports to look for loops through its instances",
    )


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("cell_type", np.array([0, 2], np.int32), "a cell's type lies outside the library"),
        ("net", np.array([2, 4, 2, 2], np.int32), "a pin's net lies outside the module"),
        ("role", np.array([0, 2, 0, 1], np.int16), "a pin's role lies outside its type"),
        ("port_net", np.array([2, 4], np.int32), "a port's net lies outside the module"),
        ("port", np.array([-1, -1, 0, 2], np.int32), "a role's port lies outside its module"),
        ("target", np.array([GATE, 2], np.int32), "a type's module lies outside the hierarchy"),
    ],
)
def test_ids_outside_their_table(column: str, values: np.ndarray, words: str) -> None:
    with pytest.raises(IndexError, match=words):
        hierarchy_loops(_table(**{column: values}), first_net=2)


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("cell_ptr", np.array([0, 2]), "cell_ptr needs one entry a module and one more"),
        ("first", np.array([0, 4]), "first needs one entry a type and one more"),
        ("role", np.array([0], np.int16), "pin columns differ"),
        ("port", np.array([0], np.int32), "role columns differ"),
    ],
)
def test_columns_that_do_not_fit(column: str, values: np.ndarray, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        hierarchy_loops(_table(**{column: values}), first_net=2)


def _wide(rng: random.Random, width: int, back: int) -> Netlist:
    """A module of `width` inputs and outputs, sparse or dense between them, with `back` outputs led back to inputs."""
    b = Builder("top")
    m = b.module("wide")
    ready = m.inputs("a", width)
    reach = rng.choice([1, 4, width])
    outs = []
    for at in range(width):
        sources = ready[:width] if reach < width else ready
        outs.append(m.gate("AND", sources[max(0, at - rng.randrange(reach + 1))], rng.choice(sources[-reach:])))
        ready.append(outs[-1])
    m.outputs("y", outs)
    nets = [b.top.net() for _ in range(width)]
    some = range(width) if rng.random() < 0.5 else rng.sample(range(width), max(back, width // 2))
    pins = {f"y[{k}]": nets[k] for k in some}
    led = rng.sample(sorted(some), back)
    pins |= {f"a[{rng.randrange(width)}]": nets[k] for k in led}
    b.top.instance("wide", pins, name="u")
    return b.freeze()


def test_rows_of_bits_and_rows_of_ids_find_what_flattening_does() -> None:
    """Up to 600 ports, so that sources are followed in several blocks."""
    rng = random.Random(5)
    looped = []
    for _ in range(60):
        netlist = _wide(rng, rng.choice([3, 40, 70, 300]), rng.randint(1, 3))
        looped.append(any(finding.rule == "combinational-loop" for finding in check(flatten(netlist))))
        assert any(finding.rule == "combinational-loop" for finding in check(netlist)) == looped[-1]
    assert 10 < sum(looped) < 50
