"""Reading within bounds and writing whole, where the path is no plain file."""

from __future__ import annotations

import gzip
import os
import threading
import tracemalloc
from pathlib import Path

import pytest

from hwdesign.errors import FileError, LimitError
from hwdesign.files import MAX_SPARSE_BYTES, read_input, write_text


def test_an_endless_device_is_bounded() -> None:
    with pytest.raises(LimitError, match="larger than 1000 bytes"):
        read_input("/dev/zero", limit=1000)


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"x" * 3000,))
    writer.start()
    assert read_input(pipe, limit=3000) == b"x" * 3000
    writer.join()


def test_a_pipe_is_no_target(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    link = tmp_path / "link"
    link.symlink_to(pipe)
    for target in (pipe, link):
        with pytest.raises(FileError, match="it is a device or a pipe; name a regular file"):
            write_text(target, "text")
    assert pipe.is_fifo()
    assert sorted(item.name for item in tmp_path.iterdir()) == ["link", "pipe"]


def test_an_open_pipe_is_no_target() -> None:
    reader, writer = os.pipe()
    try:
        with pytest.raises(FileError, match="it is a device or a pipe"):
            write_text(f"/dev/fd/{writer}", "text")
    finally:
        os.close(reader)
        os.close(writer)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    link = tmp_path / "link"
    link.symlink_to("far/file")
    for text in ("new", "newer"):  # the first time it points nowhere
        write_text(link, text)
        assert link.is_symlink()
        assert (tmp_path / "far" / "file").read_text() == text
    assert [item.name for item in (tmp_path / "far").iterdir()] == ["file"]


def test_links_in_a_circle_are_a_file_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(FileError, match="cannot read the file"):
        read_input(tmp_path / "a")


def peak_of_refusal(path: Path, limit: int) -> tuple[str, int]:
    """Words of the refusal, and the most memory held on the way to it."""
    tracemalloc.start()
    try:
        with pytest.raises(LimitError) as caught:
            read_input(path, limit=limit)
        return str(caught.value), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_gzip_bomb_is_refused_before_it_is_held(tmp_path: Path) -> None:
    path = tmp_path / "bomb.v.gz"
    path.write_bytes(gzip.compress(bytes(MAX_SPARSE_BYTES + 1)))
    size = path.stat().st_size
    words, peak = peak_of_refusal(path, 1 << 31)
    assert words == (
        f"{path}: the file's {size} bytes decompress to more than 67108864 bytes, over 200 times as much, as no "
        "netlist does; decompress it yourself and check what it is"
    )
    assert peak < 8 << 20
    words, peak = peak_of_refusal(path, 20 << 20)
    assert words == (
        f"{path}: the file's {size} bytes decompress to more than 20971520 bytes; decompress it yourself and check "
        "what it is"
    )
    assert peak < 8 << 20


def test_what_compresses_well_but_stays_small_is_read(tmp_path: Path) -> None:
    path = tmp_path / "blank.v.gz"
    blank = b" " * (10 << 20)
    path.write_bytes(gzip.compress(blank[: 1 << 20]) + gzip.compress(blank[1 << 20 :]))  # two members
    assert read_input(path) == blank


def test_a_pipe_of_gzip_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.gz"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(gzip.compress(b"x" * 3000),))
    writer.start()
    assert read_input(pipe, limit=3000) == b"x" * 3000
    writer.join()
