"""pyverilog's parser without its side effects: no files in the working folder, no chatter, no dropped macros."""

from __future__ import annotations

import functools
import re
import threading
import warnings
from typing import Any

from hwdesign.errors import FormatError, LimitError, UnsupportedError
from hwdesign.formats._rtl_text import scan

#: pyverilog's time grows with the square of the items in a module.
MAX_RTL_BYTES = 2 << 20

# pyverilog skips every directive in silence; only these leave the design as it is.
_HARMLESS = frozenset(
    ("timescale", "default_nettype", "resetall", "celldefine", "endcelldefine", "begin_keywords", "end_keywords")
)
_LOCK = threading.Lock()


def parse(data: bytes, file: str) -> Any:
    """pyverilog's `Source` node of RTL text.

    Raises:
        FormatError: the text is not Verilog that pyverilog understands; with file and line.
        UnsupportedError: the text needs a preprocessor.
        LimitError: more than 2 MiB of text, or expressions nested too deeply.
    """
    if len(data) > MAX_RTL_BYTES:
        raise LimitError(
            f"the source is larger than {MAX_RTL_BYTES} bytes",
            file=file,
            mend="read a netlist of this size as structural Verilog",
        )
    source = scan(data, file)
    for directive in source.directives:
        if directive.name not in _HARMLESS:
            raise UnsupportedError(
                f"`{directive.name} needs a preprocessor, which syntax trees and data flow do without",
                file=file,
                line=directive.line,
                mend="write the text out, for example with `iverilog -E`",
            )
    with _LOCK:
        parser = _parser()
        parser.lexer.reset_lineno()
        parser.lexer.directives = []
        parser.lexer.default_nettype = "wire"
        try:
            # The last line may be a directive or a comment, which pyverilog's lexer ends at a newline only.
            tree = parser.parse(source.text + "\n")
        except RecursionError as error:
            raise LimitError("the source is nested too deeply", file=file) from error
        except Exception as error:
            raise _explain(error, source.text, file) from error
    if tree is None:
        raise FormatError("the file holds no module", file=file)
    return tree


def _explain(error: Exception, text: str, file: str) -> FormatError:
    """pyverilog raises ParseError with the place in its words, and plain AttributeError from within its actions."""
    words = str(error)
    if not text.strip():
        return FormatError("the file is empty", file=file)
    match = re.search(r"line:(\d+)(?: column:\d+)?: (.*)", words, re.DOTALL)
    line, words = (int(match[1]), match[2]) if match else (0, words)
    if "at end of input" in words:
        return FormatError("the text ends inside a module", file=file, line=len(text.splitlines()))
    words = words.replace('before: "', 'syntax error before "')
    return FormatError(
        words if type(error).__name__ == "ParseError" else f"syntax error ({words})",
        file=file,
        line=line,
        mend="pyverilog takes Verilog-2005 and a little SystemVerilog",
    )


@functools.lru_cache(maxsize=1)
def _parser() -> Any:
    """Build the parser once a process; its tables take most of a second."""
    with warnings.catch_warnings():
        # Old regular expressions in pyverilog warn where its modules are compiled on import.
        warnings.simplefilter("ignore")
        from ply.yacc import NullLogger, yacc  # type: ignore[import-untyped]
        from pyverilog.vparser.lexer import VerilogLexer
        from pyverilog.vparser.parser import VerilogParser

        class Parser(VerilogParser):  # type: ignore[misc]
            def __init__(self) -> None:
                # In place of the constructor, which writes tables and a log to the working folder.
                self.lexer = VerilogLexer(error_func=self._lexer_error_func)
                self.lexer.build()
                self.tokens = self.lexer.tokens
                self.parser = yacc(module=self, method="LALR", write_tables=False, debug=False, errorlog=NullLogger())

        return Parser()
