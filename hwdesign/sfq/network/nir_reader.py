"""Networks from NIR files (neuromorphic intermediate representation): what maps onto the cells, the rest by name.

A chain Input → (Linear or Affine → IF or LIF) ... → Output maps. In NIR's equations, with a spike as an impulse of
unit area, one through the weight w lifts the potential of an IF neuron by r·w and that of a LIF neuron by r·w/τ. A
layer's largest lift is the quantum of its loops: a synapse passes a pulse with the probability w/max(w), so that the
mean lift is the file's; the threshold in quanta is v_threshold over that lift, which the bias current sets; τ is the
loop's L/R. A neuron that fires loses a quantum, where NIR's default resets it to 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import ndtri

from hwdesign.errors import ConfigError, DataError, NetlistError, UnsupportedError
from hwdesign.settings import Section, parse_section
from hwdesign.sfq.cells import Neuron
from hwdesign.sfq.network.network import MAX_WIDTH, NAME, Coding, Layer, Network
from hwdesign.sfq.network.nir_file import read_graph
from hwdesign.sfq.network.tables import CellTables, measure_tables

Float = NDArray[np.float64]

IX_MAX_UA, IT_MAX_UA = 145.0, 190.0
_RARE = 1e-4
_LEAST_LEAK = 1e-3


class NirOptions(Section):
    """How a NIR file becomes a network, as the command line asks it; see `read_nir` and `Coding`.

    Attributes:
        name, decide_at, l_storage_ph, time_scale, temperature_k: of `read_nir`; by default the file's name, and half of
            the pulses.
        pulses, period_ps, slot_ps, slots, dual_rail: of `Coding`; by default every input of the file is a feature with
            a slot of its own. With `dual_rail`, the file's second half of the inputs are the complements.
    """

    name: str | None = Field(default=None, pattern=NAME)
    decide_at: int | None = Field(default=None, ge=1)
    l_storage_ph: float = Field(default=8.0, gt=0, le=10_000)
    time_scale: float = Field(default=1.0, gt=0, le=1e6)
    temperature_k: float = Field(default=4.2, ge=0, le=1000)
    pulses: int = Field(default=4, ge=1, le=1024)
    period_ps: float | None = Field(default=None, gt=0, le=1e6)
    slot_ps: float = Field(default=25.0, gt=0, le=1e5)
    slots: tuple[int, ...] | None = None
    dual_rail: bool = False

    def coding(self, inputs: int) -> Coding:
        """The code of a network's inputs.

        Raises:
            ConfigError: the slots do not fit the period.
        """
        features = inputs // 2 if self.dual_rail else inputs
        slots = tuple(range(features)) if self.slots is None else self.slots
        needed = (max(slots, default=0) + 1) * self.slot_ps
        period = max(200.0, needed) if self.period_ps is None else self.period_ps
        own = {"pulses": self.pulses, "period_ps": period, "slot_ps": self.slot_ps, "slots": slots}
        return parse_section(Coding, {**own, "dual_rail": self.dual_rail})


def read_nir(
    path: Path,
    *,
    coding: Coding | Callable[[int], Coding] | None = None,
    name: str = "network",
    decide_at: int = 2,
    l_storage_ph: float = 8.0,
    time_scale: float = 1.0,
    temperature_k: float = 4.2,
) -> Network:
    """The network that a NIR file describes.

    Args:
        path: HDF5 file as the `nir` package writes it.
        coding: of the inputs, or what gives it for their number; by default one rail a feature, each in a slot of its
            own.
        name, decide_at: of the network.
        l_storage_ph: of the neurons.
        time_scale: circuit's seconds in one second of the file, as 1e-9 where the circuit shall take picoseconds for
            the file's milliseconds.
        temperature_k: of the synapses.

    Raises:
        ToolError, FileError, DataError, LimitError: as `read_graph`.
        UnsupportedError: a node, a value or an edge that does not map; names it.
    """
    graph = read_graph(path)
    nodes = _chain(graph, path)
    if len(nodes) % 2 or not nodes:
        raise UnsupportedError("the network does not alternate weights and neurons", file=path)
    layers: list[Layer] = []
    known: dict[float, CellTables] = {}
    for (label, synapse), (neuron_label, neuron) in zip(nodes[::2], nodes[1::2], strict=True):
        weight = _weight(label, synapse, path)
        lift, threshold, tau = _neuron(neuron_label, neuron, len(weight), path)
        leak = 0.0
        if tau is not None:
            leak = (l_storage_ph + Neuron().l_loop_ph) / (tau * time_scale * 1e12)
            if not _LEAST_LEAK <= leak <= 100:
                raise UnsupportedError(
                    f"node '{neuron_label}': a time constant of {tau * time_scale:g} s needs a leak of {leak:.3g} ohm",
                    file=path, mend="give another time_scale",
                )  # fmt: skip
        if leak not in known:
            known[leak] = measure_tables(l_storage_ph, leak, temperature_k=temperature_k, spread=0.0)
        layers.append(_layer(neuron_label, weight * lift[:, None], threshold, leak, known[leak], path))
    width = layers[0].inputs
    code = coding if isinstance(coding, Coding) else (coding or NirOptions().coding)(width)
    if code.rails != width:
        raise UnsupportedError(f"the code has {code.rails} rails for the {width} inputs of the file", file=path)
    content = {
        "name": name, "coding": code, "layers": tuple(layers), "decide_at": decide_at, "temperature_k": temperature_k,
    }  # fmt: skip
    try:
        return parse_section(Network, content).pruned()
    except (ConfigError, NetlistError) as error:
        raise UnsupportedError(error.what, file=path, mend=error.mend) from error


def _chain(graph: Any, path: Path) -> list[tuple[str, Any]]:
    """Nodes between Input and Output, in order."""
    following: dict[str, str] = {}
    for a, b in graph.edges:
        if a in following:
            raise UnsupportedError(f"node '{a}' drives more than one node", file=path, mend="give a chain of layers")
        following[a] = b
    inputs = [label for label, node in graph.nodes.items() if type(node).__name__ == "Input"]
    if len(inputs) != 1:
        raise UnsupportedError(f"the graph has {len(inputs)} inputs, not one", file=path)
    found: list[tuple[str, Any]] = []
    at, seen = inputs[0], {inputs[0]}
    while at in following:
        at = following[at]
        if at in seen or at not in graph.nodes:
            raise UnsupportedError(f"the edge to '{at}' closes a loop or leads nowhere", file=path)
        seen.add(at)
        kind = type(graph.nodes[at]).__name__
        if kind == "Output":
            break
        wanted = ("Linear", "Affine") if len(found) % 2 == 0 else ("IF", "LIF")
        if kind not in wanted:
            raise UnsupportedError(
                f"node '{at}' is of the kind {kind}, which maps onto no cell here",
                file=path, mend=f"{' or '.join(wanted)} can stand there",
            )  # fmt: skip
        found.append((at, graph.nodes[at]))
    left = sorted(set(graph.nodes) - seen)
    if left:
        raise UnsupportedError(f"node '{left[0]}' is not in the chain from input to output", file=path)
    return found


def _weight(label: str, node: Any, path: Path) -> Float:
    weight = np.asarray(node.weight, np.float64)
    if weight.ndim != 2 or not weight.size or max(weight.shape) > MAX_WIDTH:
        raise UnsupportedError(f"node '{label}': weights of shape {list(weight.shape)}", file=path)
    if not np.all(np.isfinite(weight)):
        raise DataError(f"node '{label}': a weight is not finite", file=path)
    if np.any(weight < 0):
        raise UnsupportedError(
            f"node '{label}': {int((weight < 0).sum())} weights are negative, but a synapse passes pulses or does not",
            file=path, mend="train with weights of zero or more and dual-rail inputs",
        )  # fmt: skip
    if np.any(np.asarray(getattr(node, "bias", 0.0)) != 0):
        raise UnsupportedError(f"node '{label}': a bias maps onto no cell", file=path, mend="train without bias")
    return weight


def _neuron(label: str, node: Any, count: int, path: Path) -> tuple[Float, Float, float | None]:
    """Lift of a unit weight and threshold of each neuron, and the layer's time constant."""

    def values(key: str) -> Float:
        try:
            return np.broadcast_to(np.asarray(getattr(node, key), np.float64).reshape(-1), (count,))
        except ValueError:
            raise DataError(f"node '{label}': {key} does not fit {count} neurons", file=path) from None

    r, threshold = values("r"), values("v_threshold")
    if not (np.all(r > 0) and np.all(threshold > 0) and np.all(np.isfinite(r * threshold))):
        raise UnsupportedError(f"node '{label}': r and v_threshold have to be positive", file=path)
    for key in ("v_leak", "v_reset"):
        if getattr(node, key, None) is not None and np.any(values(key) != 0):
            raise UnsupportedError(f"node '{label}': {key} other than 0 maps onto no cell", file=path)
    if type(node).__name__ == "IF":
        return r, threshold, None
    tau = values("tau")
    if not (np.all(tau > 0) and math.isfinite(tau[0])) or np.ptp(tau) > 1e-6 * tau[0]:
        raise UnsupportedError(f"node '{label}': the neurons of a layer share one positive tau", file=path)
    return r / tau, threshold, float(tau[0])


