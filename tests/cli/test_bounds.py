"""Absurd sizes on the command line are wrong usage: refused at once, in one sentence, with exit status 2."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Cli


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("--parts", 9999999999999), "--parts is 9999999999999, but {file} has 5 cells; give 5 at most"),
        (("--parts", 6), "--parts is 6, but {file} has 5 cells; give 5 at most"),
        (("--parts", 0), "invalid value for '--parts'"),
        (("--parts", -1), "invalid value for '--parts'"),
        (("--parts", "nan"), "invalid value for '--parts'"),
        (("--parts", 2, "--imbalance", "nan"), "invalid value for '--imbalance'"),
        (("--parts", 2, "--imbalance", "inf"), "invalid value for '--imbalance'"),
        (("--parts", 2, "--imbalance", "1e300"), "invalid value for '--imbalance'"),
        (("--parts", 2, "--imbalance", -1), "invalid value for '--imbalance'"),
        (("--parts", 2, "--halo", 10**24), "invalid value for '--halo'"),
        (("--parts", 2, "--threads", 10**17), "invalid value for '--threads'"),
        (("--parts", 2, "--seed", 10**20), "invalid value for '--seed'"),
        (("--parts", 2, "--max-size", 0), "no such option: --max-size"),
        (("--parts", 2, "--halo", 1), "--halo stores the parts' surroundings; say where with -o OUT.npz"),
    ],
)
def test_a_partition_of_absurd_size(argv: tuple[object, ...], words: str, cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "a.v"
    cli("generate", "circuit", "adder-ripple", "-p", "width=1", "-o", path)
    found = cli("partition", path, *argv)
    assert (found.code, found.out) == (2, "")
    assert found.err.startswith("error: " + words.format(file=path))
    assert found.err.count("\n") == 1
    assert cli("partition", path, "--parts", 5).code == 0


def test_more_parts_than_nodes_of_an_edge_list(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "edges.npy"
    np.save(path, np.array([[0, 1], [1, 2]]))
    found = cli("partition", path, "--parts", 4)
    assert (found.code, found.err) == (2, f"error: --parts is 4, but {path} has 3 nodes; give 3 at most\n")
    np.save(path, np.zeros((0, 2), np.int64))
    found = cli("partition", path, "--parts", 4)
    assert (found.code, found.err) == (2, f"error: --parts is 4, but {path} has 0 nodes; give 1\n")


def test_a_circuit_of_absurd_size(cli: Cli, tmp_path: Path) -> None:
    target = tmp_path / "s.v"
    found = cli("generate", "circuit", "sorter-odd-even", "-p", "keys=128", "-p", "width=256", "-o", target)
    assert (found.code, found.out) == (2, "")
    assert found.err == (
        "error: 'sorter-odd-even' would have 2994956 cells, more than the 2000000 allowed; lower keys or width\n"
    )
    assert not target.exists()
