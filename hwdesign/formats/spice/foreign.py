"""What JoSIM means by an element's parameters, in the words of ngspice and WRspice."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from hwdesign.errors import FormatError, UnsupportedError
from hwdesign.formats.spice.controls import Controls, foreign_waveform, trnoise
from hwdesign.formats.spice.josephson import check_wrspice_area, ngspice_subckt, wrspice_card
from hwdesign.formats.spice.names import SIMULATORS, DeckNames, Flavour, ModuleNames, legal, unique
from hwdesign.formats.spice.texts import fold
from hwdesign.netlist.analyses import noise_bandwidth, temperature
from hwdesign.netlist.expressions import CONSTANTS
from hwdesign.netlist.junctions import junction, junction_card
from hwdesign.netlist.module import Module
from hwdesign.netlist.netlist import Model, Netlist
from hwdesign.netlist.quantity import format_number
from hwdesign.netlist.waveforms import parse_waveform

Params = dict[str, float | str]


class Foreign:
    """Writes junctions, noise and sources for a simulator other than JoSIM.

    Args:
        netlist: the netlist, elaborated.
        flavour: the simulator.
        names: as they are written.
        controls: the deck's control lines.
        taken: names of subcircuits, in lower case; those of the junctions' are added.
    """

    def __init__(
        self, netlist: Netlist, flavour: Flavour, names: DeckNames, controls: Controls, taken: set[str]
    ) -> None:
        self.netlist = netlist
        self.flavour = flavour
        self.names = names
        self.controls = controls
        self.temp, self.neb = temperature(netlist), noise_bandwidth(netlist)
        cards = [model for model in netlist.models.values() if model.kind == "jj"]
        self.cards = {model.key: unique(legal(model.name), taken) for model in cards}

    def options(self) -> Iterator[str]:
        """What the simulator has to be told of tolerances and methods."""
        if self.flavour == "ngspice" and self.controls.transient is not None:
            # A charge of a junction is far below the usual tolerances; in larger cells the trapezoidal rule stops.
            yield ".options method=gear reltol=1e-5 abstol=1e-12 vntol=1e-9 chgtol=1e-20 numdgt=9"

    def card(self, model: Model) -> Iterator[str]:
        """The lines of a junction's card.

        Raises:
            NetlistError: the card is wrong.
            UnsupportedError: WRspice has no such junction.
        """
        card, name = junction_card(model, file=self.netlist.file), self.cards[model.key]
        if self.flavour == "wrspice":
            values = wrspice_card(card, file=self.netlist.file)
            body = [f"{key}={format_number(value)}" for key, value in values.items()]
            yield fold([".model", name, f"jj({body[0]}", *body[1:]]) + ")"
        else:
            lines = ngspice_subckt(name, card, sense=self.controls.needs_current())
            yield from (line if line[0] == "+" else fold([line]) for line in lines)

    def junction(self, module: Module, cell: int, name: str, nodes: list[str]) -> Iterator[str]:
        """The lines of a junction: itself, a shunt that WRspice's lacks, and its noise.

        Raises:
            NetlistError: its card is missing or wrong, or its area is not positive.
            UnsupportedError: the simulator has nothing like it.
        """
        one = junction(self.netlist, module, cell, temp=self.temp, neb=self.neb)
        model = self.netlist.model(str(module.param(cell, "model")), module.name)
        assert model is not None
        card, phase, book = self.cards[model.key], self.names.phase(module, cell), self.names.book(module)
        area = f"area={format_number(one.area)}"
        label = module.cell_label(cell)
        if self.flavour == "wrspice":
            check_wrspice_area(label, one.area)
            yield fold([name, *nodes[:2], phase, card, area])
            if one.card.rtype == 0 and isfinite(one.r0):
                yield fold([book.fresh_cell(f"R{name}_shunt"), *nodes[:2], format_number(one.r0)])
        else:
            yield fold([name, *nodes[:2], phase, card, area])
        yield from self._noise(book, name, nodes, one.r0, one.temp, one.neb)
        if one.spread:
            raise self._spread(label)

    def element(
        self, module: Module, cell: int, name: str, nodes: list[str], params: Params
    ) -> tuple[Params, list[str]]:
        """Parameters of an element as the simulator means them, and lines that stand for those that it lacks.

        Raises:
            UnsupportedError: it has nothing like them.
        """
        kind, found = module.type_of(cell).name, dict(params)
        extra: list[str] = []
        if found.pop("spread", 0.0):
            raise self._spread(name)
        if kind == "R":
            temp, neb = found.pop("temp", self.temp), found.pop("neb", self.neb)
            if isinstance(found.get("value"), float):
                extra = list(self._noise(self.names.book(module), name, nodes, found["value"], temp, neb))
        if kind in ("V", "I") and isinstance(found.get("tran"), str):
            samples = str(found.pop("samples", ""))
            try:
                wave = parse_waveform(str(found["tran"]), samples)
                found["tran"] = foreign_waveform(wave, self.controls.transient, self.flavour)
            except (UnsupportedError, FormatError) as error:
                raise UnsupportedError(
                    f"element '{name}': {error.what}",
                    file=module.file or None, line=int(module.cell_line[cell]), mend=error.mend,
                ) from error  # fmt: skip
        return found, extra

    def _noise(
        self, book: ModuleNames, name: str, nodes: list[str], resistance: object, temp: object, neb: object
    ) -> Iterator[str]:
        """A source of thermal noise across a resistance, as JoSIM puts one there."""
        if not temp:
            return
        if self.flavour != "ngspice":
            raise self._unsupported(f"'{name}' has thermal noise, which WRspice's decks do not hold", "take temp= away")
        if not isinstance(neb, float) or not isinstance(temp, float) or not isinstance(resistance, float):
            raise self._unsupported(f"the noise of '{name}' has no bandwidth", "add a line .neb with a frequency")
        if not (resistance > 0 and temp > 0 and neb > 0):
            raise self._unsupported(f"the noise of '{name}' has no positive resistance, temperature and bandwidth", "")
        density = (4 * CONSTANTS["boltzmann"] * temp / resistance) ** 0.5
        yield fold([book.fresh_cell(f"I{name}_noise"), *nodes[:2], "dc", "0", trnoise(density, 1.0 / neb)])

    def _spread(self, name: str) -> UnsupportedError:
        return self._unsupported(
            f"'{name}' has a spread, which {SIMULATORS[self.flavour]} does not know",
            "take it away for the nominal circuit",
        )

    def _unsupported(self, what: str, mend: str) -> UnsupportedError:
        return UnsupportedError(what, file=self.netlist.file or None, mend=mend)
