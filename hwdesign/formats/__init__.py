"""File formats: one file a format, the reader beside the writer, one registry by suffix."""

from hwdesign.formats.registry import FORMATS, Format, format_of, read, write

__all__ = ["FORMATS", "Format", "format_of", "read", "write"]
