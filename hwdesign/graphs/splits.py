"""Named splits by circuit and parent, never by node."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hwdesign.errors import DataError

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Member:
    """A circuit of a data set.

    Attributes:
        name: of the circuit, slice or variant.
        parent: design from which it derives.
        digest: of its structure; equal structures must not be in two splits whatever their names.
    """

    name: str
    parent: str
    digest: str = ""


class Leak(NamedTuple):
    """A circuit of one split that another split knows already.

    Attributes:
        split, place: which member it is.
        what, mend: the fault, as in `HwdesignError`.
    """

    split: str
    place: int
    what: str
    mend: str


def find_leak(splits: Mapping[str, Sequence[Member]]) -> Leak | None:
    """The first member whose parent, or whose structure under any name, is in an earlier split."""
    parents: dict[str, tuple[str, str]] = {}
    digests: dict[str, tuple[str, str]] = {}
    for split, members in splits.items():
        for place, member in enumerate(members):
            known = parents.setdefault(member.parent, (split, member.name))
            if known[0] != split:
                what = (
                    f"the parent '{member.parent}' is in '{known[0]}' (as '{known[1]}') and in '{split}' "
                    f"(as '{member.name}')"
                )
                return Leak(split, place, what, "keep all circuits of one parent in one split")
            if not member.digest:
                continue
            known = digests.setdefault(member.digest, (split, member.name))
            if known[0] != split:
                what = f"'{known[1]}' in '{known[0]}' and '{member.name}' in '{split}' are the same circuit"
                return Leak(split, place, what, "remove one of them")
    return None


def check_splits(splits: Mapping[str, Sequence[Member]]) -> None:
    """Refuse a leak between splits.

    Raises:
        DataError: a parent, or one structure under two names, is in more than one split.
    """
    leak = find_leak(splits)
    if leak is not None:
        raise DataError(leak.what, mend=leak.mend)


def split_by_parent(
    members: Iterable[Member], *, validation: float = 0.2, test: float = 0.2, seed: int = 0
) -> dict[str, list[Member]]:
    """Random split in which all members of one parent stay together.

    Args:
        members: circuits.
        validation, test: shares of the parents, rounded; the rest is `train`.
        seed: of the shuffle.

    Raises:
        DataError: too few parents to give each split with a positive share one.
    """
    groups: dict[str, list[Member]] = {}
    for member in members:
        groups.setdefault(member.parent, []).append(member)
    order = sorted(groups)
    random.Random(seed).shuffle(order)  # noqa: S311 - a reproducible shuffle, no secret
    counts = {
        "validation": max(1, round(validation * len(order))) if validation > 0 else 0,
        "test": max(1, round(test * len(order))) if test > 0 else 0,
    }
    if sum(counts.values()) >= len(order):
        raise DataError(f"{len(order)} parents are too few to split", mend="add circuits or lower the shares")
    result: dict[str, list[Member]] = {}
    at = 0
    for split in ("validation", "test"):
        chosen = order[at : at + counts[split]]
        at += counts[split]
        result[split] = [member for parent in chosen for member in groups[parent]]
    result = {"train": [member for parent in order[at:] for member in groups[parent]], **result}
    check_splits(result)
    return result
