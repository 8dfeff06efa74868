"""A network as a netlist of SFQ cells: fan-out trees, synapses, fan-in trees, neurons; and its test bench."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from hwdesign.errors import NetlistError
from hwdesign.netlist import Builder, Direction, Directive, ModuleBuilder, Netlist
from hwdesign.netlist.devices import CURRENT_SOURCE, RESISTOR
from hwdesign.sfq.bench import LOAD_OHM, stimulus
from hwdesign.sfq.cells import DCSFQ, JTL, Merger, Neuron, Splitter, Synapse
from hwdesign.sfq.draft import GROUND
from hwdesign.sfq.network.network import Layer, Network
from hwdesign.sfq.process import LINEAR_10KA, Process
from hwdesign.sfq.trees import depth, fan_in, fan_in_levels, fan_out, fan_out_levels

DUT = "XNET"
SPLITTER_STAGES = 3
"""JTL stages as slow as a level of a fan-out tree (8 ps)."""
MERGER_STAGES = 4
"""JTL stages as slow as a level of a fan-in tree (10.5 ps)."""


def build_network(builder: Builder, network: Network, process: Process = LINEAR_10KA) -> ModuleBuilder:
    """Add a network's module, named after it, to `builder`.

    Ports: `in0`, `in1` ... by rail, `out0` ... by output neuron. Instances: `XS<layer>_<input>_<n>` splitters,
    `XY<layer>_<neuron>_<input>` synapses, `XM<layer>_<neuron>_<n>` mergers, `XN<layer>_<neuron>` neurons, `XP...` lines
    that make up for the levels a leaf of a tree lacks, so that all paths of a layer take the same time. An input
    without a synapse ends in a resistor.

    Raises:
        NetlistError: a neuron has no synapse, or a hidden one drives none (see `Network.pruned`).
    """
    if GROUND not in builder.global_nets:
        builder.global_nets.append(GROUND)
    module = builder.module(network.name)
    nets = [module.port(f"in{rail}", Direction.IN) for rail in range(network.coding.rails)]
    for at, layer in enumerate(network.layers):
        last = at + 1 == len(network.layers)
        ends = [
            module.port(f"out{n}", Direction.OUT) if last else module.net(f"n{at}_{n}") for n in range(layer.outputs)
        ]
        _build_layer(module, at, layer, nets, ends, process)
        nets = ends
    return module


def _build_layer(
    module: ModuleBuilder, at: int, layer: Layer, nets: list[int], ends: list[int], process: Process
) -> None:
    splitter, merger = Splitter(process=process), Merger(process=process)
    present = layer.present()
    if at and not present.any(axis=0).all():
        dead = int(np.flatnonzero(~present.any(axis=0))[0])
        raise NetlistError(f"neuron {dead} of layer {at - 1} drives no synapse", mend="prune the network")
    slowest = depth(int(present.sum(axis=0).max()))
    arriving: list[list[int]] = [[] for _ in ends]
    for source, net in enumerate(nets):
        readers = np.flatnonzero(present[:, source]).tolist()
        if not readers:
            module.instance(_sink(module.owner, process).name, {"a": net}, name=f"XU{source}")
            continue
        leaves = fan_out(module, net, len(readers), name=f"XS{at}_{source}_", splitter=splitter)
        for n, leaf, level in zip(readers, leaves, fan_out_levels(len(readers)), strict=True):
            name = f"{at}_{n}_{source}"
            ready = _delay(module, leaf, SPLITTER_STAGES * (slowest - level), f"f{name}", process)
            q = module.net(f"y{name}")
            ix = layer.ix_ua[n][source]
            assert ix is not None
            Synapse(ix_ua=ix, process=process).place(module, {"a": ready, "q": q}, name=f"XY{name}")
            arriving[n].append(q)
    deepest = depth(max(len(found) for found in arriving))
    for n, (found, end) in enumerate(zip(arriving, ends, strict=True)):
        if not found:
            raise NetlistError(f"neuron {n} of layer {at} has no synapse", mend="prune the network, or train it again")
        levels = fan_in_levels(len(found))
        for k, level in enumerate(levels):
            found[k] = _delay(module, found[k], MERGER_STAGES * (deepest - level), f"m{at}_{n}_{k}", process)
        root = fan_in(module, found, name=f"XM{at}_{n}_", merger=merger)
        neuron = Neuron(
            it_ua=layer.it_ua[n], l_storage_ph=layer.l_storage_ph, r_leak_ohm=layer.r_leak_ohm, process=process
        )
        neuron.place(module, {"a": root, "q": end}, name=f"XN{at}_{n}")


def _sink(builder: Builder, process: Process) -> ModuleBuilder:
    """Where an input without a synapse ends."""
    module = builder.module("sfq_sink")
    if not module.as_type().roles:
        net, load = module.port("a", Direction.IN), module.net("q")
        JTL(process=process).place(module, {"a": net, "q": load}, name="X1")
        module.cell(RESISTOR, [load, module.net(GROUND)], name="R1", params={"value": LOAD_OHM})
    return module


def _delay(module: ModuleBuilder, net: int, stages: int, name: str, process: Process) -> int:
    if not stages:
        return net
    end = module.net(f"p{name}")
    JTL(stages=stages, process=process).place(module, {"a": net, "q": end}, name=f"XP{name}")
    return end


def network_netlist(network: Network, process: Process = LINEAR_10KA) -> Netlist:
    """Netlist whose top is the network.

    Raises:
        NetlistError: see `build_network`.
    """
    builder = Builder(network.name)
    build_network(builder, network, process)
    return builder.freeze()


def network_bench(
    network: Network,
    process: Process = LINEAR_10KA,
    *,
    step_ps: float = 0.1,
    temperature_k: float | None = None,
    pattern: ArrayLike | None = None,
) -> Netlist:
    """A netlist that drives a network and loads it.

    Rail r: source `IIN_r`, converter `XSRC_r`, line `XIN_r`, the network `XNET`. Output j: line `XOUT_j`, 2 ohm.

    Args:
        network: what to drive.
        process: process card.
        step_ps: of the simulation.
        temperature_k: noise temperature of the network's shunts; by default the process's.
        pattern: float[features] in 0..1 that the sources send; by default they rest, for a batch to set.

    Raises:
        NetlistError: see `build_network`.
    """
    own = process if temperature_k is None else replace(process, temperature_k=temperature_k or None)
    builder = Builder(f"bench_{network.name}")
    inner = build_network(builder, network, own)
    top = builder.top
    ground = top.net(GROUND)
    source, line = DCSFQ(process=own), JTL(process=own)
    pins: dict[str, int] = {}
    rails = network.coding.rails
    times = [()] * rails if pattern is None else network.coding.times_ps([np.asarray(pattern, np.float64)])[0]
    for rail in range(network.coding.rails):
        drive, middle = top.net(f"i_{rail}"), top.net(f"s_{rail}")
        top.cell(CURRENT_SOURCE, [ground, drive], name=f"IIN_{rail}", params={"tran": _pwl(times[rail])})
        source.place(top, {"a": drive, "q": middle}, name=f"XSRC_{rail}")
        pins[f"in{rail}"] = top.net(f"in{rail}")
        line.place(top, {"a": middle, "q": pins[f"in{rail}"]}, name=f"XIN_{rail}")
    for out in range(network.outputs):
        pins[f"out{out}"] = top.net(f"out{out}")
        load = top.net(f"r_{out}")
        line.place(top, {"a": pins[f"out{out}"], "q": load}, name=f"XOUT_{out}")
        top.cell(RESISTOR, [load, ground], name=f"ROUT_{out}", params={"value": LOAD_OHM})
    top.instance(inner.name, pins, name=DUT)
    builder.directives.append(Directive("tran", f"{step_ps:g}p {stop_ps(network):g}p 0 {step_ps:g}p"))
    builder.directives.append(Directive("print", " ".join(f"v(ROUT_{out})" for out in range(network.outputs))))
    return builder.freeze()


def _pwl(times_ps: Sequence[float]) -> str:
    values = stimulus(times_ps).values if times_ps else (0.0, 0.0, 1e-12, 0.0)
    return f"pwl({' '.join(f'{value:.9g}' for value in values)})"


def latency_ps(network: Network) -> float:
    """Upper estimate of the time from a source's edge to the output's pulse, from the cells' delays."""
    total = 25.0
    for layer in network.layers:
        present = layer.present()
        total += 8.2 * depth(int(present.sum(axis=0).max())) + 10.5 * depth(int(present.sum(axis=1).max()))
        total += Synapse().delay_ps + Neuron().delay_ps
    return total


def stop_ps(network: Network) -> float:
    """End of a simulation: the window, and time for the last pulse to come out."""
    coding = network.coding
    last = coding.start_ps + (coding.pulses - 1) * coding.period_ps + max(coding.slots) * coding.slot_ps
    return last + 1.2 * latency_ps(network) + 40.0
