"""Types of the extension module; the wrappers beside it are its only callers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_I32 = NDArray[np.int32]
_I64 = NDArray[np.int64]
_U8 = NDArray[np.uint8]
_U64 = NDArray[np.uint64]
_F64 = NDArray[np.float64]

def build_csr(row: _I32, col: _I32, rows: int, cols: int = ...) -> tuple[_I64, _I32, _I64]: ...
def transpose(ptr: _I64, col: _I32, edge: _I64 | None, cols: int) -> tuple[_I64, _I32, _I64]: ...
def levelize(src: _I32, dst: _I32, nodes: int, cut: _U8 | None) -> _I32: ...
def level_order(src: _I32, dst: _I32, nodes: int, cut: _U8 | None) -> _I32: ...
def dfs_order(src: _I32, dst: _I32, nodes: int, cut: _U8 | None) -> _I32: ...
def strongly_connected(src: _I32, dst: _I32, nodes: int, cut: _U8 | None) -> _I32: ...
def find_cycle(src: _I32, dst: _I32, nodes: int, cut: _U8 | None) -> _I32: ...
def neighbour_sample(
    ptr: _I64, col: _I32, edge: _I64, seeds: _I32, fanouts: _I64, seed: int, replace: bool, disjoint: bool
) -> tuple[_I64, _I64, _I64, _I64, _I64, _I64, _I64]: ...
def cone(ptr: _I64, col: _I32, seeds: _I32, max_depth: int, max_nodes: int, stop: _U8 | None) -> tuple[_I32, _I32]: ...
def induced_subgraph(ptr: _I64, col: _I32, edge: _I64, nodes: _I32) -> tuple[_I64, _I64, _I64]: ...
def partition(
    src: _I32,
    dst: _I32,
    nodes: int,
    edge_weight: _I32 | None,
    weight: _I64 | None,
    key: _I64 | None,
    parts: int,
    cap: int,
    objective: int,
    effort: int,
    seed: int,
    threads: int,
) -> _I32: ...
def move_gains(
    src: _I32, dst: _I32, part: _I32, parts: int, objective: int, node: _I32, to: _I32
) -> tuple[_I64, _I32]: ...
def net_edges(
    ptr: _I64,
    net: _I32,
    role: NDArray[np.int16],
    flags: _U8,
    type: _I32,
    first: _I64,
    direction: _U8,
    nets: int,
    first_net: int,
    loose_net: _I32,
    loose_direction: _U8,
    loose_flags: _U8,
) -> tuple[_I32, _I32, _I32, _I32, _U8] | None: ...
def hierarchy_loops(
    cell_ptr: _I64,
    port_ptr: _I64,
    nets: _I32,
    type: _I32,
    pin_ptr: _I64,
    net: _I32,
    role: NDArray[np.int16],
    port_net: _I32,
    first: _I64,
    direction: _U8,
    port: _I32,
    target: _I32,
    first_net: int,
    max_bytes: int,
) -> tuple[_U8, _U8, _I32, _I64, _I32, _I32]: ...
def simd_levels() -> int: ...
def count_activity(
    fanin0: _I32,
    fanin1: _I32,
    n_inputs: int,
    patterns: int,
    seed: int,
    input_words: _U64 | None,
    input_probability: _F64 | None,
    toggles: bool,
    threads: int = ...,
    simd: int = ...,
    block: int = ...,
) -> tuple[_I64, _I64]: ...
def simulate_words(
    fanin0: _I32,
    fanin1: _I32,
    n_inputs: int,
    selected: _I32,
    patterns: int,
    seed: int,
    input_words: _U64 | None,
    input_probability: _F64 | None,
    threads: int = ...,
    simd: int = ...,
    block: int = ...,
) -> _U64: ...
def count_activity_sequential(
    fanin0: _I32,
    fanin1: _I32,
    n_inputs: int,
    latch_next: _I32,
    latch_reset: _U8,
    cycles: int,
    warmup: int,
    streams: int,
    seed: int,
    input_probability: _F64 | None,
    toggles: bool,
    threads: int = ...,
    simd: int = ...,
    block: int = ...,
) -> tuple[_I64, _I64]: ...
def cop_probability(fanin0: _I32, fanin1: _I32, n_inputs: int, input_probability: _F64) -> _F64: ...
def structural_hash(fanin0: _I32, fanin1: _I32, n_inputs: int) -> tuple[_I32, _I32, _I32]: ...

# The readers' functions are typed where kernels/readers.py calls them.
def __getattr__(name: str) -> Any: ...

class ReadError(ValueError): ...

def parse_verilog(data: _U8, max_depth: int, max_bits: int) -> dict[str, Any]: ...
def parse_blif(data: _U8, max_depth: int, max_bits: int) -> dict[str, Any]: ...
def parse_bench(data: _U8, max_depth: int, max_bits: int, name: str) -> dict[str, Any]: ...
def parse_aiger(data: _U8, max_depth: int, max_bits: int) -> dict[str, Any]: ...
def parse_spef(data: _U8, corner: int) -> dict[str, Any]: ...
def write_spef(
    nets: tuple[_U8, _I64],
    nodes: tuple[_U8, _I64],
    cells: tuple[_U8, _I64] | None,
    is_bit: _U8,
    node_ptr: _I64,
    kind: NDArray[np.int8],
    direction: NDArray[np.int8],
    xy: NDArray[np.float64] | None,
    ground: NDArray[np.float64],
    total: NDArray[np.float64],
    resistor_ptr: _I64,
    resistor_a: _I32,
    resistor_b: _I32,
    resistor: NDArray[np.float64],
    coupling_a: _I32,
    coupling_b: _I32,
    coupling: NDArray[np.float64],
    digits: int,
) -> bytes: ...
def parse_lef(data: _U8) -> dict[str, Any]: ...
def parse_def(data: _U8) -> dict[str, Any]: ...
def parse_gds(data: _U8, name_property: int) -> dict[str, Any]: ...
def parse_sdf(data: _U8) -> dict[str, Any]: ...
def spanning_trees(ptr: _I64, xy: NDArray[np.float64]) -> tuple[_I64, _I32, _I32, NDArray[np.float64]]: ...
def steiner_trees(ptr: _I64, xy: NDArray[np.float64]) -> tuple[_I64, _I32, _I32, _I32, NDArray[np.float64]]: ...
def nldm_drive(
    row_axis: _F64,
    col_axis: _F64,
    values: _F64,
    last_row: _I64,
    last_col: _I64,
    ramp_values: _F64,
    ramp_slopes: _F64,
    ramp: _F64,
    derate: float,
    delay_table: _I64,
    slew_table: _I64,
    slew: _F64,
    near: _F64,
    resistance: _F64,
    far: _F64,
    sink_row: _I64,
    elmore: _F64,
) -> tuple[_F64, _F64, _F64, _F64, _F64]: ...
def encode_aiger_ands(first: int, fanin0: _I32, fanin1: _I32) -> bytes: ...

class SpicePlan:
    @property
    def symmetric(self) -> bool: ...
    @property
    def slots(self) -> int: ...
    @property
    def pairs(self) -> int: ...
    @property
    def factor_size(self) -> int: ...

def spice_plan(
    unknowns: int,
    rate: _U8,
    a0: _I32,
    a1: _I32,
    capacitors: _I32,
    junctions: _I32,
    ports: _I32,
    injections: _I32,
    noise: _I32,
    channels: _I32,
    symmetric: bool,
    values: dict[str, Any],
    alpha: float,
    /,
) -> SpicePlan: ...
def spice_steps(
    plan: SpicePlan,
    values: dict[str, Any],
    waves: list[tuple[object, ...]],
    step: float,
    steps: int,
    startup: int,
    every: int,
    noise_every: int,
    limit: float,
    pulses: bool,
    threads: int,
    simd: int,
    /,
) -> dict[str, Any]: ...
def spice_newton(
    plan: SpicePlan,
    values: dict[str, Any],
    waves: list[tuple[object, ...]],
    step: float,
    rows: int,
    tolerance: float,
    settle: float,
    delay_unit: float,
    noise_interval: float,
    noise_linear: bool,
    pulses: bool,
    threads: int,
    simd: int,
    /,
) -> dict[str, Any]: ...
def parse_liberty(data: _U8, skip: list[str], max_depth: int, max_statements: int) -> dict[str, Any]: ...
