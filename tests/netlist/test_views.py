"""Views against plain Python over `pins_of`, and against networkx."""

from __future__ import annotations

from collections import Counter

import networkx as nx
import numpy as np
from hypothesis import given, settings

from hwdesign.netlist import Builder, Direction, Kind, Module, Netlist
from hwdesign.netlist.devices import device
from hwdesign.netlist.views import bipartite, cell_graph, csr, pin_graph, to_networkx
from tests.strategies import hierarchical_netlists, netlists

_SETTINGS = settings(max_examples=30, deadline=None)
Edge = tuple[int, int, int, bool]


def _ends(module: Module, ports: bool) -> tuple[list[tuple[int, int]], list[tuple[int, int, bool]]]:
    """(net, node) of the drivers and (net, node, inverted) of the sinks, straight from the definition."""
    drivers, sinks = [], []
    for cell in range(module.num_cells):
        direction = {role.name: role.direction for role in module.type_of(cell).roles}
        for role, net, inverted in module.pins_of(cell):
            if net < 2:
                continue
            if direction[role] is not Direction.IN:
                drivers.append((net, cell))
            if direction[role] is not Direction.OUT:
                sinks.append((net, cell, inverted))
    if ports:
        for port in range(module.num_ports):
            net, node = int(module.port_net[port]), module.num_cells + port
            if net < 2:
                continue
            if module.port_dir[port] != Direction.OUT:
                drivers.append((net, node))
            if module.port_dir[port] != Direction.IN:
                sinks.append((net, node, bool(module.port_flags[port] & 1)))
    return drivers, sinks


def _expected(module: Module, ports: bool) -> Counter[Edge]:
    drivers, sinks = _ends(module, ports)
    inout = any(role.direction is Direction.INOUT for t in module.library for role in t.roles)
    return Counter(
        (src, dst, net, inverted)
        for net, src in drivers
        for other, dst, inverted in sinks
        if net == other and not (inout and src == dst)
    )


def _seen(module: Module, ports: bool) -> Counter[Edge]:
    view = cell_graph(module, ports=ports)
    columns = (view.src.tolist(), view.dst.tolist(), view.net.tolist(), view.inverted.tolist())
    return Counter(zip(*columns, strict=True))


@_SETTINGS
@given(hierarchical_netlists())
def test_cell_graph(netlist: Netlist) -> None:
    for module in netlist.modules.values():
        for ports in (False, True):
            assert _seen(module, ports) == _expected(module, ports)


def test_sink_pins_lie_at_their_cells() -> None:
    b = Builder("top")
    x = b.top.gate("AND", b.top.input("a"), b.top.input("b"))
    b.top.output("y", b.top.gate("NOT", x))
    module = b.freeze().top_module
    view = cell_graph(module, ports=True)
    for dst, net, pin in zip(view.dst, view.net, view.sink_pin, strict=True):
        if pin >= 0:
            assert module.pin_cell[pin] == dst and module.pin_net[pin] == net
        else:
            assert dst >= module.num_cells


def _devices() -> Module:
    b = Builder("top")
    m = b.top
    p, n, mid = m.port("p", Direction.INOUT), m.port("n", Direction.INOUT), m.net("mid")
    m.cell(device("R"), [p, mid], name="R1")
    m.cell(device("R"), [mid, n], name="R2")
    m.cell(device("C"), [mid, n], name="C1")
    return b.freeze().top_module


def test_inout_pins_drive_one_another() -> None:
    module = _devices()
    for ports in (False, True):
        assert _seen(module, ports) == _expected(module, ports)
    assert (0, 1) in {(s, d) for s, d, *_ in _seen(module, False)}
    assert (1, 0) in {(s, d) for s, d, *_ in _seen(module, False)}


