"""A specification for a deck that has none: what it prints is checked, what is under test varies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hwdesign.errors import ConfigError
from hwdesign.settings import parse_section
from hwdesign.sfq.analysis.spec import Spec
from hwdesign.spice import compile_deck
from hwdesign.spice.places import Places

DUT = "XDUT"
_KINDS = "LRBIT"


def default_spec(deck: str | Path, *, vary: Sequence[str] = (), checks: Sequence[str] = ()) -> Spec:
    """A specification made of a deck.

    Args:
        deck: path.
        vary: globs over elements; by default all inductors, resistors, junctions, current sources and lines of the
            instance `XDUT`, or where there is none all inductors, resistors and junctions.
        checks: junctions that must have the deck's own pulses within 10 ps; by default those whose phase it prints.

    Raises:
        ConfigError: the deck prints no junction's phase, or a name finds nothing.
        As `hwdesign.spice.compile_deck`.
    """
    circuit = compile_deck(deck)
    if not vary:
        inside = any(name.endswith(f"|{DUT}") for name in circuit.index)
        kinds = [kind for kind in _KINDS if inside or kind not in "IT"]
        tail = f"|{DUT}" if inside else ""
        globs = [f"{kind}*{tail}" for kind in kinds]
        present = {element.name[0] for element in circuit.elements if element.name.endswith(tail)}
        vary = [glob for glob in globs if glob[0] in present]
    if not checks:
        places = Places(circuit)
        found = [places.place(output).device for output in circuit.outputs]
        names = [circuit.elements[at].name for at in found if at is not None and circuit.elements[at].kind == "B"]
        checks = list(dict.fromkeys(names))
    if not checks:
        raise ConfigError(
            "the deck prints no junction, so that nothing says when it works", file=deck,
            mend="name junctions with --check, or write a specification",
        )  # fmt: skip
    content = {
        "deck": str(Path(deck).absolute()),
        "vary": [{"name": glob, "match": [glob]} for glob in vary],
        "checks": [{"junction": name, "reference": "nominal"} for name in checks],
    }
    return parse_section(Spec, content)
