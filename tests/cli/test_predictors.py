"""`hwdesign train`, `predict`, `evaluate`, `report` and `data make` on a run of seconds."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from hwdesign.cli import main
from tests.cli.conftest import Cli

CONFIG = """\
name: tiny
data:
  patterns: 1024
  splits:
    train:
      - {generate: adder-ripple, params: {width: 4}}
      - {generate: parity, params: {width: 4}}
    validation:
      - {generate: comparator, params: {width: 4}}
    test:
      - {generate: decoder, params: {width: 3}}
model: {hidden: 8, rounds: 1}
trainer: {max_epochs: 1}
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with `tiny.yaml`, a finished run `run`, and a circuit outside it."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "tiny.yaml").write_text(CONFIG)
    assert main(["train", "aig", "--config", str(folder / "tiny.yaml"), "--run", str(folder / "run")]) == 0
    assert main(["generate", "circuit", "alu", "-p", "width=2", "-o", str(folder / "alu.v")]) == 0
    return folder


def test_train_again_needs_another_folder_or_resume(cli: Cli, trained: Path) -> None:
    argv = ("train", "aig", "--config", trained / "tiny.yaml", "--run", trained / "run")
    code, out, err = cli(*argv)
    assert (code, out) == (1, "")
    assert err == (
        f"error: {trained / 'run'}: the folder holds a run already; resume it, remove it, or choose another folder\n"
    )
    found = cli(*argv, "--resume", "--json")
    assert found.code == 0
    assert found.json["epochs"] == 1
    assert [item["name"] for item in found.json["circuits"]] == ["comparator(width=4)", "decoder(width=3)"]


def test_predict(cli: Cli, trained: Path) -> None:
    target = trained / "alu.csv"
    code, out, _ = cli("predict", "aig", trained / "run", trained / "alu.v", "-o", target)
    assert code == 0
    for words in ("mean abs. error", "trained model", "constant mean", "COP", "farthest off:", "COP on"):
        assert words in out
    found = cli("predict", "aig", trained / "run", trained / "alu.v", "--json", "--seed", 3).json
    with target.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["name"] for row in rows] == [gate["name"] for gate in found["gates"]]
    assert found["seed"] == 3
    assert all(0 <= float(row["predicted"]) <= 1 for row in rows)


def test_evaluate(cli: Cli, trained: Path) -> None:
    code, out, _ = cli("evaluate", "aig", trained / "run", trained / "alu.v", trained / "alu.v", "--patterns", 512)
    assert code == 0
    assert out.startswith("mean absolute error:\n")
    assert out.count("alu.v") == 2
    circuits = cli("evaluate", "aig", trained / "run", trained / "alu.v", "--json").json["circuits"]
    assert set(circuits[0]["methods"]) >= {"model", "mean", "cop"}


def test_report(cli: Cli, trained: Path) -> None:
    target = trained / "page.html"
    assert cli("report", trained / "run", "-o", target).out == f"report: {target}\n"
    assert target.read_text(encoding="utf-8").lower().startswith("<!doctype html>")
    assert cli("report", trained / "run", "--json").json["report"] == str(trained / "run" / "report.html")


def test_a_folder_without_a_run(cli: Cli, trained: Path) -> None:
    assert cli("predict", "aig", trained, trained / "alu.v").err == (
        f"error: {trained}: the folder holds no trained run; run `hwdesign train aig` first\n"
    )
    assert cli("report", trained).code == 1


def test_data_make(cli: Cli, trained: Path) -> None:
    found = cli("data", "make", "aig", "--config", trained / "tiny.yaml", "--run", trained / "made", "--json").json
    assert [(row["split"], row["parent"]) for row in found["circuits"]] == [
        ("train", "adder-ripple"),
        ("train", "parity"),
        ("validation", "comparator"),
        ("test", "decoder"),
    ]
    assert list(Path(found["cache"]).iterdir())


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        (("trainer:", "trianer:"), [], ":13: unknown key 'trianer'; did you mean 'trainer'?"),
        (
            ("width: 3", "widht: 3"),
            [],
            "bad.yaml:11: circuit 'decoder' has no parameter 'widht'; did you mean 'width'?",
        ),
        (("", ""), ["--set", "optim.lrr=1"], "'optim.lrr=1' is wrong: unknown key 'optim.lrr'; did you mean 'lr'?"),
        (("hidden: 8", "hidden: 1"), [], "bad.yaml:12: 'model.hidden' is 1; keep it at least 4"),
        (
            ("", ""),
            ["--set", "model.hidden=1"],
            "override 'model.hidden=1' is wrong: 'model.hidden' is 1; keep it at le",
        ),
        (
            ("", ""),
            ["--set", "trainer.strategy=foo"],
            "override 'trainer.strategy=foo' is wrong: 'trainer.strategy' is",
        ),
        (
            ("", ""),
            ["--set", "data.splits.test=[no.v]"],
            "wrong: no.v: cannot read the file: no such file or directory",
        ),
        (("name: tiny", "name: ["), [], "bad.yaml:3: the configuration is not YAML: expected ',' or ']', but got ':'"),
    ],
)
def test_a_wrong_configuration(
    cli: Cli, tmp_path: Path, change: tuple[str, str], arguments: list[str], message: str
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(CONFIG.replace(*change) if change[0] else CONFIG)
    code, out, err = cli("train", "aig", "--config", path, "--run", tmp_path / "run", *arguments)
    assert (code, out) == (2 if arguments else 1, "")
    assert err.startswith("error: ")
    assert message in err
    assert err.count("\n") == 1


def test_an_override_at_fault_is_wrong_usage_in_json_too(cli: Cli, trained: Path, tmp_path: Path) -> None:
    for command in (("train", "aig"), ("data", "make", "aig")):
        set_ = ("--set", "data.splits.train=[{generate: party}]", "--json")
        found = cli(*command, "--config", trained / "tiny.yaml", "--run", tmp_path / "run", *set_)
        assert found.code == 2
        assert found.json["error"] == {
            "type": "UsageError",
            "what": "the override 'data.splits.train=[{generate: party}]' is wrong: no circuit generator is named "
            "'party'",
            "file": None,
            "line": 0,
            "mend": "nearest: parity, comparator",
        }


def test_json_is_all_that_standard_output_holds(
    trained: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    assert main(["train", "aig", "--config", str(trained / "tiny.yaml"), "--run", str(tmp_path / "r"), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["name"] == "tiny"
