"""How large a generated netlist may become: the estimate is the count, and too much is refused before it is built."""

from __future__ import annotations

import re
import sys
import time

import numpy as np
import pytest

from hwdesign.circuits import GENERATORS, crossbar_netlist, generate, random_aig
from hwdesign.circuits._skeleton import Draw
from hwdesign.circuits.crossbar import crossbar_cells
from hwdesign.circuits.registry import MAX_CELLS
from hwdesign.circuits.sorters import exchange_cells
from hwdesign.errors import NetlistError
from hwdesign.netlist import Netlist

TOO_LARGE = [
    (
        "sorter-bitonic",
        {"keys": 128, "width": 256},
        "'sorter-bitonic' would have 3648512 cells, more than the 2000000 allowed; lower keys or width",
    ),
    (
        "sorter-odd-even",
        {"keys": 128, "width": 256},
        "'sorter-odd-even' would have 2994956 cells, more than the 2000000 allowed; lower keys or width",
    ),
    (
        "crossbar",
        {"rows": 1024, "cols": 1024, "device": "memristor", "cell": "1t1r"},
        "'crossbar' would have 4194307 cells, more than the 2000000 allowed; lower rows or cols",
    ),
    (
        "aig-random",
        {"ands": 1 << 20, "outputs": 1 << 20, "depth": 1 << 14},
        "'aig-random' of 1048576 gates and depth 16384 would take up to 17179869184 random draws, more than the "
        "500000000 allowed; lower ands or depth",
    ),
    (
        "logic-random",
        {"gates": 1 << 17, "outputs": 100, "depth": 1 << 14},
        "'logic-random' of 131072 gates and depth 16384 would take up to 2147483648 random draws, more than the "
        "500000000 allowed; lower gates or depth",
    ),
]


def total(netlist: Netlist) -> int:
    return sum(module.num_cells for module in netlist.modules.values())


@pytest.mark.parametrize(("name", "params", "words"), TOO_LARGE)
def test_too_large_a_circuit_is_refused_at_once(name: str, params: dict[str, object], words: str) -> None:
    start = time.process_time()
    with pytest.raises(NetlistError) as error:
        generate(name, **params)
    assert str(error.value) == words
    assert time.process_time() - start < 2


def test_a_matrix_that_is_too_large_is_refused() -> None:
    with pytest.raises(NetlistError) as error:
        crossbar_netlist(np.full((1000, 1000), 1e-5), wire_resistance=1.0, name="weights")
    assert str(error.value) == (
        "'weights' would have 3000000 cells, more than the 2000000 allowed; lower the rows or columns: split it into "
        "tiles"
    )


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 5, 7, 8, 9, 16, 31])
@pytest.mark.parametrize("name", ["sorter-bitonic", "sorter-odd-even"])
def test_the_estimate_of_a_sorter_is_its_count(name: str, bits: int) -> None:
    exchanges = generate(name, keys=6, width=bits, hierarchical=True).top_module.num_cells
    assert total(generate(name, keys=6, width=bits)) == exchanges * exchange_cells(bits)
    assert total(generate(name, keys=6, width=bits, hierarchical=True)) == exchanges + exchange_cells(bits)


@pytest.mark.parametrize("device", ["resistor", "memristor"])
@pytest.mark.parametrize("cell", ["1r", "1t1r"])
@pytest.mark.parametrize("segment", [0.0, 2.0])
def test_the_estimate_of_a_crossbar_is_its_count(device: str, cell: str, segment: float) -> None:
    made = generate("crossbar", rows=3, cols=5, device=device, cell=cell, wire_resistance=segment)
    assert total(made) == crossbar_cells(3, 5, segment, device, cell)


def test_one_draw_is_the_draw_of_one() -> None:
    popularity = np.random.default_rng(1).pareto(1.2, 500) + 1.0
    one, many = (Draw(popularity, np.random.default_rng(2)) for _ in range(2))
    spans = np.random.default_rng(3).integers(0, 501, (2000, 2))
    for low, high in np.sort(spans, axis=1)[spans[:, 0] != spans[:, 1]].tolist():
        drawn = many(np.array([low]), np.array([high]))
        assert one.one(low, high) == int(drawn[0])


def test_endless_redraws_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    params = {"inputs": 3, "ands": 2000, "outputs": 500, "depth": 200}
    assert generate("aig-random", **params).top_module.num_cells == 2000
    # The package shows a function of the module's name.
    monkeypatch.setattr(sys.modules[random_aig.__module__], "MAX_REDRAWS", 1000)
    with pytest.raises(NetlistError) as error:
        generate("aig-random", **params)
    assert re.fullmatch(
        r"2000 ANDs over 3 inputs repeat each other's functions too often: 1000 redraws were not enough after \d+ of "
        r"them; lower ands, raise inputs, or choose inverted nearer to 0\.5",
        str(error.value),
    )


LARGEST = {
    name: {p.name: p.max for p in generator.parameters if p.type is int and p.max and p.name not in ("seed", "levels")}
    for name, generator in GENERATORS.items()
}
LARGEST["lfsr"]["polynomial"] = LARGEST["crc-parallel"]["polynomial"] = LARGEST["crc-serial"]["polynomial"] = 27
LARGEST["sorter-bitonic"]["width"] = LARGEST["sorter-odd-even"]["width"] = 139
LARGEST["crossbar"] |= {"rows": 816, "cols": 816}
LARGEST["aig-random"] |= {"depth": 476}
LARGEST["logic-random"] |= {"depth": 476}


@pytest.mark.slow
@pytest.mark.parametrize("name", GENERATORS)
def test_the_largest_of_each_generator(name: str) -> None:
    start = time.process_time()
    assert total(generate(name, **LARGEST[name])) <= MAX_CELLS
    assert time.process_time() - start < 120
