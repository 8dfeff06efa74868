"""AIG arrays back to a module, with the names, parameters and source lines of the module they came from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hwdesign.kernels import build_csr, cone, structural_hash
from hwdesign.netlist import CONST1, INVERTED, OPEN, Direction, Library, Module, Netlist, SideTable
from hwdesign.netlist.generic import AND2, DFF
from hwdesign.netlist.names import NameTable
from hwdesign.passes._columns import IntArray, select_params

ALIAS = "@alias"


@dataclass(frozen=True, eq=False, slots=True)
class Draft:
    """AIG arrays (see `hwdesign.netlist.aig`) and where they come from.

    Attributes:
        fanin0, fanin1: int32[A], in topological order.
        outputs: int32[O], literal of each output port.
        latch_next: int32[L].
        latch_clock: int32[L], literal of each latch's clock, -1 for none.
        latch_cell: int32[L], source cell.
        and_cell: int32[A], source cell that each AND node implements, -1 for an inner node without a name.
        and_line: int32[A], source line.
        net_literal: int32[N], literal of each source net, -1 for one without.
        net_direct: bool[N], the net is the very output of its node: the first choice for the node's name.
    """

    fanin0: IntArray
    fanin1: IntArray
    outputs: IntArray
    latch_next: IntArray
    latch_clock: IntArray
    latch_cell: IntArray
    and_cell: IntArray
    and_line: IntArray
    net_literal: IntArray
    net_direct: NDArray[np.bool_]


def hashed(
    fanin0: IntArray, fanin1: IntArray, inputs: int, outputs: IntArray, latch_next: IntArray, latch_clock: IntArray,
    latch_cell: IntArray, and_cell: IntArray, and_line: IntArray, net_literal: IntArray, net_direct: NDArray[np.bool_],
) -> Draft:  # fmt: skip
    """Draft after structural hashing; a merged node keeps the first of its names."""
    new = structural_hash(fanin0, fanin1, inputs)
    first = 1 + inputs

    def follow(literals: IntArray) -> IntArray:
        safe = np.maximum(literals, 0)
        return np.where(literals < 0, -1, new.literal[safe >> 1] ^ (safe & 1)).astype(np.int32)

    ands = len(new.fanin0)
    image = new.literal[first:]
    # Nodes that became true copies of a new node; among these the first with a cell names it.
    olds = np.flatnonzero((image >> 1 >= first) & ((image & 1) == 0))
    order = olds[np.lexsort((olds, and_cell[olds] < 0, image[olds]))]
    at = (image[order] >> 1) - first
    head = np.concatenate([[True], np.diff(at) != 0]) if len(at) else np.zeros(0, bool)
    cell, line = np.full(ands, -1, np.int32), np.zeros(ands, np.int32)
    cell[at[head]], line[at[head]] = and_cell[order[head]], and_line[order[head]]
    return Draft(
        new.fanin0, new.fanin1, follow(outputs), follow(latch_next), follow(latch_clock), latch_cell,
        cell, line, follow(net_literal), net_direct,
    )  # fmt: skip


def sweep_draft(draft: Draft, num_inputs: int) -> Draft:
    """Without the AND nodes that reach neither an output nor a latch."""
    first = 1 + num_inputs
    ands = np.arange(first, first + len(draft.fanin0), dtype=np.int32)
    fanin = build_csr(
        np.concatenate([ands, ands]), np.concatenate([draft.fanin0, draft.fanin1]) >> 1, first + len(ands)
    )
    clocks = draft.latch_clock[draft.latch_clock >= 0]
    roots = np.concatenate([draft.outputs, draft.latch_next, clocks]) >> 1
    keep = np.zeros(first + len(ands), bool)
    keep[:first] = True
    keep[cone(fanin, roots).nodes] = True
    if keep.all():
        return draft
    rank = (np.cumsum(keep) - 1).astype(np.int32)

    def renumber(literals: IntArray) -> IntArray:
        held = (literals >= 0) & keep[np.maximum(literals, 0) >> 1]
        return np.where(held, 2 * rank[np.maximum(literals, 0) >> 1] | (literals & 1), -1).astype(np.int32)

    kept = keep[first:]
    return replace(
        draft,
        fanin0=renumber(draft.fanin0[kept]),
        fanin1=renumber(draft.fanin1[kept]),
        outputs=renumber(draft.outputs),
        latch_next=renumber(draft.latch_next),
        latch_clock=renumber(draft.latch_clock),
        and_cell=draft.and_cell[kept],
        and_line=draft.and_line[kept],
        net_literal=renumber(draft.net_literal),
    )


def build_aig(netlist: Netlist, module: Module, draft: Draft) -> Netlist:
    """Netlist of one AIG module: DFF cells first, then AND2 cells in topological order; ports as in `module`."""
    latches, ands = len(draft.latch_next), len(draft.fanin0)
    inputs = module.ports_of(Direction.IN)
    outputs = module.ports_of(Direction.OUT)
    first = 1 + len(inputs) + latches
    variables = first + ands
    table = NameTable(module.names)
    net_name, aliases = _net_names(module, draft, variables, len(inputs))
    _carry_aliases(module, draft, aliases, len(inputs))

    def net_of(literals: IntArray) -> IntArray:
        # Variable v ≥ 1 is net v + 1; the constants are nets 0 and 1.
        net = np.where(literals >> 1 == 0, literals & 1, (literals >> 1) + 1)
        return np.where(literals < 0, OPEN, net).astype(np.int32)

    def flag_of(literals: IntArray) -> NDArray[np.uint8]:
        return np.where(literals >> 1 <= 0, 0, literals & INVERTED).astype(np.uint8)

    own = np.arange(1 + len(inputs), variables, dtype=np.int32) * 2
    none = np.zeros(latches + ands, np.uint8)
    left = np.concatenate([draft.latch_next, draft.fanin0])
    right = np.concatenate([draft.latch_clock, draft.fanin1])
    port_net = np.zeros(module.num_ports, np.int32)
    port_flags = np.zeros(module.num_ports, np.uint8)
    port_net[inputs] = np.arange(len(inputs)) + 2
    port_net[outputs] = net_of(draft.outputs)
    port_flags[outputs] = flag_of(draft.outputs)

    cell_of = np.concatenate([draft.latch_cell, draft.and_cell])
    # A source cell with two outputs gives its name to the first of its nodes.
    named = np.flatnonzero(cell_of >= 0)
    _, once = np.unique(cell_of[named], return_index=True)
    holders = named[np.sort(once)]
    cell_name = np.full(latches + ands, -1, np.int32)
    cell_name[holders] = module.cell_name[cell_of[holders]]
    params = {}
    for key, chosen in select_params(module.params, cell_of[holders], module.num_cells).items():
        params[key] = SideTable(holders[chosen.cell].astype(np.int32), chosen.number, chosen.text)
    if aliases:
        params[ALIAS] = _alias_table(aliases, 1 + len(inputs), table)

    library = Library([DFF, AND2])
    names = table.freeze() if aliases else module.names
    result = replace(
        module,
        names=names,
        library=library,
        cell_type=np.repeat(np.array([0, 1], np.int32), [latches, ands]),
        cell_name=cell_name,
        cell_line=np.concatenate([module.cell_line[draft.latch_cell], draft.and_line]).astype(np.int32),
        pin_ptr=np.arange(latches + ands + 1, dtype=np.int64) * 3,
        pin_net=np.stack([net_of(left), net_of(right), net_of(own)], axis=1).ravel(),
        pin_role=np.tile(np.array([0, 1, 2], np.int16), latches + ands),
        pin_flags=np.stack([flag_of(left), flag_of(right), none], axis=1).ravel(),
        net_name=net_name,
        port_net=port_net,
        port_flags=port_flags,
        params=params,
    )
    return netlist.with_module(result)


def _net_names(module: Module, draft: Draft, variables: int, inputs: int) -> tuple[IntArray, dict[int, list[str]]]:
    """Name of each net of the AIG, and the names of the source nets that became another's alias or complement."""
    net_name = np.full(variables + 1, -1, np.int32)
    named = np.flatnonzero((module.net_name >= 0) & (draft.net_literal > CONST1)).astype(np.int32)
    # The driven net first, then true values before complements, then by id.
    literal = draft.net_literal[named]
    ports = np.zeros(module.num_nets, bool)
    ports[module.port_net[module.port_dir == Direction.IN]] = True
    order = np.lexsort((named, literal & 1, ~draft.net_direct[named], ~ports[named], literal >> 1))
    named, literal = named[order], literal[order]
    head = np.concatenate([[True], np.diff(literal >> 1) != 0]) if len(literal) else np.zeros(0, bool)
    head &= (literal & 1) == 0
    net_name[(literal[head] >> 1) + 1] = module.net_name[named[head]]
    rest = ~head & (literal >> 1 > inputs)
    aliases: dict[int, list[str]] = {}
    texts = module.names.decode(module.net_name[named[rest]])
    for at, text in zip(literal[rest].tolist(), texts, strict=True):
        aliases.setdefault(at >> 1, []).append(f"!{text}" if at & 1 else text)
    return net_name, aliases


