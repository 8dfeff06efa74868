"""What a run must have kept for its training to go on."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from hwdesign.errors import DataError
from hwdesign.learn.checkpoint import load_checkpoint
from hwdesign.learn.config import RunConfig

_FREE_FLAGS = ("accelerator", "threads", "max_epochs")  # rounding alone differs, and a run may go on for longer
_ELSEWHERE = "train in another folder"


def check_settings(last: Path, config: RunConfig, data: Collection[str]) -> None:
    """Refuse to resume under settings that would not end where the uninterrupted run would.

    Args:
        last: the run's last checkpoint.
        config: settings to go on with.
        data: keys of the section `data` that decide a run's numbers, beside its samples.

    Raises:
        DataError: there is no checkpoint, a setting differs, or the run has more epochs already.
    """
    if not last.is_file():
        raise DataError("there is no checkpoint to resume from", file=last, mend="train without resuming")
    card = load_checkpoint(last)[1]
    old, new = card.get("config"), json.loads(config.model_dump_json())
    if not isinstance(old, dict):
        raise DataError("the checkpoint's card has no configuration", file=last, mend=_ELSEWHERE)
    settings = [("seed", old.get("seed"), new["seed"])]
    chosen = {"data": data, "optim": new["optim"], "trainer": [key for key in new["trainer"] if key not in _FREE_FLAGS]}
    for section, keys in chosen.items():
        before = old.get(section)
        for key in keys:
            was = before.get(key) if isinstance(before, dict) else None
            settings.append((f"{section}.{key}", was, new[section][key]))
    for name, was, now in settings:
        if was != now:
            raise DataError(
                f"the run to resume was made with {name} = {was}, not {now}",
                file=last,
                mend=f"give the same setting, or {_ELSEWHERE}",
            )
    done = card.get("epoch")
    if isinstance(done, int) and done > config.trainer.max_epochs:
        raise DataError(
            f"the run to resume has {done} epochs already, more than trainer.max_epochs = {config.trainer.max_epochs}",
            file=last,
            mend=f"raise it, or {_ELSEWHERE}",
        )


def check_card(last: Path, card: Mapping[str, Any], data: str) -> None:
    """Refuse to resume with another model or other samples, which `data` names.

    Raises:
        DataError: they differ.
    """
    old = load_checkpoint(last)[1]
    for key, what in (("model", "another model"), ("data", data)):
        if old.get(key) != card[key]:
            raise DataError(f"the run to resume was made with {what}", file=last, mend=_ELSEWHERE)