def test_two_drivers_on_a_net() -> None:
    b = Builder("top")
    m = b.top
    y = m.gate("NOT", m.input("a"))
    m.gate("NOT", m.input("b"), out=y)
    m.output("y", y)
    module = b.freeze().top_module
    assert _seen(module, True) == _expected(module, True)
    assert len(_seen(module, True)) == 4


@_SETTINGS
@given(netlists())
def test_csr_rows_are_the_edges(netlist: Netlist) -> None:
    graph = cell_graph(netlist.top_module, ports=True)
    for direction, own, other in (("fanout", graph.src, graph.dst), ("fanin", graph.dst, graph.src)):
        rows = csr(graph, direction)  # type: ignore[arg-type]
        assert len(rows.ptr) == graph.num_nodes + 1
        for node in range(graph.num_nodes):
            edges = rows.edge[rows.ptr[node] : rows.ptr[node + 1]]
            assert (own[edges] == node).all()
            np.testing.assert_array_equal(rows.col[rows.ptr[node] : rows.ptr[node + 1]], other[edges])
        assert sorted(rows.edge.tolist()) == list(range(len(graph.src)))


@_SETTINGS
@given(netlists())
def test_bipartite_has_every_connected_pin(netlist: Netlist) -> None:
    module = netlist.top_module
    cells, nets, pins = bipartite(module)
    expected = [(c, net) for c in range(module.num_cells) for _, net, _ in module.pins_of(c) if net >= 0]
    assert list(zip(cells.tolist(), nets.tolist(), strict=True)) == expected
    np.testing.assert_array_equal(module.pin_net[pins], nets)


@_SETTINGS
@given(netlists(max_gates=12))
def test_pin_graph(netlist: Netlist) -> None:
    module = netlist.top_module
    for through in (False, True):
        view = pin_graph(module, through_registers=through)
        assert view.num_nodes == module.num_pins + module.num_ports
        into, out = module.pin_dir == Direction.IN, module.pin_dir == Direction.OUT
        cell_arcs = {
            (p, q)
            for p in np.flatnonzero(into).tolist()
            for q in np.flatnonzero(out).tolist()
            if module.pin_cell[p] == module.pin_cell[q]
            and (through or module.type_of(int(module.pin_cell[p])).kind is Kind.COMB)
        }
        assert set(zip(view.cell_src.tolist(), view.cell_dst.tolist(), strict=True)) == cell_arcs
        net = np.concatenate([module.pin_net, module.port_net])
        drives = np.concatenate([out, module.port_dir == Direction.IN])
        sinks = np.concatenate([into, module.port_dir == Direction.OUT])
        net_arcs = {
            (p, q)
            for p in np.flatnonzero(drives).tolist()
            for q in np.flatnonzero(sinks).tolist()
            if net[p] == net[q] and net[p] > 1
        }
        assert set(zip(view.net_src.tolist(), view.net_dst.tolist(), strict=True)) == net_arcs


@_SETTINGS
@given(netlists())
def test_networkx_is_the_same_graph(netlist: Netlist) -> None:
    module = netlist.top_module
    graph = to_networkx(module)
    names = [f"cell:{label}" for label in module.cell_labels()] + [f"port:{label}" for label in module.port_labels()]
    assert list(graph.nodes) == names
    nets = module.net_labels()
    expected = Counter((names[s], names[d], nets[net], inv) for s, d, net, inv in _expected(module, True).elements())
    seen = Counter((s, d, data["net"], data["inverted"]) for s, d, data in graph.edges(data=True))
    assert seen == expected
    gates = [n for n, data in graph.nodes(data=True) if data["kind"] == "cell" and data["type"] != "DFF"]
    assert nx.is_directed_acyclic_graph(nx.subgraph(graph, gates))


def test_empty_module() -> None:
    module = Builder("top").freeze().top_module
    assert cell_graph(module, ports=True).num_nodes == 0
    assert cell_graph(module).edge_index.shape == (2, 0)
    assert pin_graph(module).num_nodes == 0
    assert len(to_networkx(module)) == 0
