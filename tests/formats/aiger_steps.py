"""A plain evaluator of binary AIGER, written from the format's description, to check what the synthesiser makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class AigerSteps:
    """Steps an AIG cycle by cycle; ports are buses by name, values are integers."""

    data: bytes
    state: list[int] = field(init=False)

    def __post_init__(self) -> None:
        lines = self.data.split(b"\n")
        kind, _, inputs, latches, outputs, ands = (word.decode() for word in lines[0].split())
        assert kind == "aig"
        self.inputs, self.latches, self.outputs, self.ands = int(inputs), int(latches), int(outputs), int(ands)
        first = 1 + self.latches
        self.next = [int(line.split()[0]) for line in lines[1:first]]
        assert all(len(line.split()) == 1 for line in lines[1:first]), "a latch does not start at 0"
        self.out = [int(line) for line in lines[first : first + self.outputs]]
        at = sum(len(line) + 1 for line in lines[: first + self.outputs])
        self.gates: list[tuple[int, int]] = []
        for number in range(self.ands):
            left, at = self._delta(at, 2 * (1 + self.inputs + self.latches + number))
            right, at = self._delta(at, left)
            self.gates.append((left, right))
        self.names: dict[str, list[str]] = {}
        for line in self.data[at:].split(b"\n"):
            if line == b"c":
                break
            if line:
                key, _, name = line.decode().partition(" ")
                self.names[key] = name.split(" ")
        self.state = [0] * self.latches

    def _delta(self, at: int, base: int) -> tuple[int, int]:
        value = shift = 0
        while True:
            byte = self.data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return base - value, at

    def step(self, inputs: Mapping[str, int]) -> dict[str, int]:
        """One clock cycle: the outputs before the edge, then the registers move on."""
        value = [0, 1]

        def add(bit: int) -> None:
            value.extend((bit, 1 - bit))

        for number in range(self.inputs):
            name, bit = bus_bit(self.names[f"i{number}"][0])
            add(inputs.get(name, 0) >> bit & 1)
        for bit in self.state:
            add(bit)
        for left, right in self.gates:
            add(value[left] & value[right])
        result: dict[str, int] = {}
        for number, literal in enumerate(self.out):
            for full in self.names[f"o{number}"]:
                name, bit = bus_bit(full)
                result[name] = result.get(name, 0) | value[literal] << bit
        self.state = [value[literal] for literal in self.next]
        return result


def bus_bit(name: str) -> tuple[str, int]:
    """`q[3]` → (`q`, 3); `q` → (`q`, 0)."""
    if name.endswith("]"):
        bus, _, index = name[:-1].rpartition("[")
        return bus, int(index)
    return name, 0
