"""The values of a model card."""

from __future__ import annotations

from hwdesign.formats.spice.deck import Card
from hwdesign.formats.spice.values import Values
from hwdesign.netlist.parameters import split_arguments
from hwdesign.netlist.quantity import format_number


def card_values(card: Card, values: Values) -> dict[str, float | str]:
    """What a card says: numbers, expressions that wait for an instance, or words, by lower-case name.

    Args:
        card: the card.
        values: the parameters of the scope that defines it.

    Raises:
        FormatError: a value given twice, an unknown parameter, or no finite value.
    """
    found: dict[str, float | str] = {}
    junction = values.josim and card.kind == "jj"
    for key, text in card.params:
        low = key.lower()
        if low in found:
            raise card.line.error(f"model '{card.name}' has two values for '{low}'", "remove one of them")
        if low == "cpr" and junction:
            found[low] = _harmonics(text, card, values)
        elif text and not _is_version(text) and (junction or values.is_value(text) or text[0] == '"'):
            found[low] = values.read(text, card.line)
        else:
            found[low] = text  # a flag (`nchan`), a word or a version
    return found


def _harmonics(text: str, card: Card, values: Values) -> float | str:
    """`cpr=1` or `cpr={1, 0.2}`: one number, or several apart by commas."""
    body = text[1:-1] if text.startswith("{") and text.endswith("}") else text
    read = [values.read(part, card.line) if part else "" for part in split_arguments(body)]
    if "" in read:
        raise card.line.error(f"model '{card.name}' has an empty value in cpr", "write cpr={1,0.2}")
    return read[0] if len(read) == 1 else ",".join(v if isinstance(v, str) else format_number(v) for v in read)


def _is_version(text: str) -> bool:
    """Whether a text is like `4.8.1`: digits and more than one point."""
    return text.count(".") > 1 and text.replace(".", "").isdigit()