def _carry_aliases(module: Module, draft: Draft, aliases: dict[int, list[str]], inputs: int) -> None:
    """Add the aliases that cells of an AIG were given by an earlier pass."""
    old = module.params.get(ALIAS)
    if old is None:
        return
    drives = np.flatnonzero((module.pin_dir == Direction.OUT) & (module.pin_net >= 0))
    output = np.full(module.num_cells, -1, np.int64)
    output[module.pin_cell[drives]] = drives
    for cell, text in zip(old.cell.tolist(), module.names.decode(old.text), strict=True):
        pin = int(output[cell])
        literal = int(draft.net_literal[module.pin_net[pin]]) if pin >= 0 else -1
        if literal >> 1 <= inputs:
            continue
        flip = bool((literal ^ int(module.pin_flags[pin])) & INVERTED)
        names = [_complement(name) if flip else name for name in text.split()]
        aliases.setdefault(literal >> 1, []).extend(names)


def _complement(name: str) -> str:
    return name[1:] if name.startswith("!") else f"!{name}"


def _alias_table(aliases: dict[int, list[str]], first: int, table: NameTable) -> SideTable:
    variables = sorted(aliases)
    text = [table.intern(" ".join(aliases[variable])) for variable in variables]
    cells = np.array(variables, np.int32) - np.int32(first)
    return SideTable(cells, np.full(len(cells), np.nan), np.array(text, np.int32))
