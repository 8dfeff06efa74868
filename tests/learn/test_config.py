"""Configurations: what is taken, and how each fault is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwdesign.errors import ConfigError, LimitError, OverrideError
from hwdesign.learn.config import load_config
from hwdesign.settings import MAX_CONFIG_BYTES, Section, parse_section

GOOD = """\
name: small
data:
  splits:
    train:
      - a.v
      - {generate: ripple_adder, params: {width: 4}, parent: adder}
    validation: [b.v]
  patterns: 128
optim:
  lr: 0.01
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "c.yaml"
    path.write_text(text)
    return path


def test_values_defaults_and_overrides(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, GOOD), ["optim.lr=0.5", "trainer.max_epochs=3", "model.hidden=8"])
    assert (config.optim.lr, config.trainer.max_epochs, config.seed) == (0.5, 3, 0)
    assert config.model == {"hidden": 8}
    assert config.folder == tmp_path
    first, second = config.data.splits["train"]
    assert (first.file, first.family) == (Path("a.v"), "a")
    assert (second.name, second.family) == ("ripple_adder(width=4)", "adder")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (GOOD + "  lrr: 1\n", 11, "unknown key 'optim.lrr'; did you mean 'lr'?"),
        (GOOD + "trainr: {}\n", 11, "unknown key 'trainr'; did you mean 'trainer'?"),
        (GOOD.replace("params:", "parms:"), 6, "unknown key 'data.splits.train.1.parms'; did you mean 'params'?"),
        (GOOD.replace("0.01", "-1"), 10, "'optim.lr' is -1; keep it greater than 0"),
        (GOOD.replace("0.01", ".nan"), 10, "'optim.lr' is nan; keep it finite"),
        (GOOD.replace("0.01", "true"), 10, "'optim.lr' is true; give a number"),
        (GOOD.replace("0.01", "quick"), 10, "'optim.lr' is 'quick'; give a number"),
        (GOOD.replace("0.01", ""), 10, "'optim.lr' is empty; give a number"),
        (GOOD.replace("128", "128.5"), 8, "'data.patterns' is 128.5; give an integer"),
        (GOOD.replace("128", "yes"), 8, "'data.patterns' is true; give an integer"),
        (GOOD.replace("small", "2024-10-05"), 1, "'name' is '2024-10-05'; give a text"),
        (GOOD.replace("[b.v]", "b.v"), 7, "'data.splits.validation' is 'b.v'; give a list"),
        (GOOD.replace("- a.v", "-"), 5, "'data.splits.train.0' is empty; give a mapping of keys to values"),
        (
            GOOD.replace("- a.v", "- ''"),
            5,
            "'data.splits.train.0': a path is a text that is not empty and holds no NUL",
        ),
        (
            GOOD.replace("a.v", '"a\\0.v"'),
            5,
            "'data.splits.train.0': a path is a text that is not empty and holds no NUL",
        ),
        (GOOD.replace("- a.v", "- {}"), 5, "'data.splits.train.0': a circuit needs 'file' or 'generate', and not both"),
        (GOOD.replace("a.v", "{file: a.v, params: {w: 1}}"), 5, "params': it belongs to 'generate'; remove it"),
        (GOOD.replace("parent: adder", "top: t"), 6, "'data.splits.train.1.top': it belongs to 'file'; remove it"),
        (
            GOOD.replace("{width: 4}", "{width: [4]}"),
            6,
            "'data.splits.train.1.params.width': a parameter is a finite number, a text, true or false",
        ),
        (GOOD.replace("{width: 4}", "{4: 4}"), 6, "the key 'data.splits.train.1.params.4' is no text"),
        (
            GOOD.replace("b.v", "a.v"),
            7,
            "'data.splits.validation.0': the parent 'a' is in the splits 'train' and 'validation'; "
            "keep all circuits of one parent in one split",
        ),
        (GOOD.replace("[b.v]", "[]"), 7, "the split 'validation' has no circuit"),
        (GOOD.replace("validation", "valdation"), 7, "unknown key 'data.splits.valdation'; did you mean 'validation'?"),
        (GOOD.replace("validation", "5"), 7, "unknown key 'data.splits.5'; known keys: train, validation, test"),
        (GOOD + "trainer:\n  strategy: ddpp\n", 12, "'trainer.strategy' is 'ddpp'; did you mean 'ddp'?"),
        (
            GOOD + "trainer:\n  strategy: fsdp\n",
            12,
            "'trainer.strategy' is 'fsdp'; choose auto, ddp, ddp_find_unused_parameters_false or "
            "ddp_find_unused_parameters_true",
        ),
        (GOOD + "trainer:\n  devices: [0]\n", 12, "'trainer.devices' is a list; give an integer"),
        (GOOD + "model: 5\n", 11, "'model' is 5; give a mapping of keys to values"),
        (GOOD + "model: {1: 2}\n", 11, "the key 'model.1' is no text"),
        (GOOD + "seed: 0x" + "f" * 8000, 11, "the integer has more than 4096 bits"),
        (GOOD + "seed: " + "9" * 5000, 11, "the value is none that YAML can hold"),
        (GOOD + "seed: 2024-13-45", 11, "the value is none that YAML can hold"),
        (GOOD + "seed: !!timestamp 5", 11, "the value is none that YAML can hold"),
        (GOOD + "seed: !!bool q", 11, "the value is none that YAML can hold"),
        (GOOD + "origin: /\n", 11, "unknown key 'origin'"),
        ("\nname: x\n", 2, "the key 'data' is missing"),
        ("name: x\ndata: {}\n", 2, "the key 'data.splits' is missing"),
        ("", 1, "the key 'data' is missing"),
        ("a: 1\n\0\n", 2, "the configuration is not YAML: special characters are not allowed"),
        (GOOD + "name: again\n", 11, "the key 'name' stands twice"),
        (GOOD + "folder: /\n", 11, "unknown key 'folder'"),
        ("a: &x [1]\nb: *x\n", 2, "takes no YAML aliases"),
        ("a: [1\n", 2, "the configuration is not YAML"),
        ("a: !!python/object/apply:os.system [ls]\n", 1, "the configuration is not YAML"),
        ("- 1\n", 1, "a configuration is a mapping"),
    ],
)
def test_faults_are_named_with_file_and_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert words in str(caught.value)
    assert (caught.value.file, caught.value.line) == (str(path), line)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("optim", "not of the form"),
        ("=1", "not of the form"),
        ("name.x=1", "'name' is a value"),
        ("optim.lr=[", "is not YAML"),
        ("optim.lrr=1", "the override 'optim.lrr=1' is wrong: unknown key 'optim.lrr'; did you mean 'lr'?"),
        ("seed=-1", "the override 'seed=-1' is wrong: 'seed' is -1; keep it at least 0"),
        ("seed=0x" + "f" * 8000, "is wrong: its value is not YAML"),
        ("seed=!!timestamp 5", "the override 'seed=!!timestamp 5' is wrong: its value is not YAML"),
        ("seed=!!bool q", "the override 'seed=!!bool q' is wrong: its value is not YAML"),
        ("data.splits.validation=[]", "is wrong: 'data.splits.validation': the split 'validation' has no circuit"),
        # The file's own validation circuit is at fault only beside the override.
        (
            "data.splits.train=[b.v]",
            "the override 'data.splits.train=[b.v]' is wrong: 'data.splits.validation.0': the p",
        ),
        ("x.y.z=1", "the override 'x.y.z=1' is wrong: unknown key 'x'; known keys: name, seed, model, optim, trainer"),
        ("folder=/etc", "unknown key 'folder'"),
    ],
)
def test_bad_overrides(tmp_path: Path, override: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, GOOD), [override])
    assert words in str(caught.value)
    assert isinstance(caught.value, OverrideError)
    assert caught.value.file is None


