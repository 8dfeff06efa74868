"""`simulate`: one circuit, any engine, the same result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from numpy.typing import ArrayLike

from hwdesign.netlist.waveforms import Waveform
from hwdesign.spice import embedded
from hwdesign.spice.batch import Noisy
from hwdesign.spice.circuit import Circuit
from hwdesign.spice.embedded import Mode
from hwdesign.spice.engines.names import EngineName, check_engine
from hwdesign.spice.engines.ngspice import DEFAULT_MEMORY_MB, DEFAULT_TIMEOUT_S
from hwdesign.spice.result import Transient


def simulate(
    circuit: Circuit,
    *,
    engine: EngineName = "embedded",
    step: float | None = None,
    stop: float | None = None,
    mode: Mode = "josim",
    signals: Sequence[str] | str = "deck",
    batch: Mapping[str, ArrayLike | Sequence[Waveform]] | None = None,
    temperature: ArrayLike | None = None,
    noisy: Noisy = "all",
    seeds: ArrayLike | int | None = None,
    pulses: bool = True,
    waves: bool = True,
    every: int = 1,
    startup: bool | None = None,
    tolerance: float = 1e-6,
    threads: int = 1,
    simd: int = -1,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    memory_mb: int | None = DEFAULT_MEMORY_MB,
) -> Transient:
    """Simulate a circuit, or N variants of it, over time.

    Signals, labels, units and the grid of times are the same whatever the engine; between its own steps an external
    engine's waveforms are taken as straight. The `josim` mode is Gear's second order at equal steps in ngspice, the
    `newton` mode the trapezoidal rule with error control, both with `step` as the longest step. JoSIM has its own
    method only. An external engine runs the instances of a batch one after the other.

    Args:
        circuit: the circuit.
        engine: see `hwdesign.spice.engines`.
        step: seconds, also between two rows; by default the deck's.
        stop: end, seconds; by default the deck's.
        mode: `josim` or `newton`; see `hwdesign.spice.embedded.simulate`.
        signals: `deck` for what the deck prints, or texts: `P(B1.XDUT)`, `V(out)`, `I(L1)`, `phase B1.XDUT`.
        batch: values by name (see `Circuit.find`): N numbers, or of a source N waveforms. A source's number is its
            waveform's value of the largest size; the waveform is scaled.
        temperature: noise temperature of all resistors and junctions in kelvin, one or N; by default the deck's.
        noisy: `all` as in JoSIM, or `resistors`: junctions' own resistances are silent.
        seeds: of the noise: one, from which N follow, or N. Only the embedded engine's noise can be had again; the
            others' differs from run to run whatever the seed (ngspice 39 draws it from its process's number).
        pulses: whether to look for pulses.
        waves: whether to record signals.
        every: record each of this many steps.
        startup: whether to settle before t = 0; by default the deck's.
        tolerance: embedded engine, `newton` mode: largest local error of a phase in a step, radians.
        threads, simd: embedded engine: number of threads, and the widest registers to use.
        timeout_s: external engines: wall-clock limit of a run, seconds.
        memory_mb: external engines: limit on the address space, MiB.

    Returns:
        The simulation. Instances of a batch that fail are named in `failed`; the others are finished.

    Raises:
        ToolError: an external engine is missing, failed or ran past its limits.
        ConfigError, NetlistError, UnsupportedError, LimitError: see `hwdesign.spice.embedded.simulate`.
    """
    check_engine(engine)
    if engine == "embedded":
        return embedded.simulate(
            circuit, step=step, stop=stop, mode=mode, signals=signals, batch=batch, temperature=temperature,
            noisy=noisy, seeds=seeds, pulses=pulses, waves=waves, every=every, startup=startup, tolerance=tolerance,
            threads=threads, simd=simd,
        )  # fmt: skip
    from hwdesign.spice.engines.external import simulate_external

    return simulate_external(
        circuit, engine, step=step, stop=stop, mode=mode, signals=signals, batch=batch, temperature=temperature,
        noisy=noisy, seeds=seeds, pulses=pulses, waves=waves, every=every, startup=startup, timeout_s=timeout_s,
        memory_mb=memory_mb,
    )  # fmt: skip
