"""Random graphs: exact counts and depth, no dangling node, no repeated node, the fanout law, the seed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from hwdesign.circuits import generate
from hwdesign.errors import NetlistError
from hwdesign.netlist import INVERTED, Direction, Kind, Module
from hwdesign.netlist.evaluate import Evaluator


def depth_and_reads(module: Module) -> tuple[int, dict[int, int]]:
    """Depth from registers and inputs, counted by hand over the pins; and how often each cell's net is read."""
    level: dict[int, int] = {}
    reads: dict[int, int] = {}
    cells = [(cell, module.pins_of(cell)) for cell in range(module.num_cells)]
    for cell, pins in cells:
        out = pins[-1][1]
        if module.type_of(cell).kind is Kind.COMB:
            level[out] = 1 + max(level.get(net, 0) for _, net, _ in pins[:-1])
            reads.setdefault(out, 0)
        for _, net, _ in pins[:-1]:
            reads[net] = reads.get(net, 0) + 1
    for port in module.ports_of(Direction.OUT).tolist():
        net = int(module.port_net[port])
        reads[net] = reads.get(net, 0) + 1
    return max(level.values(), default=0), reads


@settings(max_examples=40, deadline=None)
@given(data=st.data(), law=st.sampled_from(["geometric", "power"]), seed=st.integers(0, 1 << 40))
def test_random_aig_is_exact(data: st.DataObject, law: str, seed: int) -> None:
    inputs = data.draw(st.integers(8, 40))
    depth = data.draw(st.integers(1, 12))
    outputs = data.draw(st.integers(1, 12))
    most = min(outputs * (2**depth - 1), depth + 200, inputs * (inputs - 1) if depth == 1 else 1 << 20)
    ands = data.draw(st.integers(depth, most))
    try:
        module = generate(
            "aig-random", inputs=inputs, ands=ands, outputs=outputs, depth=depth, law=law, seed=seed
        ).top_module
    except NetlistError as error:
        # Many different functions over few inputs at a small depth cannot always be found: refused, and only there.
        assert "distinct ANDs do not fit" in str(error)
        assert ands > 4 * inputs
        reject()
    assert module.type_counts() == {"AND2": ands}
    assert len(module.ports_of(Direction.IN)) == inputs
    assert len(module.ports_of(Direction.OUT)) == outputs
    found, reads = depth_and_reads(module)
    assert found == depth
    drivers = module.pin_net.reshape(-1, 3)[:, 2].tolist()
    assert all(reads[net] > 0 for net in drivers)
    # Structural hashing would keep every node.
    literals = (module.pin_net * 2 + (module.pin_flags & INVERTED)).reshape(-1, 3)[:, :2]
    pairs = {tuple(sorted(row)) for row in literals.tolist()}
    assert len(pairs) == ands
    assert all(x >> 1 != y >> 1 for x, y in pairs)


def test_depth_zero_wires_inputs_to_outputs() -> None:
    module = generate("aig-random", inputs=3, ands=0, outputs=7, depth=0).top_module
    assert (module.num_cells, len(module.ports_of(Direction.OUT))) == (0, 7)


def test_same_seed_same_graph_and_other_seed_other_graph() -> None:
    one, two, other = (generate("aig-random", seed=seed).digest() for seed in (4, 4, 5))
    assert one == two != other
    assert generate("logic-random", seed=4).digest() == generate("logic-random", seed=4).digest()


def test_inversion_probability() -> None:
    def share(inverted: float) -> float:
        module = generate("aig-random", inputs=200, ands=3000, outputs=100, depth=12, inverted=inverted).top_module
        return float(np.mean(module.pin_flags.reshape(-1, 3)[:, :2]))

    assert (share(0.0), share(1.0)) == (0.0, 1.0)
    # In between, nodes that would look constant take other inversions than drawn.
    low, even = share(0.2), share(0.5)
    assert 0.2 <= low < 0.4
    assert 0.45 < even < 0.6


def test_fanout_laws() -> None:
    def fanouts(law: str) -> list[int]:
        module = generate("aig-random", inputs=100, ands=8000, outputs=200, depth=20, law=law, exponent=2.2).top_module
        return sorted(depth_and_reads(module)[1].values())

    geometric, power = fanouts("geometric"), fanouts("power")
    assert power[-1] > 3 * geometric[-1]
    # Geometric: the counts of fanout 1, 2, 3 ... fall steadily, and so does their share.
    counts = np.bincount(geometric)[1:7]
    assert all(later < earlier for earlier, later in pairwise(counts.tolist()))


def test_nodes_are_hardly_redundant() -> None:
    evaluator = Evaluator(generate("aig-random", inputs=32, ands=2000, outputs=30, depth=60))
    rng = np.random.default_rng(1)
    patterns = 4096
    ones = (1 << patterns) - 1
    program = evaluator.program
    values = {net: int.from_bytes(rng.bytes(patterns // 8), "little") for net in program.inputs.values()}
    for step in program.steps:
        (_, x, flip_x), (_, y, flip_y) = step.reads
        values[step.out] = (values[x] ^ ones * flip_x) & (values[y] ^ ones * flip_y)
    functions = {min(value, value ^ ones) for value in values.values()} - {0}
    assert len(functions) > 0.97 * len(values)


@pytest.mark.parametrize("registers", [0, 6])
@pytest.mark.parametrize("max_fanin", [2, 5])
def test_random_logic(registers: int, max_fanin: int) -> None:
    netlist = generate("logic-random", gates=150, depth=9, outputs=5, registers=registers, max_fanin=max_fanin, seed=3)
    module = netlist.top_module
    counts = module.type_counts()
    assert counts.pop("DFF", 0) == registers
    assert sum(counts.values()) == 150
    assert max(len(module.pins_of(cell)) - 1 for cell in range(module.num_cells)) == max_fanin
    found, reads = depth_and_reads(module)
    assert found == 9
    assert min(reads.values()) > 0
    evaluator = Evaluator(netlist)
    assert len(evaluator.registers) == registers
    rng = np.random.default_rng(0)
    state, seen = None, set()
    for _ in range(20):
        result = evaluator({f"i{at}": int(rng.integers(2)) for at in range(16)}, state)
        seen.add(tuple(result[f"o{at}"] for at in range(5)))
        state = result.state
    assert len(seen) >= 3


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"ands": 5, "depth": 6}, "5 gates cannot have depth 6; choose a depth between 1 and 5"),
        ({"ands": 5, "depth": 0}, "5 gates cannot have depth 0; choose a depth between 1 and 5"),
        (
            {"ands": 16, "depth": 4, "outputs": 1},
            "16 gates of depth 4 do not all reach 1 outputs; raise outputs or depth",
        ),
        ({"inputs": 1}, "random logic needs two inputs at least; raise inputs"),
        (
            {"inputs": 2, "ands": 9, "depth": 1, "outputs": 9},
            "9 distinct ANDs do not fit over 2 inputs at this depth; raise inputs or depth",
        ),
    ],
)
def test_impossible_shapes_are_refused(params: dict[str, int], words: str) -> None:
    with pytest.raises(NetlistError) as error:
        generate("aig-random", **params)
    assert str(error.value) == words