def test_an_override_takes_no_blame_for_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown key 'sead'") as caught:
        load_config(write(tmp_path, GOOD + "sead: 1\n"), ["seed=2"])
    assert caught.value.file is not None
    assert caught.value.line == GOOD.count("\n") + 1


def test_the_last_override_that_breaks_a_right_file_is_blamed(tmp_path: Path) -> None:
    overrides = ["seed=5", "data.splits.train=[b.v]", "optim.lr=0.5"]
    with pytest.raises(OverrideError, match=r"^the override 'data\.splits\.train=\[b\.v\]' is wrong: "):
        load_config(write(tmp_path, GOOD), overrides)


def test_a_fault_of_a_wings_section_has_its_line_or_its_override(tmp_path: Path) -> None:
    class Shape(Section):
        hidden: int = 8
        deep: bool = False

    path = write(tmp_path, GOOD + "model:\n  hidden: 3\n  deep: maybe\n")
    for overrides, message in (
        ([], f"{path}:13: 'model.deep' is 'maybe'; give true or false"),
        (["model.deep=1", "model.hiden=1"], "the override 'model.hiden=1' is wrong: unknown key 'model.hiden'; "),
        (["model.deep=1", "model.x.y=1"], "the override 'model.x.y=1' is wrong: unknown key 'model.x'; known keys: "),
        (
            ["model={hidden: no}"],
            "the override 'model={hidden: no}' is wrong: 'model.hidden' is false; give an integer",
        ),
    ):
        config = load_config(path, overrides)
        with pytest.raises(ConfigError) as caught:
            parse_section(Shape, config.model, origin=config.origin, prefix=("model",))
        assert str(caught.value).startswith(message)


@pytest.mark.parametrize("text", ["[" * 200_000, "a: " + "{b: " * 5000 + "1" + "}" * 5000])
def test_nesting_is_bounded(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="nested deeper than 64"):
        load_config(write(tmp_path, text))
    with pytest.raises(ConfigError, match="is not YAML"):
        load_config(write(tmp_path, GOOD), ["name=" + text[:6000]])


def test_size_and_coding_are_bounded(tmp_path: Path) -> None:
    with pytest.raises(LimitError):
        load_config(write(tmp_path, "#" * (MAX_CONFIG_BYTES + 1)))
    path = tmp_path / "c.yaml"
    path.write_bytes(b"name: \xff\n")
    with pytest.raises(ConfigError, match=r"c\.yaml:1: the configuration is not UTF-8 text"):
        load_config(path)
