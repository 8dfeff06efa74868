"""Look-ups and sums of parasitics, and what does not match a netlist."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hwdesign.errors import NetlistError
from hwdesign.netlist.parasitics import NodeKind, Parasitics


@pytest.fixture
def two_nets() -> Parasitics:
    """in - a/A through n:1, coupled to b/Y - a/B."""
    return Parasitics(
        net_names=("n", "m"),
        node_ptr=np.array([0, 3, 5]),
        node_names=("in", "a/A", "n:1", "b/Y", "a/B"),
        node_kind=np.array([2, 1, 0, 1, 1], np.int8),
        node_cap=np.array([0.1, 0.2, 0.4, 0.1, 0.3]),
        resistor_ptr=np.array([0, 2, 3]),
        resistor_a=np.array([0, 2, 3], np.int32),
        resistor_b=np.array([2, 1, 4], np.int32),
        resistor=np.array([1.0, 2.0, 4.0]),
        coupling_a=np.array([2], np.int32),
        coupling_b=np.array([4], np.int32),
        coupling=np.array([0.3]),
    )


def test_look_ups(two_nets: Parasitics) -> None:
    p = two_nets
    p.check()
    assert (p.net("m"), p.find_net("m"), p.find_net("x")) == (1, 1, -1)
    assert [p.find_pin(name) for name in ("in", "a/B", "n:1", "x")] == [0, 4, -1, -1]
    assert p.node_net.tolist() == [0, 0, 0, 1, 1]
    assert p.resistor_net.tolist() == [0, 0, 1]
    with pytest.raises(NetlistError) as caught:
        p.net("x")
    assert str(caught.value) == "the parasitics hold no net 'x'; read those of the same netlist"


def test_sums(two_nets: Parasitics) -> None:
    np.testing.assert_allclose(two_nets.net_cap(), [0.7, 0.4])
    np.testing.assert_allclose(two_nets.net_resistance(), [3, 4])
    ground = two_nets.ground_cap()
    np.testing.assert_allclose(ground, [0.1, 0.2, 0.1, 0.1, 0], rtol=1e-12)
    assert ground[4] == 0  # exactly, although 0.3 - 0.3 may leave rounding


def test_matching(two_nets: Parasitics) -> None:
    rows, findings = two_nets.match_pins(["a/A", "a/B", "b/Y", "in"])
    assert (rows.tolist(), findings) == ([1, 4, 3, 0], ())
    rows, findings = two_nets.match_pins(["a/A", *(f"x{at}/A" for at in range(7))])
    assert rows.tolist() == [1] + 7 * [-1]
    assert findings == (
        "the parasitics do not reach 7 pins (x0/A, x1/A, x2/A, x3/A, x4/A, ...) of the netlist",
        "the netlist does not hold 3 pins (in, b/Y, a/B) of the parasitics",
    )
    with pytest.raises(NetlistError) as caught:
        two_nets.match_pins(["x/A"])
    assert str(caught.value) == (
        "no pin of the parasitics is in the netlist: 4 pins (in, a/A, b/Y, a/B) against 1 pin (x/A); "
        "read the parasitics of the same netlist"
    )
    read = replace(two_nets, file="x.spef")
    assert read.match_pins(["a/A", "a/B", "in"])[1] == (
        "the netlist does not hold 1 pin (b/Y) of the parasitics in x.spef",
    )
    with pytest.raises(NetlistError, match=r"^x\.spef: no pin of the parasitics is in the netlist"):
        read.match_pins(["x/A"])
    assert NodeKind(int(two_nets.node_kind[0])) is NodeKind.PORT


def test_columns_that_do_not_fit(two_nets: Parasitics) -> None:
    fields = {name: getattr(two_nets, name) for name in two_nets.__dataclass_fields__}
    for column, value, message in (
        ("node_cap", np.zeros(4), "the parasitics' column 'node_cap' has 4 rows"),
        ("node_ptr", np.array([0, 6, 5]), "the parasitics' column 'node_ptr' is not a rising row of offsets"),
        ("coupling", np.array([-0.1]),
         "net 'n' has a coupling capacitance of -0.1; parasitics are finite and not negative"),
    ):  # fmt: skip
        with pytest.raises(NetlistError) as caught:
            Parasitics(**{**fields, column: value}).check()
        assert str(caught.value) == message
