"""The readers' columns as plain Python values, and a gate-level evaluator for them."""

from __future__ import annotations

from dataclasses import dataclass, field

from hwdesign.kernels.readers import GATE, INVERTED, RawDesign, RawModule

Pins = list[tuple[str | int, int, str]]


@dataclass
class Cell:
    kind: str
    name: str
    line: int
    pins: Pins  # (port name or position, bit, net); nets: '~' inverted, '?' unknown, '0' '1' constants, 'z' open
    params: dict[str, str] = field(default_factory=dict)

    def pin(self, port: str | int) -> list[str]:
        """Nets of one port, least significant bit first."""
        return [net for at, _, net in sorted(self.pins, key=lambda p: p[1]) if at == port]


def net_labels(design: RawDesign, module: RawModule) -> list[str]:
    labels = [design.name(n) or f"${at}" for at, n in enumerate(module.net_name.tolist())]
    labels[:2] = ["0", "1"]
    return labels


def cells(design: RawDesign, index: int = 0) -> list[Cell]:
    module = design.modules[index]
    labels = [*net_labels(design, module), "z"]
    kinds, pins = design.kinds, design.pin_kinds
    result = []
    for c, kind in enumerate(module.cell_kind.tolist()):
        here: Pins = []
        for p in range(int(module.pin_ptr[c]), int(module.pin_ptr[c + 1])):
            k = int(module.pin_kind[p])
            assert pins.cell_kind[k] == kind
            position = int(pins.position[k])
            flags = int(module.pin_flags[p])
            label = "~" * (flags & 1) + labels[int(module.pin_net[p])] + "?" * (flags >> 1)
            here.append((design.name(int(pins.name[k])) if position < 0 else position, int(pins.bit[k]), label))
        name = design.name(int(kinds.name[kind]))
        result.append(Cell(name, design.name(int(module.cell_name[c])), int(module.cell_line[c]), here))
    keys = zip(module.param_cell.tolist(), module.param_key.tolist(), module.param_value.tolist(), strict=True)
    for cell, key, value in keys:
        result[cell].params[design.name(key)] = design.name(value)
    return result


def ports(design: RawDesign, index: int = 0) -> list[tuple[str, str]]:
    module = design.modules[index]
    words = ("in", "out", "inout")
    return [
        (design.name(n), words[d]) for n, d in zip(module.port_name.tolist(), module.port_dir.tolist(), strict=True)
    ]


def module_names(design: RawDesign) -> list[str]:
    return [design.name(m.name) for m in design.modules]


def _gate(kind: str, ins: list[int]) -> int:
    if kind in ("AND", "NAND"):
        value = int(all(ins))
    elif kind in ("OR", "NOR"):
        value = int(any(ins))
    elif kind in ("XOR", "XNOR"):
        value = sum(ins) & 1
    elif kind == "MUX":
        value = ins[2] if ins[0] else ins[1]
    else:
        assert kind in ("BUF", "NOT")
        value = ins[0]
    return value ^ (kind in ("NAND", "NOR", "XNOR", "NOT"))


def evaluate(design: RawDesign, inputs: dict[str, int]) -> dict[str, int]:
    """Values of the named nets of a module made of gates in topological order, given those of its input bits."""
    module = design.modules[0]
    labels = net_labels(design, module)
    value: list[int | None] = [inputs.get(label) for label in labels]
    value[:2] = [0, 1]
    for c, kind in enumerate(module.cell_kind.tolist()):
        assert design.kinds.klass[kind] == GATE
        first, end = int(module.pin_ptr[c]), int(module.pin_ptr[c + 1])
        ins = []
        for p in range(first + 1, end):
            bit = value[int(module.pin_net[p])]
            assert bit is not None, labels[int(module.pin_net[p])]
            ins.append(bit ^ (int(module.pin_flags[p]) & INVERTED))
        value[int(module.pin_net[first])] = _gate(design.name(int(design.kinds.name[kind])), ins)
    return {label: bit for label, bit in zip(labels, value, strict=True) if bit is not None}
