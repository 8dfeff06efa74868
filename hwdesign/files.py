"""Reading untrusted files within bounds and writing files whole or not at all."""

from __future__ import annotations

import contextlib
import gzip
import os
import secrets
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from hwdesign.errors import FileError, LimitError

# Largest text that a reader will take, after decompression. A 10M-gate structural Verilog file is about 700 MB.
MAX_INPUT_BYTES = 2 << 30
_CHUNK = 1 << 20


def os_reason(error: OSError) -> str:
    """The operating system's words for an error, in lower case and without its number."""
    return (error.strerror or type(error).__name__).lower()


def read_input(path: str | Path, *, limit: int = MAX_INPUT_BYTES) -> bytes:
    """Read a whole file, decompressing it where its name ends in `.gz`.

    Args:
        path: file to read.
        limit: largest number of bytes accepted, counted after decompression (a gzip bomb stops there).

    Raises:
        FileError: the file is missing, unreadable, a folder, or not valid gzip.
        LimitError: the content is larger than `limit`.
    """
    path = Path(path)
    try:
        if path.suffix.lower() == ".gz":
            return _read_gzip(path, limit)
        too_large = LimitError(f"the file is larger than {limit} bytes", file=path, mend="split it or raise the limit")
        with path.open("rb") as stream:
            about = os.fstat(stream.fileno())
            if not stat.S_ISREG(about.st_mode):  # a device or a pipe tells no size and may have no end
                return _read_bounded(stream, limit, too_large)
            if about.st_size > limit:
                raise too_large
            return stream.read()
    except OSError as error:
        raise FileError(f"cannot read the file: {os_reason(error)}", file=path) from error


def _read_bounded(stream: IO[bytes], limit: int, too_large: LimitError) -> bytes:
    parts: list[bytes] = []
    total = 0
    while chunk := stream.read(_CHUNK):
        total += len(chunk)
        if total > limit:
            raise too_large
        parts.append(chunk)
    return b"".join(parts)


def _read_gzip(path: Path, limit: int) -> bytes:
    too_large = LimitError(
        f"the file decompresses to more than {limit} bytes",
        file=path,
        mend="decompress it yourself and check what it is",
    )
    try:
        with gzip.open(path, "rb") as stream:
            return _read_bounded(stream, limit, too_large)  # type: ignore[arg-type]
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise FileError(f"the gzip data is damaged or cut short ({error})", file=path) from error


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
