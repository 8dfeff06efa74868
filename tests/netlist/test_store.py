"""`.hwn` files: round trips, versions, damage."""

from __future__ import annotations

import dataclasses
import json
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hwdesign.errors import DataError, FileError
from hwdesign.netlist import Builder, Direction, Directive, Finding, Model, Module, Netlist
from hwdesign.netlist.check import check
from hwdesign.netlist.devices import device
from hwdesign.netlist.store import load, store
from tests.strategies import hierarchical_netlists

_SETTINGS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def rich_netlist() -> Netlist:
    """A netlist that uses every field that a file must hold."""
    b = Builder("top", file="deck.sp")
    m = b.top
    p, n = m.port("p", Direction.INOUT), m.net("0")
    m.cell(device("R"), (p, n), name="R1", params={"value": "2*r", "tc1": 1e-3, "@src": "a b"}, line=3)
    m.cell(device("B"), (p, n), name="B1", params={"model": "jjx", "off": ""}, line=4)
    m.parameters["r"] = 50.0
    m.parameters["s"] = "r*2"
    b.models["jjx"] = Model("JJX", "jj", {"icrit": 1e-4, "rn": "r"}, 5)
    b.models["top/own"] = Model("own", "jj", {}, 6, "top")
    b.global_nets.append("0")
    b.findings.append(Finding("unused-net", "note", "a net", "top", ("x",), "deck.sp", 2))
    b.directives.append(Directive("tran", "1p 1n", 7, "top"))
    other = b.module("ünïcode mödule", line=9)
    other.output("y", other.gate("NOT", other.input("x")), inverted=True)
    other.outputs("q", other.bus("d", Direction.IN, 1, 4))
    return b.freeze()


def assert_same(left: Netlist, right: Netlist) -> None:
    """Every column and field is equal."""
    assert left.digest() == right.digest()
    for field in dataclasses.fields(Netlist):
        if field.name not in ("modules", "library", "names"):
            assert getattr(left, field.name) == getattr(right, field.name), field.name
    assert left.library.types == right.library.types
    assert left.names.decode() == right.names.decode()
    assert list(left.modules) == list(right.modules)
    for ours, theirs in zip(left.modules.values(), right.modules.values(), strict=True):
        assert_same_module(ours, theirs)


def assert_same_module(left: Module, right: Module) -> None:
    for field in dataclasses.fields(Module):
        ours, theirs = getattr(left, field.name), getattr(right, field.name)
        if isinstance(ours, np.ndarray):
            assert ours.dtype == theirs.dtype
            np.testing.assert_array_equal(ours, theirs, err_msg=field.name)
        elif field.name == "params":
            assert list(ours) == list(theirs)
            for key in ours:
                for column in ("cell", "number", "text"):
                    np.testing.assert_array_equal(getattr(ours[key], column), getattr(theirs[key], column))
        elif field.name not in ("names", "library"):
            assert ours == theirs, field.name


def test_every_field_survives(tmp_path: Path) -> None:
    netlist = rich_netlist()
    store(netlist, tmp_path / "x.hwn")
    assert_same(netlist, load(tmp_path / "x.hwn"))


@_SETTINGS
@given(hierarchical_netlists())
def test_round_trip(tmp_path: Path, netlist: Netlist) -> None:
    store(netlist, tmp_path / "x.hwn")
    assert_same(netlist, load(tmp_path / "x.hwn"))


def _with_meta(path: Path, change: dict[str, str]) -> None:
    """Rewrite metadata in a safetensors header."""
    raw = path.read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8 : 8 + size])
    header["__metadata__"].update(change)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + raw[8 + size :])


def test_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.hwn"
    store(rich_netlist(), path)
    _with_meta(path, {"version": "2"})
    with pytest.raises(DataError) as error:
        load(path)
    assert str(error.value) == (
        f"{path}: the file has version 2 of the .hwn format, this hwdesign reads up to 1; "
        "update hwdesign, or write the file with the older version"
    )


def test_foreign_safetensors_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.hwn"
    store(rich_netlist(), path)
    _with_meta(path, {"format": "weights"})
    with pytest.raises(DataError, match="this safetensors file holds no netlist"):
        load(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileError) as error:
        load(tmp_path / "none.hwn")
    assert error.value.file == str(tmp_path / "none.hwn")


def test_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(FileError):
        load(tmp_path)


def test_unwritable_target_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileError):
        store(rich_netlist(), tmp_path / "no" / "such" / "x.hwn")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"\0" * 8, b"not a netlist", b"\xff" * 64])
def test_other_content(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.hwn"
    path.write_bytes(content)
    with pytest.raises(DataError):
        load(path)


def test_truncation_at_every_length(tmp_path: Path) -> None:
    path = tmp_path / "x.hwn"
    store(rich_netlist(), path)
    whole = path.read_bytes()
    for length in range(0, len(whole), 101):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError):
            load(path)


def _use(netlist: Netlist) -> None:
    """Touch all that a loaded netlist promises to hold."""
    check(netlist)
    netlist.digest()
    for module in netlist.modules.values():
        module.net_labels()
        labels = module.port_labels()
        for at, bus in enumerate(module.buses):
            bits = [label for label, own in zip(labels, module.port_bus, strict=True) if own == at]
            assert len(bits) == len(bus.indices())
        for cell in range(module.num_cells):
            module.pins_of(cell)
            module.params_of(cell)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("hwn") / "x.hwn"
    store(rich_netlist(), path)
    return path.read_bytes()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_refused_or_harmless(tmp_path: Path, stored: bytes, data: st.DataObject) -> None:
    raw = bytearray(stored)
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "x.hwn"
    path.write_bytes(bytes(raw))
    try:
        netlist = load(path)
    except DataError:
        return
    _use(netlist)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_in_the_columns(tmp_path: Path, stored: bytes, data: st.DataObject) -> None:
    """Damage behind the header, where every byte is a number that something indexes with."""
    begin = 8 + struct.unpack("<Q", stored[:8])[0]
    raw = bytearray(stored)
    at = data.draw(st.integers(begin, len(raw) - 1))
    raw[at] = data.draw(st.sampled_from([0, 1, 2, 127, 128, 255, raw[at] ^ 1]))
    path = tmp_path / "x.hwn"
    path.write_bytes(bytes(raw))
    try:
        netlist = load(path)
    except DataError:
        return
    _use(netlist)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_in_the_structure(tmp_path: Path, stored: bytes, data: st.DataObject) -> None:
    """One value of the JSON structure replaced by one of another type."""
    size = struct.unpack("<Q", stored[:8])[0]
    header = json.loads(stored[8 : 8 + size])
    body = json.loads(header["__metadata__"]["netlist"])
    place = body
    while True:
        keys = sorted(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(list(keys)))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(st.sampled_from([None, -1, 2**70, 1e400, "x", [], {}, [[]], True, {"a": []}]))
    path = tmp_path / "x.hwn"
    path.write_bytes(stored)
    _with_meta(path, {"netlist": json.dumps(body)})
    try:
        netlist = load(path)
    except DataError:
        return
    _use(netlist)
