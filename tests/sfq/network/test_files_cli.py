"""`generate sfq` and `simulate network` with networks from files."""

import json

import numpy as np
import pytest

from hwdesign.cli import main
from hwdesign.formats import read
from hwdesign.sfq.network import load_network
from tests.sfq.network.nets import xor
from tests.sfq.network.test_nir import _file, _lif, nir


@pytest.fixture
def file(tmp_path):
    hidden = nir.Linear(np.array([[1.0, 0, 0, 1], [0, 1, 1, 0]]))
    return _file(tmp_path / "gate.nir", hidden, _lif(2, 1.3), nir.Linear(np.ones((1, 2))), _lif(1, 0.7), inputs=4)


def test_generate_from_nir(file, tmp_path, capsys):
    out = tmp_path / "gate.cir"
    assert main(["generate", "sfq", str(file), "-o", str(out), "-p", "dual_rail=true", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["network"], data["top"], data["junctions"]) == ("gate", "gate", 72)
    assert "gate" in read(out).modules
    bench = tmp_path / "bench.cir"
    options = ["-p", "dual_rail=true", "-p", "name=two", "--testbench", "--pattern", "0,1"]
    assert main(["generate", "sfq", str(file), "-o", str(bench), *options]) == 0
    assert main(["generate", "sfq", str(file), "-o", str(tmp_path / "gate.v"), "-p", "dual_rail=true"]) == 0
    assert "module gate" in (tmp_path / "gate.v").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-p", "dual_rail=7"], "the override 'dual_rail=7' is wrong: 'dual_rail' is 7; give true or false"),
        (["-p", "x"], "--param takes key=value, not 'x'; write it as --param key=value"),
        (["--stimulus", "a=1", "--testbench"], "a network takes no --stimulus; add --pattern"),
        (
            ["--testbench", "--pattern", "1,2,0,0"],
            "--pattern takes 4 numbers from 0 to 1, not '1,2,0,0'; write 1,1,1,1",
        ),
    ],
)
def test_wrong_options(file, tmp_path, capsys, options, message):
    assert main(["generate", "sfq", str(file), "-o", str(tmp_path / "x.cir"), *options]) == 2
    assert capsys.readouterr().err == f"error: {message}\n"


def test_a_network_json_takes_no_options(tmp_path, capsys):
    stored = tmp_path / "network.json"
    xor().save(stored)
    assert main(["generate", "sfq", str(stored), "-o", str(tmp_path / "x.cir"), "-p", "pulses=2"]) == 2
    assert capsys.readouterr().err == ("error: a network.json takes no --param; train it with other settings\n")


def test_simulate_nir_by_task(file, tmp_path, capsys):
    run = tmp_path / "run"
    options = ["--run", str(run), "--set", "dual_rail=true", "--chips", "4", "--task", "xor", "--json"]
    assert main(["simulate", "network", str(file), *options]) == 0
    out = capsys.readouterr()
    proof = json.loads(out.out)["proof"]
    assert proof["correct"] == 1.0
    assert [row["label"] for row in proof["patterns"]] == [0, 1, 1, 0]
    assert out.err.startswith("circuit level: 0 of 4 chips\n")
    assert load_network(run / "network.json").name == "gate"
    assert main(["report", str(run)]) == 0


def test_simulate_a_network_by_its_own_decisions(tmp_path, capsys):
    stored = tmp_path / "network.json"
    xor().save(stored)
    options = ["--run", str(tmp_path), "--chips", "2", "--spread", "0", "--json"]
    assert main(["simulate", "network", str(stored), *options]) == 0
    rows = json.loads(capsys.readouterr().out)["proof"]["patterns"]
    assert [row["pattern"] for row in rows] == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert [row["label"] for row in rows] == [0, 1, 1, 0]
    assert main(["simulate", "network", str(stored), *options, "--pattern", "0.5,1"]) == 0
    rows = json.loads(capsys.readouterr().out)["proof"]["patterns"]
    assert [row["pattern"] for row in rows] == [[0.5, 1]]


def test_refusals(file, tmp_path, capsys):
    run = tmp_path / "run"
    run.mkdir()
    (run / "settings.json").write_text("{}")

    def said(*options):
        code = main(["simulate", "network", *options])
        return code, capsys.readouterr().err.removeprefix("error: ").rstrip("\n")

    name = str(file)
    assert said() == (2, "a network's file or --config is needed, not both; name one of them")
    assert said(name, "--config", "sims/xor.yaml")[0] == 2
    assert said("--config", "sims/xor.yaml", "--task", "xor") == (
        2, "--task and --pattern go with a network's file; the configuration names its task",
    )  # fmt: skip
    assert said(name, "--resume") == (2, "--resume and --fresh go with --config; leave them out")
    assert said(name, "--run", str(run)) == (1, f"{run}: the folder holds a training; name another folder by --run")
    (run / "file").touch()
    below = run / "file" / "run"
    assert said(name, "--run", str(below), "--pattern", "1,0,0,1") == (
        1, f"{below}: cannot make the folder: not a directory",
    )  # fmt: skip
    assert said(name, "--task", "nand")[1].startswith("no task is named 'nand'; tasks: xor, and, majority")
    assert said(name, "--task", "xor") == (
        2, "the task 'xor' has 2 features and 1 outputs, the network 4 and 1; give --pattern instead",
    )  # fmt: skip
    assert said(name, "--task", "xor", "--pattern", "1,1,1,1") == (
        2, "--task and --pattern exclude each other; leave one of them out",
    )  # fmt: skip
    wide = _file(tmp_path / "wide.nir", nir.Linear(np.ones((1, 5))), _lif(1, 0.7), inputs=5)
    assert said(str(wide)) == (2, "5 features have too many patterns to try all; add --pattern or --task")
    other = _file(tmp_path / "li.nir", nir.Linear(np.ones((1, 2))), nir.LI(*np.ones((3, 1))), inputs=2)
    assert said(str(other)) == (
        1,
        f"{other}: node 'n1' is of the kind LI, which maps onto no cell here; IF or LIF can stand there",
    )
