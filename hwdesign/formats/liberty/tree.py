"""Liberty text as a tree of groups, with the files that it includes in their places."""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwdesign.errors import FormatError, LimitError
from hwdesign.files import read_source
from hwdesign.formats.registry import located
from hwdesign.kernels.liberty import COMPLEX, GROUP, parse_liberty
from hwdesign.netlist.names import NamePool

MAX_BYTES = 1 << 30
MAX_DEPTH = 8
MAX_FILES = 100

# Groups that say nothing about delays by table look-up. They are most of a library's text.
_OTHER = (
    "leakage_power internal_power power_lut_template test_cell scaled_cell normalized_driver_waveform "
    "ccsn_first_stage ccsn_last_stage input_ccb output_ccb dc_current dynamic_current gate_leakage leakage_current "
    "pg_current_template intrinsic_parasitic propagated_noise_high propagated_noise_low propagation_lut_template "
    "noise_lut_template electromigration em_lut_template poly_template iv_lut_template maxcap_lut_template "
    "mode_definition sensitization driver_waveform char_config input_voltage output_voltage va_values"
).split()
# Groups that refine delays in ways that the engine does not follow; counted in `TimingLibrary.ignored`.
_REFINEMENTS = (
    "output_current_rise output_current_fall output_current_template receiver_capacitance "
    "receiver_capacitance1_rise receiver_capacitance1_fall receiver_capacitance2_rise receiver_capacitance2_fall "
    "compact_ccs_rise compact_ccs_fall compact_lut_template base_curves "
    "ocv_derate ocv_table_template ocv_sigma_cell_rise ocv_sigma_cell_fall ocv_sigma_rise_transition "
    "ocv_sigma_fall_transition ocv_sigma_rise_constraint ocv_sigma_fall_constraint ocv_mean_shift_cell_rise "
    "ocv_mean_shift_cell_fall ocv_mean_shift_rise_transition ocv_mean_shift_fall_transition ocv_std_dev_cell_rise "
    "ocv_std_dev_cell_fall ocv_std_dev_rise_transition ocv_std_dev_fall_transition ocv_skewness_cell_rise "
    "ocv_skewness_cell_fall ocv_skewness_rise_transition ocv_skewness_fall_transition "
    "rise_transition_degradation fall_transition_degradation retaining_rise retaining_fall retain_rise_slew "
    "retain_fall_slew steady_state_current_high steady_state_current_low scaling_factors"
).split()


@dataclass(slots=True, eq=False)
class Attribute:
    """`name : value ;` or `name (values) ;`.

    Attributes:
        name: before the colon or parenthesis.
        file, line: where it stands.
        args: values as text; empty for `values` and `index_1` to `index_4`.
        first, count: their numbers' place in `Tree.numbers`.
    """

    name: str
    file: str
    line: int
    args: tuple[str, ...]
    first: int
    count: int

    def error(self, what: str, mend: str = "") -> FormatError:
        """A FormatError at this attribute's line."""
        return FormatError(what, file=self.file or None, line=self.line, mend=mend)

    def number(self, at: int = 0) -> float:
        """Argument `at` as a finite number.

        Raises:
            FormatError: it is none.
        """
        text = self.args[at] if at < len(self.args) else ""
        try:
            value = float(text.replace("_", "?"))
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.error(f"'{text[:40]}' is no number for '{self.name}'", "write a finite decimal number")
        return value


@dataclass(slots=True, eq=False)
class Group:
    """`name (args) { ... }`.

    Attributes:
        name, args: before the brace.
        file, line: where it begins.
        attributes: those of its statements that are no groups, by name; of equal names the last.
        lists: complex attributes in the file's order, for names that may stand several times.
        groups: in the file's order.
    """

    name: str
    file: str
    line: int
    args: tuple[str, ...]
    attributes: dict[str, Attribute] = field(default_factory=dict)
    lists: list[Attribute] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)

    def error(self, what: str, mend: str = "") -> FormatError:
        """A FormatError at this group's line."""
        return FormatError(what, file=self.file or None, line=self.line, mend=mend)

    def label(self) -> str:
        """The group's one name.

        Raises:
            FormatError: it has none, or several.
        """
        if len(self.args) != 1 or not self.args[0].strip():
            raise self.error(f"'{self.name}' needs one name in its parentheses", "write one")
        return self.args[0]

    def text(self, name: str) -> str | None:
        """Value of a simple attribute, None where it is absent."""
        found = self.attributes.get(name)
        return found.args[0] if found is not None and found.args else None

    def number(self, name: str) -> float | None:
        """Value of a simple attribute as a finite number, None where it is absent."""
        found = self.attributes.get(name)
        return None if found is None else found.number()