def _layer(label: str, lift: Float, threshold: Float, leak: float, tables: CellTables, path: Path) -> Layer:
    quantum = lift.max()
    if not quantum > 0:
        raise UnsupportedError(f"node '{label}': no pulse comes in", file=path)
    synapse, neuron = tables.synapse, tables.neuron
    share = lift / quantum
    currents = synapse.mu_ua + synapse.sigma_ua * ndtri(np.clip(share, _RARE, 1 - _RARE))
    rows = tuple(
        tuple(
            None if s < _RARE else IX_MAX_UA if s > 1 - _RARE else round(float(i), 3)
            for s, i in zip(shares, own, strict=True)
        )
        for shares, own in zip(share, currents, strict=True)
    )
    it = (neuron.base - threshold / quantum) / neuron.gain
    for n, current in enumerate(it):
        if not 0 <= current <= IT_MAX_UA:
            raise UnsupportedError(
                f"node '{label}': neuron {n} fires at {threshold[n] / quantum:.3g} quanta, which no bias from 0 to "
                f"{IT_MAX_UA:g} µA sets in a loop of {neuron.l_storage_ph:g} pH",
                file=path, mend="give another l_storage_ph, or scale the weights",
            )  # fmt: skip
    return Layer(
        ix_ua=rows, it_ua=tuple(round(float(i), 3) for i in it), l_storage_ph=neuron.l_storage_ph, r_leak_ohm=leak
    )
