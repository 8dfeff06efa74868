"""Memory of levelised inference on a large graph: part by part from stored parts, and on the whole graph at once.

Graph: `g2` (made by bench/layered_dag.py beside the shared data: one million nodes, 2.58 million edges; --levels N
makes 10,000 · N nodes), or with `--aig ANDS` a random AIG under the AIG encoder. The partition (32 parts, imbalance
3 %, default effort) and the parts' files are made by a process of their own. Model for g2: one forward sweep of
`LevelisedNetwork`, hidden width 64, 8 node columns, one thread.

Each measurement is a process of its own, which first runs the model both ways on a graph of 5,000 nodes (and gives back
what that freed), so that libraries and their work space are loaded:

- `grows MB`: peak resident memory while inference runs, less the resident memory just before. For the whole graph that
  is with the graph loaded; for the parts with nothing loaded, since each part is read as its turn comes. The whole
  graph's result stays in memory, the parts' goes to a memory-mapped `.npy`.
- `total MB`: the same peak with Python, the libraries and (whole) the graph.
- `tensors MB`: peak of the bytes of live tensors that torch operators made, counted in a second run.

Run: python benchmarks/partition_inference.py [--levels 100] [--parts 32] [--hidden 64] [--aig 20000] [--json]
Exit 1 where results differ by more than 1e-5. Linux only (it reads and resets /proc/self).
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import subprocess
import sys
import tempfile
import time
import weakref
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

COLUMNS = 8
TOLERANCE = 1e-5
STATUS = Path("/proc/self/status")


def resident(field: str) -> int:
    """Bytes: `VmRSS`, resident now, or `VmHWM`, the most since `reset_peak`."""
    return int(STATUS.read_text().split(f"{field}:")[1].split()[0]) * 1024


def reset_peak() -> None:
    """Let `VmHWM` begin again at what is resident now."""
    Path("/proc/self/clear_refs").write_text("5")


def live_tensors() -> Any:
    """A context that counts the bytes of live tensors made by operators; `peak` is their maximum."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    class Live(TorchDispatchMode):
        def __init__(self) -> None:
            super().__init__()
            self.sizes: dict[int, int] = {}
            self.now = self.peak = 0

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            out = func(*args, **(kwargs or {}))
            for tensor in out if isinstance(out, (tuple, list)) else [out]:
                if isinstance(tensor, torch.Tensor):
                    self.add(tensor.untyped_storage())
            return out

        def add(self, storage: Any) -> None:
            key = storage._cdata
            if key not in self.sizes:
                self.sizes[key] = storage.nbytes()
                self.now += storage.nbytes()
                self.peak = max(self.peak, self.now)
                weakref.finalize(storage, self.drop, key)

        def drop(self, key: int) -> None:
            self.now -= self.sizes.pop(key)

    return Live()


def network(options: argparse.Namespace) -> Any:
    """The model under test."""
    import torch

    torch.manual_seed(0)
    if options.aig:
        from hwdesign.aig import AigEncoder, EncoderConfig

        made = AigEncoder(EncoderConfig(hidden=options.hidden, recurrent=True))
        for parameter in made.parameters():
            torch.nn.init.normal_(parameter, std=0.1)
        return made.eval()
    from hwdesign.graphs import LevelisedNetwork

    return LevelisedNetwork(COLUMNS, options.hidden).eval()


def make_graph(options: argparse.Namespace, folder: Path) -> Any:
    """The whole graph as `Data`."""
    if options.aig:
        from hwdesign.aig import make_graph as labelled
        from hwdesign.aig import read_aig
        from hwdesign.aig.labels import uniform_inputs
        from hwdesign.circuits import generate
        from hwdesign.graphs import AigArrays

        aig = AigArrays.of(read_aig(generate("aig-random", inputs=256, ands=options.aig, depth=100, seed=0)))
        return labelled(aig, uniform_inputs(aig))
    from hwdesign.graphs import dag_data

    edges = np.load(folder / "edges.npy")
    nodes = int(edges.max()) + 1
    return dag_data(edges.T, x=np.random.default_rng(0).standard_normal((nodes, COLUMNS), np.float32))


