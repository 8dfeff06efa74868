"""One module out of a hierarchy."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import LoopError
from hwdesign.netlist import CONST1, INVERTED, Direction, Kind, Module, Netlist
from hwdesign.netlist.elaborate import elaborate
from hwdesign.netlist.generic import NOT
from hwdesign.passes._columns import spans
from hwdesign.passes._flat_names import FlatNames
from hwdesign.passes._flat_params import FlatParams
from hwdesign.passes._hierarchy import Body, bound_size, depth_order

Literals = NDArray[np.int64]  # 2·flat net + inverted, -1 for none


def flatten(netlist: Netlist, *, separator: str = ".", top: str | None = None) -> Netlist:
    """The netlist as one module without instances.

    Cells and nets below the top are called by their path (`u1.u2.n5`); a name that is taken already gets `_1`, `_2`.
    A net that is joined to an outer one through a port goes by the outer name. Inverted connections fold into the flags
    of the pins on the joined net; only where such a pin is an inout (a device's) is a NOT cell put in. An open port
    leaves its net inside the instance alone. Global nets are one net everywhere.

    Where there are devices, parameters are worked out first (see `hwdesign.netlist.elaborate`). A multiplicity `m` of
    an instance multiplies that of its devices, and names of sibling cells and nodes in `control`, `inductors` and
    behavioural expressions are replaced by their paths.

    Args:
        netlist: any netlist.
        separator: between the parts of a path.
        top: module to flatten; by default the netlist's top.

    Raises:
        NetlistError: a module contains itself, an instance does not fit its module or has none, or a parameter has no
            value.
        LoopError: connections make a net its own complement.
        LimitError: the result would have too many cells, nets or bytes of names; nothing is built then.
    """
    if top is not None:
        netlist = netlist.with_top(top)
    module = netlist.top_module
    instances = module.library.of_kind(Kind.MODULE)[module.cell_type] if module.num_cells else np.zeros(0, bool)
    if not instances.any():
        if len(netlist.modules) == 1:
            return netlist
        return _kept(netlist).with_module(module)
    if netlist.library.of_kind(Kind.DEVICE).any():
        depth_order(netlist)  # elaboration takes the hierarchy to end somewhere
        netlist = elaborate(netlist)
    return _Flattener(netlist, separator).run()


@dataclass(slots=True)
class _Batch:
    """Occurrences of one module.

    Attributes:
        prefix: path of each, with the separator at its end.
        ports: int64[K, Q], literal that each port is connected to, -1 for an open one.
        times: float64[K], multiplicity of each.
    """

    prefix: list[str]
    ports: Literals
    times: NDArray[np.float64]


@dataclass(slots=True)
class _Columns:
    """Columns of the flat module, a list of pieces each."""

    cell_type: list[NDArray[np.int32]] = field(default_factory=list)
    cell_line: list[NDArray[np.int32]] = field(default_factory=list)
    pin_count: list[NDArray[np.int64]] = field(default_factory=list)
    pin_literal: list[Literals] = field(default_factory=list)
    pin_flags: list[NDArray[np.uint8]] = field(default_factory=list)
    pin_role: list[NDArray[np.int16]] = field(default_factory=list)


class _Flattener:
    def __init__(self, netlist: Netlist, separator: str) -> None:
        self.netlist = netlist
        self.separator = separator
        self.bodies = depth_order(netlist)
        bound_size(netlist, self.bodies, separator)
        self.names = FlatNames(netlist.names)
        self.params = FlatParams(netlist, self.names.table, separator)
        self.columns = _Columns()
        self.cells = 0
        self.nets = 0
        self.joined: list[tuple[int, int]] = []  # literals that are one
        self.pending: dict[str, list[_Batch]] = {name: [] for name in self.bodies}
        self.globals: dict[str, int] = {}

    def run(self) -> Netlist:
        top = self.netlist.top_module
        open_ports = np.full((1, top.num_ports), -1, np.int64)
        self.pending[top.name].append(_Batch([""], open_ports, np.ones(1)))
        top_nets: Literals = np.zeros(0, np.int64)
        for name, body in self.bodies.items():
            batches = self.pending.pop(name)
            if not batches:
                continue
            batch = _Batch(
                [prefix for part in batches for prefix in part.prefix],
                np.concatenate([part.ports for part in batches]),
                np.concatenate([part.times for part in batches]),
            )
            nets = self._nets(body, batch, is_top=name == top.name)
            if name == top.name:
                top_nets = nets[0]
            self._leaves(body, batch, nets)
            self._instances(body, batch, nets)
        return self._finish(top, top_nets)

    def _nets(self, body: Body, batch: _Batch, *, is_top: bool) -> Literals:
        """int64[K, N]: literal of every net of every occurrence; nets that no port joins to an outer one are new."""
        module = body.module
        nets = np.full((len(batch.prefix), module.num_nets), -1, np.int64)
        nets[:, 0], nets[:, CONST1] = 0, 1  # constant 1 is the complement of net 0
        if is_top:
            self.nets = 2
        outer = np.where(batch.ports >= 0, batch.ports ^ (module.port_flags & INVERTED), -1)
        alone = body.single_ports
        nets[:, module.port_net[alone]] = outer[:, alone]
        for port in body.shared_ports:
            # Ports on one net, or on a constant, join the outer nets; an input cannot drive a constant.
            net = int(module.port_net[port])
            if net <= CONST1 and module.port_dir[port] == Direction.IN:
                continue
            held, given = nets[:, net], outer[:, port]
            both = (held >= 0) & (given >= 0) & (held != given)
            self.joined += zip(held[both].tolist(), given[both].tolist(), strict=True)
            nets[:, net] = np.where(held >= 0, held, given)
        for net, label in body.global_nets:
            known = self.globals.get(label)
            if known is None:
                fresh = nets[0, net] if nets[0, net] >= 0 else 2 * self._new_nets([label], 1)
                known = self.globals.setdefault(label, int(fresh))
            other = (nets[:, net] >= 0) & (nets[:, net] != known)
            self.joined += [(known, literal) for literal in nets[other, net].tolist()]
            nets[:, net] = known
        missing = nets < 0
        rows, columns = np.nonzero(missing)
        nets[rows, columns] = 2 * (self.nets + np.arange(len(rows)))
        self.names.add_nets(module, batch.prefix, rows, columns)
        self.nets += len(rows)
        return nets

    def _new_nets(self, labels: list[str], count: int) -> int:
        first = self.nets
        self.names.add_plain_nets(labels)
        self.nets += count
        return first

    def _leaves(self, body: Body, batch: _Batch, nets: Literals) -> None:
        """Cells that are no instances, occurrence after occurrence."""
        module, leaves, times = body.module, body.leaves, len(batch.prefix)
        if len(leaves) == 0:
            return
        pins, count = spans(module.pin_ptr, leaves)
        net, flags = module.pin_net[pins], module.pin_flags[pins]
        literal = np.where(net >= 0, nets[:, np.maximum(net, 0)] ^ (flags & INVERTED), -1)
        columns = self.columns
        columns.cell_type.append(np.tile(module.cell_type[leaves], times))
        columns.cell_line.append(np.tile(module.cell_line[leaves], times))
        columns.pin_count.append(np.tile(count, times))
        columns.pin_literal.append(literal.ravel())
        columns.pin_flags.append(np.tile(flags & ~np.uint8(INVERTED), times))
        columns.pin_role.append(np.tile(module.pin_role[pins], times))
        self.names.add_cells(module, batch.prefix, leaves)
        self.params.add_leaves(body, batch.prefix, batch.times, nets, self.cells)
        self.cells += len(leaves) * times

    def _instances(self, body: Body, batch: _Batch, nets: Literals) -> None:
        """Hand each child module its occurrences, all instances of one child at once."""
        module = body.module
        for child, cells in body.instances.items():
            inner = self.bodies[child].module
            port_of_role = body.port_of_role[child]
            pins, count = spans(module.pin_ptr, cells)
            row = np.repeat(np.arange(len(cells)), count)
            net = module.pin_net[pins]
            literal = np.where(net >= 0, nets[:, np.maximum(net, 0)] ^ (module.pin_flags[pins] & INVERTED), -1)
            ports = np.full((len(batch.prefix), len(cells), inner.num_ports), -1, np.int64)
            ports[:, row, port_of_role[module.pin_role[pins]]] = literal
            labels = [label + self.separator for label in body.labels(cells)]
            prefix = [outer + label for outer in batch.prefix for label in labels]
            times = np.outer(batch.times, self.params.times(body, cells)).ravel()
            self.pending[child].append(_Batch(prefix, ports.reshape(-1, inner.num_ports), times))

    def _finish(self, top: Module, top_nets: Literals) -> Netlist:
        root = self._join(top, top_nets)
        columns = self.columns
        none = np.zeros(0, np.int64)
        literal = np.concatenate([*columns.pin_literal, none])
        net, flip = _resolved(literal, root)
        flags = np.concatenate([*columns.pin_flags, none.astype(np.uint8)]) | flip
        port_net, port_flip = _resolved(top_nets[top.port_net] ^ (top.port_flags & INVERTED), root)
        pin_ptr = np.concatenate([[0], np.cumsum(np.concatenate([*columns.pin_count, none]))]).astype(np.int64)
        held = np.zeros(self.nets, bool)
        held[: CONST1 + 1] = True
        held[root >> 1] = True  # a net that was joined to another is gone
        rank = (np.cumsum(held) - 1).astype(np.int32)
        self.params.settle(lambda found: self.names.net(int(root[found >> 1] >> 1)))
        names, net_name, cell_name = self.names.freeze()
        module = replace(
            top,
            names=names,
            cell_type=np.concatenate([*columns.cell_type, none]).astype(np.int32),
            cell_name=cell_name,
            cell_line=np.concatenate([*columns.cell_line, none]).astype(np.int32),
            pin_ptr=pin_ptr,
            pin_net=np.where(net >= 0, rank[np.maximum(net, 0)], -1).astype(np.int32),
            pin_role=np.concatenate([*columns.pin_role, none]).astype(np.int16),
            pin_flags=flags.astype(np.uint8),
            net_name=net_name[held],
            port_net=rank[port_net],
            port_flags=np.where(top.port_flags & ~np.uint8(INVERTED) | port_flip, INVERTED, 0).astype(np.uint8),
            params=self.params.tables(),
        )
        module = _upright_devices(module)
        return _kept(self.netlist).with_module(module)

    def _join(self, top: Module, top_nets: Literals) -> Literals:
        """Root literal of every flat net: union-find with parity over the joined pairs."""
        root = 2 * np.arange(self.nets, dtype=np.int64)
        root[CONST1] = 1
        if not self.joined:
            return root
        fixed = {0: 0, CONST1: 0}
        for port in np.flatnonzero(top.port_dir != Direction.OUT).tolist():
            fixed.setdefault(int(top_nets[top.port_net[port]] >> 1), 1)
        parent: dict[int, int] = {CONST1: 1}

        def find(literal: int) -> int:
            path = []
            at = literal
            while at >> 1 in parent:
                path.append(at)
                at = parent[at >> 1] ^ (at & 1)
            for step in path:
                parent[step >> 1] = at ^ (step & 1)
            return at

        for left, right in self.joined:
            a, b = find(left), find(right)
            if a >> 1 == b >> 1:
                if a != b:
                    raise self._contradiction(left)
                continue
            # Constants stay, then ports of the top, then outer nets, which are numbered before inner ones.
            (rank_a, _), (rank_b, _) = keys = [(fixed.get(x >> 1, 2), x >> 1) for x in (a, b)]
            if max(rank_a, rank_b) < 2 and a & 1 != b & 1:
                raise self._contradiction(left)
            keep, drop = (a, b) if keys[0] < keys[1] else (b, a)
            parent[drop >> 1] = keep ^ (drop & 1)
        for net in parent:
            root[net] = find(2 * net)
        return root

    def _contradiction(self, literal: int) -> LoopError:
        label = self.names.net(literal >> 1)
        return LoopError(
            f"the instances' connections make net '{label}' its own complement",
            file=self.netlist.file or None,
            mend="look for an output port that shows an input inverted, with both on one net",
        )


def _kept(netlist: Netlist) -> Netlist:
    """Without the model cards and directives of modules that go."""
    here = ("", netlist.top)
    models = {key: card for key, card in netlist.models.items() if card.scope in here}
    return replace(netlist, models=models, directives=tuple(d for d in netlist.directives if d.module in here))


def _resolved(literal: Literals, root: Literals) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Net (-1 for none) and inverted flag of literals; constants lose the flag."""
    safe = np.maximum(literal, 0)
    found = np.where(literal >= 0, root[safe >> 1] ^ (safe & 1), -2)
    constant = found >> 1 == 0
    return np.where(constant, found & 1, found >> 1), np.where(constant, 0, found & 1).astype(np.uint8)


def _upright_devices(module: Module) -> Module:
    """NOT cells in front of inout pins that folding left inverted."""
    wrong = np.flatnonzero((module.pin_flags & INVERTED != 0) & (module.pin_dir == Direction.INOUT))
    if len(wrong) == 0:
        return module
    sources, where = np.unique(module.pin_net[wrong], return_inverse=True)
    count = len(sources)
    fresh = module.num_nets + np.arange(count, dtype=np.int32)
    pin_net, pin_flags = module.pin_net.copy(), module.pin_flags.copy()
    pin_net[wrong] = fresh[where]
    pin_flags[wrong] &= ~np.uint8(INVERTED)
    library = module.library.with_types([NOT])
    none = np.full(count, -1, np.int32)
    return replace(
        module,
        library=library,
        cell_type=np.concatenate([module.cell_type, np.full(count, library.index(NOT.name), np.int32)]),
        cell_name=np.concatenate([module.cell_name, none]),
        cell_line=np.concatenate([module.cell_line, np.zeros(count, np.int32)]),
        pin_ptr=np.concatenate([module.pin_ptr, module.pin_ptr[-1] + 2 * np.arange(1, count + 1)]),
        pin_net=np.concatenate([pin_net, np.stack([sources, fresh], axis=1).ravel()]).astype(np.int32),
        pin_role=np.concatenate([module.pin_role, np.tile(np.array([0, 1], np.int16), count)]),
        pin_flags=np.concatenate([pin_flags, np.zeros(2 * count, np.uint8)]),
        net_name=np.concatenate([module.net_name, none]),
    )