@dataclass
class Tree:
    """All statements of a library's files.

    Attributes:
        groups: outermost groups.
        numbers: f64, the numbers of all tables and axes.
        ignored: refinements of the delay model that were read over, with how often.
    """

    groups: list[Group] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    _numbers: list[NDArray[np.float64]] = field(default_factory=list)
    _count: int = 0
    _bytes: int = 0
    _files: int = 0

    @property
    def numbers(self) -> NDArray[np.float64]:
        """All numbers end to end."""
        return np.concatenate(self._numbers) if self._numbers else np.zeros(0)

    def add_number(self, value: float) -> int:
        """Append one number; its place."""
        self._numbers.append(np.array([value]))
        self._count += 1
        return self._count - 1

    def read(self, path: Path) -> None:
        """Add a file and those that it includes, which must lie in its folder.

        Raises:
            FileError, FormatError, LimitError: with file and line.
        """
        data = read_source(path, "Liberty", limit=MAX_BYTES)
        self.add(data, str(path), path.resolve().parent)

    def add(self, data: bytes, file: str, folder: Path | None) -> None:
        """Add a library's text; without a folder it cannot include files."""
        self._fill(Group("", file, 1, ()), data, file, folder, ())

    def _fill(self, group: Group, data: bytes, file: str, folder: Path | None, within: tuple[Path, ...]) -> None:
        self._bytes += len(data)
        with located(file) if file else contextlib.nullcontext():
            raw = parse_liberty(data, skip=[*_OTHER, *_REFINEMENTS])
        for name, count in zip(_REFINEMENTS, raw.skipped[len(_OTHER) :].tolist(), strict=True):
            if count:
                self.ignored[name] += count
        base = self._count
        self._numbers.append(raw.number)
        self._count += len(raw.number)
        texts = NamePool(raw.names_data, raw.names_offsets).decode()
        names = [texts[at] for at in raw.name.tolist()]
        args = [texts[at] for at in raw.arg.tolist()]
        arg_ptr, number_ptr = raw.arg_ptr.tolist(), (raw.number_ptr + base).tolist()
        kinds, last, lines = raw.kind.tolist(), raw.last.tolist(), raw.line.tolist()
        open_: list[tuple[Group, int]] = []
        end = len(names)
        for row, name in enumerate(names):
            while row >= end:
                group, end = open_.pop()
            values = tuple(args[arg_ptr[row] : arg_ptr[row + 1]])
            if kinds[row] == GROUP:
                inner = Group(name, file, lines[row], values)
                group.groups.append(inner)
                if not group.name:
                    self.groups.append(inner)
                open_.append((group, end))
                group, end = inner, last[row]
                continue
            first = number_ptr[row]
            found = Attribute(name, file, lines[row], values, first, number_ptr[row + 1] - first)
            if kinds[row] == COMPLEX:
                if name == "include_file":
                    self._include(group, found, folder, within)
                    continue
                group.lists.append(found)
            group.attributes[name] = found

    def _include(self, group: Group, at: Attribute, folder: Path | None, within: tuple[Path, ...]) -> None:
        name = at.args[0] if len(at.args) == 1 else ""
        if not name:
            raise at.error("'include_file' needs one file name", 'write include_file ("part.lib");')
        if folder is None:
            raise at.error(f"'{name}' cannot be included: the library has no folder", "read it from a file")
        mend = "copy the file beside the library and name it by a relative path"
        path = (folder / name).resolve()
        if Path(name).is_absolute() or name.startswith("~") or not path.is_relative_to(folder):
            raise at.error(f"'{name}' lies outside the library's folder", mend)
        if not path.is_file():
            raise at.error(f"the included file '{name}' does not exist", "it is sought beside the library")
        if path in within:
            raise at.error(f"'{name}' includes itself", "break the circle of inclusions")
        self._files += 1
        if len(within) >= MAX_DEPTH or self._files > MAX_FILES:
            raise LimitError(
                f"inclusions go deeper than {MAX_DEPTH} files, or are more than {MAX_FILES}",
                file=at.file or None,
                line=at.line,
                mend="include fewer files",
            )
        data = read_source(path, "Liberty", limit=max(MAX_BYTES - self._bytes, 0))
        self._fill(group, data, str(path), folder, (*within, path))
