"""Configurations: what is taken, and how each fault is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwdesign.errors import ConfigError, LimitError
from hwdesign.learn.config import MAX_CONFIG_BYTES, load_config

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
        (GOOD.replace("0.01", "-1"), 10, "'optim.lr': Input should be greater than 0"),
        (GOOD.replace("b.v", "a.v"), 2, "the parent 'a' is in the splits 'train' and 'validation'"),
        (GOOD.replace("[b.v]", "[]"), 2, "the split 'validation' has no circuit"),
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
        ("seed=-1", "the override 'seed=-1' is wrong: 'seed': "),
        ("folder=/etc", "unknown key 'folder'"),
    ],
)
def test_bad_overrides(tmp_path: Path, override: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, GOOD), [override])
    assert words in str(caught.value)
    assert caught.value.file is None


def test_an_override_takes_no_blame_for_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown key 'sead'") as caught:
        load_config(write(tmp_path, GOOD + "sead: 1\n"), ["seed=2"])
    assert caught.value.file is not None
    assert caught.value.line == GOOD.count("\n") + 1


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
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_config(path)
