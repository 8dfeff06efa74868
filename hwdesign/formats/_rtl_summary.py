"""pyverilog's syntax tree → the summary of `rtl.py`."""

from __future__ import annotations

from typing import Any

from hwdesign.formats._rtl_design import (
    Direction,
    RtlAlways,
    RtlAssign,
    RtlInstance,
    RtlModule,
    RtlParameter,
    RtlSignal,
)
from hwdesign.formats._rtl_expression import names_in, targets_of, text_of, value_of

_DIRECTIONS: dict[str, Direction] = {"Input": "input", "Output": "output", "Inout": "inout"}
_KINDS = {
    "Wire": "wire",
    "Reg": "reg",
    "Integer": "integer",
    "Real": "real",
    "Genvar": "genvar",
    "Tri": "tri",
    "Supply": "supply",
}


def summarise(tree: Any) -> tuple[RtlModule, ...]:
    """The modules of a `Source` node."""
    return tuple(_Summary(node).module for node in tree.description.definitions if type(node).__name__ == "ModuleDef")


class _Summary:
    """Walks one module without recursion; generate blocks may nest deeply."""

    def __init__(self, node: Any) -> None:
        self.parameters: dict[str, RtlParameter] = {}
        self.values: dict[str, int] = {}
        self.ports: dict[str, RtlSignal | None] = {}
        self.signals: dict[str, RtlSignal] = {}
        self.assigns: list[RtlAssign] = []
        self.always: list[RtlAlways] = []
        self.instances: list[RtlInstance] = []
        self.functions: list[str] = []
        self.initial = 0
        for declaration in node.paramlist.params if node.paramlist else ():
            self._declaration(declaration)
        for port in node.portlist.ports if node.portlist else ():
            if type(port).__name__ == "Ioport":
                self._variable(port.first)
                if port.second is not None:
                    self._variable(port.second)
            elif port is not None:
                self.ports[str(port.name)] = None  # declared further down
        pending = list(reversed(node.items or ()))
        while pending:
            pending.extend(reversed(self._item(pending.pop())))
        clocked = (target for block in self.always if block.clocked for target in block.targets)
        self.module = RtlModule(
            name=str(node.name),
            line=int(node.lineno),
            parameters=tuple(self.parameters.values()),
            ports=tuple(port for port in self.ports.values() if port is not None),
            signals=tuple(self.signals.values()),
            registers=tuple(dict.fromkeys(clocked)),
            assigns=tuple(self.assigns),
            always=tuple(self.always),
            initial=self.initial,
            instances=tuple(self.instances),
            functions=tuple(self.functions),
        )

    def _item(self, node: Any) -> tuple[Any, ...]:
        """Note one item of a module; returns the nodes inside it that are still to be looked at."""
        match type(node).__name__:
            case "Decl":
                self._declaration(node)
                # A net may be declared with its value: wire y = a & b.
                return tuple(inner for inner in node.list if type(inner).__name__ == "Assign")
            case "Assign":
                self._assign(node)
            case "Always" | "AlwaysFF" | "AlwaysComb" | "AlwaysLatch":
                self._always(node)
            case "Initial":
                self.initial += 1
            case "InstanceList":
                self.instances += [self._instance(one) for one in node.instances]
            case "Function" | "Task":
                self.functions.append(str(node.name))
            case "Pragma" | "NoneType":
                pass
            case _:
                return tuple(node.children())
        return ()

    def _declaration(self, node: Any) -> None:
        for one in node.list if type(node).__name__ == "Decl" else (node,):
            kind = type(one).__name__
            if kind in ("Parameter", "Localparam"):
                value = value_of(one.value, self.values)
                if value is not None:
                    self.values[str(one.name)] = value
                self.parameters[str(one.name)] = RtlParameter(
                    str(one.name), text_of(one.value), value, kind == "Localparam", int(one.lineno)
                )
            elif kind in _DIRECTIONS or kind in _KINDS:
                self._variable(one)

    def _variable(self, node: Any) -> None:
        """A declaration; that of a port may come in two parts, its direction and its kind."""
        name, kind = str(node.name), type(node).__name__
        direction = _DIRECTIONS.get(kind)
        before = self.ports.get(name)
        width = getattr(node, "width", None)
        lengths = getattr(node, "dimensions", None)
        signal = RtlSignal(
            name=name,
            kind=_KINDS.get(kind, "wire") if before is None or kind in _KINDS else before.kind,
            direction=direction or (before.direction if before else None),
            range=f"{text_of(width.msb)}:{text_of(width.lsb)}" if width else before.range if before else "",
            bits=self._bits(kind, width) if width or before is None else before.bits,
            words="".join(f"[{text_of(one.msb)}:{text_of(one.lsb)}]" for one in lengths.lengths) if lengths else "",
            signed=bool(getattr(node, "signed", False)) or bool(before and before.signed),
            line=before.line if before else int(node.lineno),
        )
        if name in self.ports or direction:
            self.ports[name] = signal
        else:
            self.signals[name] = signal

    def _bits(self, kind: str, width: Any) -> int | None:
        if kind == "Integer":
            return 32
        if kind == "Real":
            return 64
        if width is None:
            return 1
        msb, lsb = value_of(width.msb, self.values), value_of(width.lsb, self.values)
        return None if msb is None or lsb is None else abs(msb - lsb) + 1

    def _assign(self, node: Any) -> None:
        right = node.right
        self.assigns.append(
            RtlAssign(tuple(targets_of(node.left)), text_of(right), tuple(names_in(right)), int(node.lineno))
        )

    def _always(self, node: Any) -> None:
        senses = node.sens_list.list if node.sens_list else ()
        words = []
        for sense in senses:
            edge = sense.type if sense.type in ("posedge", "negedge") else ""
            words.append(f"{edge} {text_of(sense.sig)}".strip() if sense.sig is not None else "*")
        if not words and type(node).__name__ == "AlwaysComb":
            words = ["*"]
        targets: dict[str, None] = {}
        pending = [node.statement]
        while pending:
            inner = pending.pop()
            if type(inner).__name__ in ("BlockingSubstitution", "NonblockingSubstitution"):
                targets.update(dict.fromkeys(targets_of(inner.left)))
            elif inner is not None:
                pending.extend(reversed(inner.children()))
        clocked = any(word.startswith(("posedge ", "negedge ")) for word in words)
        self.always.append(RtlAlways(tuple(words), clocked, tuple(targets), int(node.lineno)))

    def _instance(self, node: Any) -> RtlInstance:
        return RtlInstance(
            name=str(node.name),
            module=str(node.module),
            parameters=tuple((str(one.paramname or ""), text_of(one.argname)) for one in node.parameterlist or ()),
            connections=tuple((str(one.portname or ""), text_of(one.argname)) for one in node.portlist or ()),
            line=int(node.lineno),
        )