def prepare(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Store the whole graph and its parts."""
    from hwdesign.graphs import CutParts, GraphSet, save_graphs, store_parts
    from hwdesign.passes import partition

    data = make_graph(options, folder)
    save_graphs(folder / "whole.safetensors", GraphSet([data]))
    begin = time.process_time()
    if options.aig:
        from hwdesign.aig import encoder_parts

        parts = encoder_parts(data, options.parts)
    else:
        parts = CutParts(data, partition(data.edge_index.numpy(), parts=options.parts, num_nodes=int(data.num_nodes)))
    cut = time.process_time()
    store_parts(parts, folder / "parts")
    bytes_stored = sum(file.stat().st_size for file in (folder / "parts").iterdir())
    return {
        "nodes": int(data.num_nodes),
        "edges": data.edge_index.shape[1],
        "parts": len(parts),
        "partition_s": cut - begin,
        "store_s": time.process_time() - cut,
        "stored_mb": bytes_stored / 1e6,
    }


def infer(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Run `whole` or `parts`; `out/NAME.npy` holds the result."""
    import torch

    from hwdesign.graphs import Sequential, StoredParts, gather, load_graphs

    torch.set_num_threads(1)
    model = network(options)
    result = "p" if options.aig else "h"
    if options.aig:
        from hwdesign.aig import PartEncoder

        part_model: Any = PartEncoder(model)
    else:
        part_model = model
    warm_up(options, part_model, folder)
    counter = live_tensors() if options.tensors else nullcontext()
    data = None
    if options.worker == "whole":
        # Clones, so that the graph is in memory and not only mapped.
        data = load_graphs(folder / "whole.safetensors").graphs[0].apply(lambda tensor: tensor.clone())
    before = resident("VmRSS")
    reset_peak()
    wall, cpu = time.perf_counter(), time.process_time()
    row: dict[str, Any] = {}
    with counter:
        if data is not None:
            with torch.no_grad():
                states = model(data)
        else:
            run = Sequential(part_model, StoredParts(folder / "parts"), scratch=folder)
            gather(run, run.parts.num_nodes, out=folder / "parts_out")
            row["carried_mb"] = run.peak_carried_bytes / 1e6
    row |= {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    if options.tensors:
        return {"tensors_mb": counter.peak / 1e6}
    peak = resident("VmHWM")
    row |= {"grows_mb": (peak - before) / 1e6, "total_mb": peak / 1e6}
    if data is not None:
        (folder / "whole_out").mkdir(exist_ok=True)
        np.save(folder / "whole_out" / f"{result}.npy", states.numpy())
    return row


def warm_up(options: argparse.Namespace, model: Any, folder: Path) -> None:
    """Run a small graph both ways, then give back what it freed."""
    import torch

    from hwdesign.graphs import CutParts, Sequential, dag_data, gather, store_parts
    from hwdesign.passes import partition

    if options.aig:
        from hwdesign.aig import encoder_parts

        small = make_graph(argparse.Namespace(aig=2000), folder)
        parts = encoder_parts(small, 2)
        whole = model.network
    else:
        edges = np.stack([np.repeat(np.arange(2500), 4), np.arange(2500, 12500) % 2500 + 2500])
        small = dag_data(edges, x=np.zeros((5000, COLUMNS), np.float32))
        parts = CutParts(small, partition(edges, parts=2))
        whole = model
    with torch.no_grad():
        whole(small)
    gather(Sequential(model, store_parts(parts, folder / "small"), scratch=folder), parts.num_nodes, out=folder / "out")
    ctypes.CDLL(None).malloc_trim(0)


def difference(folder: Path, name: str) -> float:
    """Largest difference between the two results."""
    whole, parts = (np.load(folder / out / f"{name}.npy", mmap_mode="r") for out in ("whole_out", "parts_out"))
    assert whole.shape == parts.shape
    return max(
        (float(np.abs(whole[at : at + 65536] - parts[at : at + 65536]).max())) for at in range(0, len(whole), 65536)
    )


def work(options: argparse.Namespace, folder: Path, worker: str, *more: str) -> dict[str, Any]:
    """Run one of this script's workers."""
    job = [sys.executable, __file__, "--worker", worker, "--folder", str(folder), "--parts", str(options.parts)]
    job += ["--hidden", str(options.hidden), "--aig", str(options.aig), *more]
    done = subprocess.run(job, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    """Print the table; exit 1 when the results differ."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--levels", type=int, default=100, help="of g2: 100 make a million nodes (default 100)")
    parser.add_argument("--parts", type=int, default=32)
    parser.add_argument("--hidden", type=int, default=64, help="width of a node's state (default 64)")
    parser.add_argument("--aig", type=int, default=0, metavar="ANDS", help="a random AIG under the AIG encoder instead")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", choices=["prepare", "whole", "parts"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--tensors", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps((prepare if options.worker == "prepare" else infer)(options, options.folder)))
        return 0
    shared = Path(os.environ.get("HWDESIGN_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")).parent
    generator = shared / "bench" / "layered_dag.py"
    if not options.aig and not generator.is_file():
        print("no graph found: set HWDESIGN_DATA to the shared data's folder, or give --aig")
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not options.aig:
            edges = folder / "edges.npy"
            subprocess.run([sys.executable, generator, edges, "--levels", str(options.levels)], check=True)
        made = work(options, folder, "prepare")
        rows = {}
        for worker in ("whole", "parts"):
            rows[worker] = work(options, folder, worker) | work(options, folder, worker, "--tensors")
        apart = difference(folder, "p" if options.aig else "h")
    ratio = {key: rows["whole"][key] / rows["parts"][key] for key in ("grows_mb", "tensors_mb", "total_mb")}
    if options.json:
        print(json.dumps({**made, "rows": rows, "ratio": ratio, "difference": apart}))
    else:
        print(
            f"{made['nodes']:,} nodes, {made['edges']:,} edges, {made['parts']} parts: partition "
            f"{made['partition_s']:.1f} s CPU, stored in {made['store_s']:.1f} s CPU, {made['stored_mb']:.0f} MB"
        )
        print(
            f"{'inference':<10}{'grows MB':>9}{'tensors MB':>11}{'total MB':>9}{'carried MB':>11}"
            f"{'CPU s':>7}{'wall s':>7}"
        )
        for worker, row in rows.items():
            carried = f"{row['carried_mb']:.1f}" if "carried_mb" in row else "-"
            print(
                f"{worker:<10}{row['grows_mb']:>9.1f}{row['tensors_mb']:>11.1f}{row['total_mb']:>9.1f}{carried:>11}"
                f"{row['cpu_s']:>7.1f}{row['wall_s']:>7.1f}"
            )
        print(
            f"whole / parts: grows {ratio['grows_mb']:.1f}, tensors {ratio['tensors_mb']:.1f}, "
            f"total {ratio['total_mb']:.1f}; largest difference {apart:.1e}"
        )
    return int(not apart <= TOLERANCE)


if __name__ == "__main__":
    raise SystemExit(main())
