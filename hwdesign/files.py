"""Reading untrusted files within bounds and writing files whole or not at all."""

from __future__ import annotations

import codecs
import contextlib
import gzip
import io
import os
import secrets
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from hwdesign.errors import FileError, FormatError, LimitError

# Largest text that a reader will take, after decompression. A 10M-gate structural Verilog file is about 700 MB.
MAX_INPUT_BYTES = 2 << 30
# Generated Verilog, SPICE and BLIF compress 4 to 10 times, Yosys JSON up to 33 times; small files may be mere blanks.
MAX_GZIP_RATIO = 200
MAX_SPARSE_BYTES = 64 << 20
_CHUNK = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_HEAD = 1 << 14
_CONTROL = bytes(code for code in (*range(32), 127) if code not in b"\t\n\v\f\r\x1a\x1b")
_RARE = 50


def os_reason(error: OSError) -> str:
    """The operating system's words for an error, in lower case and without its number."""
    return (error.strerror or type(error).__name__).lower()


def make_folder(path: Path) -> None:
    """Make a folder and those that it lies in, where they are missing.

    Raises:
        FileError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make the folder: {os_reason(error)}", file=path) from error


def read_input(path: str | Path, *, limit: int = MAX_INPUT_BYTES) -> bytes:
    """Read a whole file, decompressing it where its name ends in `.gz`.

    Args:
        path: file to read.
        limit: largest number of bytes accepted, counted after decompression.

    Raises:
        FileError: the file is missing, unreadable, a folder, or not valid gzip.
        LimitError: the content is larger than `limit`, or more than `MAX_GZIP_RATIO` times its compressed form and
            more than `MAX_SPARSE_BYTES` (a gzip bomb). What decompresses is counted before it is held.
    """
    path = Path(path)
    try:
        if path.suffix.lower() == ".gz":
            return _read_gzip(path, limit)
        with path.open("rb") as stream:
            return _read_plain(stream, path, limit)
    except OSError as error:
        raise FileError(f"cannot read the file: {os_reason(error)}", file=path) from error


def read_source(path: str | Path, language: str, *, limit: int = MAX_INPUT_BYTES) -> bytes:
    """Read a whole file of source text, as `read_input` does.

    Args:
        path: file to read.
        language: what the file should hold, for the error.
        limit: as for `read_input`.

    Raises:
        FileError, LimitError: as `read_input` does.
        FormatError: the data are binary, gzip under a name without `.gz`, or UTF-16.
    """
    data = read_input(path, limit=limit)
    head = data[:_HEAD]
    if head.startswith(_GZIP_MAGIC):
        raise FormatError(f"this is gzip data, not {language}", file=path, mend="let the name end in '.gz'")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise FormatError(f"this is UTF-16 text, not {language} in UTF-8", file=path, mend="store it as UTF-8")
    # A text in any 8-bit coding holds hardly any of these; noise holds a tenth.
    odd = len(head) - len(head.translate(None, _CONTROL))
    if b"\0" in head or (odd > 2 and _RARE * odd > len(head)):
        raise FormatError(f"this is a binary file, not {language}", file=path, mend="check what it is")
    return data


def _read_plain(stream: IO[bytes], path: Path, limit: int) -> bytes:
    too_large = LimitError(f"the file is larger than {limit} bytes", file=path, mend="split it or raise the limit")
    about = os.fstat(stream.fileno())
    if stat.S_ISREG(about.st_mode):
        if about.st_size > limit:
            raise too_large
        return stream.read()
    # A device or a pipe tells no size and may have no end.
    parts: list[bytes] = []
    total = 0
    while chunk := stream.read(_CHUNK):
        total += len(chunk)
        if total > limit:
            raise too_large
        parts.append(chunk)
    return b"".join(parts)


def _read_gzip(path: Path, limit: int) -> bytes:
    with path.open("rb") as stream:
        packed: IO[bytes] = stream
        size = os.fstat(stream.fileno()).st_size
        if not stream.seekable():  # a pipe is held, packed as it is, since it can be read only once
            held = _read_plain(stream, path, limit)
            packed, size = io.BytesIO(held), len(held)
        if packed.read(2) != _GZIP_MAGIC:
            raise FileError(
                "this is no gzip file, although its name says so", file=path, mend="leave '.gz' off the name"
            )
        try:
            total = _count(packed, size, path, limit)
            packed.seek(0)
            with gzip.GzipFile(fileobj=packed, mode="rb") as unpacked:
                data = unpacked.read(total)
                if len(data) != total or unpacked.read(1):
                    raise FileError("the file changed while it was read", file=path, mend="read it again")
                return data
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise FileError(f"the gzip data is damaged or cut short ({error})", file=path) from error


def _count(packed: IO[bytes], size: int, path: Path, limit: int) -> int:
    """How many bytes `size` bytes of gzip data decompress to, holding no more than a chunk of them."""
    most = max(MAX_SPARSE_BYTES, MAX_GZIP_RATIO * size)
    packed.seek(0)
    total = 0
    with gzip.GzipFile(fileobj=packed, mode="rb") as unpacked:
        while chunk := unpacked.read(_CHUNK):
            total += len(chunk)
            if total > min(limit, most):
                why = "" if limit < most else f", over {MAX_GZIP_RATIO} times as much, as no netlist does"
                raise LimitError(
                    f"the file's {size} bytes decompress to more than {min(limit, most)} bytes{why}",
                    file=path,
                    mend="decompress it yourself and check what it is",
                )
    return total


@contextlib.contextmanager
def write_atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success rename it over `path`, on any failure remove it.

    A symbolic link stays one: the file that it points to is replaced.

    Raises:
        FileError: the folder cannot be written, the disk is full, or the rename fails; or `path` is a folder, a device
            or a pipe.
    """
    path = Path(path)
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    # The target's own name may already be as long as the file system allows.
    beside = target.parent / f".hwdesign-{secrets.token_hex(8)}.tmp"
    try:
        if path.is_dir():
            raise FileError("cannot write the file: it is a folder", file=path)
        # A rename would put a file in the place of /dev/null, for the whole machine where root does it.
        if path.exists() and not path.is_file():
            raise FileError("cannot write the file: it is a device or a pipe", file=path, mend="name a regular file")
        beside.touch(mode=0o666, exist_ok=False)
        yield beside
        beside.replace(target)
    except OSError as error:
        raise FileError(f"cannot write the file: {os_reason(error)}", file=path) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


@contextlib.contextmanager
def open_atomic(path: str | Path) -> Iterator[IO[bytes]]:
    """Binary stream whose content appears at `path` only when the block ends without an error.

    A `path` that ends in `.gz` is compressed, with no time stamp, so that equal content gives equal files.
    """
    with write_atomic(path) as beside, beside.open("wb") as raw:
        if Path(path).suffix.lower() == ".gz":
            with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
                yield packed  # type: ignore[misc]
        else:
            yield raw
        raw.flush()
        os.fsync(raw.fileno())


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all; bytes that were not UTF-8 when read are written back as they were."""
    with open_atomic(path) as stream:
        stream.write(text.encode("utf-8", "surrogateescape"))
