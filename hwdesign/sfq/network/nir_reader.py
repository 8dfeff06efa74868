"""Networks from NIR files (neuromorphic intermediate representation): what maps onto the cells, the rest by name.

A chain Input → (Linear or Affine → IF or LIF) ... → Output maps. In NIR's equations, with a spike as an impulse of
unit area, one through the weight w lifts the potential of an IF neuron by r·w and that of a LIF neuron by r·w/τ. A
layer's largest lift is the quantum of its loops: a synapse passes a pulse with the probability w/max(w), so that the
mean lift is the file's; the threshold in quanta is v_threshold over that lift, which the bias current sets; τ is the
loop's L/R. A neuron that fires loses a quantum, where NIR's default resets it to 0.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from hwdesign.errors import DataError, FileError, ToolError, UnsupportedError
from hwdesign.files import os_reason
from hwdesign.sfq.cells import Neuron
from hwdesign.sfq.network.network import MAX_WIDTH, Coding, Layer, Network
from hwdesign.sfq.network.tables import CellTables, measure_tables

Float = NDArray[np.float64]

MAX_BYTES = 64 << 20
IX_MAX_UA, IT_MAX_UA = 145.0, 190.0
_RARE = 1e-4
_LEAST_LEAK = 1e-3


def read_nir(
    path: Path,
    *,
    coding: Coding | None = None,
    name: str = "network",
    decide_at: int = 2,
    l_storage_ph: float = 8.0,
    time_scale: float = 1.0,
    temperature_k: float = 4.2,
) -> Network:
    """The network that a NIR file describes.

    Args:
        path: HDF5 file as the `nir` package writes it.
        coding: of the inputs; by default one rail a feature, each in a slot of its own.
        name, decide_at: of the network.
        l_storage_ph: of the neurons.
        time_scale: circuit's seconds in one second of the file, as 1e-9 where the circuit shall take picoseconds for
            the file's milliseconds.
        temperature_k: of the synapses.

    Raises:
        ToolError: the package `nir` is missing.
        DataError: the file is no NIR graph.
        FileError: it cannot be read.
        UnsupportedError: a node, a value or an edge that does not map; names it.
    """
    try:
        import nir
    except ImportError as error:
        raise ToolError("the package 'nir' is not installed", mend="pip install 'hwdesign[nir]'") from error
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"the file is larger than {MAX_BYTES} bytes", file=path)
        graph = nir.read(path)
    except OSError as error:
        if not path.is_file():
            raise FileError(f"cannot read the file: {os_reason(error)}", file=path) from error
        raise DataError("the file is no NIR graph", file=path) from error
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError, RecursionError) as error:
        raise DataError("the file is no NIR graph", file=path) from error
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
    code = coding or Coding(slots=tuple(range(width)), dual_rail=False, period_ps=max(200.0, 25.0 * width))
    if code.rails != width:
        raise UnsupportedError(f"the code has {code.rails} rails for the {width} inputs of the file", file=path)
    return Network(
        name=name, coding=code, layers=tuple(layers), decide_at=decide_at, temperature_k=temperature_k
    ).pruned()


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
