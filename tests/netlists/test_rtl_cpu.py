"""The accumulator machine against an interpreter in Python."""

import random
from dataclasses import dataclass, field

from tests.netlists.rtl_bench import check

NOP, LDI, LD, ST, ADD, ADC, SUB, AND, OR, XOR, SHR, JMP, JZ, JC, IO, HALT = range(16)


@dataclass
class Machine:
    memory: list[int] = field(default_factory=lambda: [0] * 16)
    acc: int = 0
    carry: int = 0
    pc: int = 0
    out_data: int = 0
    out_valid: int = 0
    halted: int = 0

    def step(self, word: int, in_data: int) -> None:
        opcode, x = word >> 8, word & 255
        m = self.memory[x & 15]
        self.out_valid = 0
        if self.halted:
            return
        jump = opcode == JMP or (opcode == JZ and self.acc == 0) or (opcode == JC and self.carry)
        match opcode:
            case 1:
                self.acc = x
            case 2:
                self.acc = m
            case 3:
                self.memory[x & 15] = self.acc
            case 4 | 5:
                total = self.acc + m + (self.carry if opcode == ADC else 0)
                self.acc, self.carry = total & 255, total >> 8
            case 6:
                self.carry = int(self.acc < m)
                self.acc = (self.acc - m) & 255
            case 7:
                self.acc &= m
            case 8:
                self.acc |= m
            case 9:
                self.acc ^= m
            case 10:
                self.acc, self.carry = self.acc >> 1, self.acc & 1
            case 14:
                if x & 1:
                    self.out_data, self.out_valid = self.acc, 1
                else:
                    self.acc = in_data
            case 15:
                self.halted = 1
                return
        self.pc = x if jump else (self.pc + 1) & 255


def run(tmp_path, instruction, cycles, aig_steps=120):
    """Feed instructions to model and design; returns the model's outputs.

    `instruction` gives the word for the model's pc; the design's pc is compared with the model's in every cycle.
    """
    rng = random.Random(9)
    machine, outputs = Machine(), []
    steps, expected = [{"rst": 1}], [{}]
    for _ in range(cycles):
        word, in_data = instruction(machine.pc), rng.getrandbits(8)
        steps.append({"instruction": word, "in_data": in_data})
        expected.append({name: getattr(machine, name) for name in ("pc", "out_data", "out_valid", "halted")})
        machine.step(word, in_data)
        if machine.out_valid:
            outputs.append(machine.out_data)
    check(
        tmp_path,
        "cpu8",
        steps,
        expected,
        inputs={"rst": 1, "instruction": 12, "in_data": 8},
        outputs={"pc": 8, "out_data": 8, "out_valid": 1, "halted": 1},
        aig_steps=aig_steps,
    )
    return outputs, machine


def test_fibonacci(tmp_path):
    words = [(LDI, 0), (ST, 0), (LDI, 1), (ST, 1)]
    loop = len(words)
    words += [(LD, 0), (IO, 1), (ADD, 1), (ST, 2), (LD, 1), (ST, 0), (LD, 2), (ST, 1), (JC, 14), (JMP, loop)]
    words += [(HALT, 0)]
    outputs, machine = run(tmp_path, lambda pc: words[pc][0] << 8 | words[pc][1], 160)
    assert outputs == [0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144]
    assert machine.halted


def test_random_instructions(tmp_path):
    """The program stands outside, so any word may come at any pc."""
    rng = random.Random(11)
    # Every cell of memory is written before the rest, since it starts unknown.
    words = [word for cell in range(16) for word in (LDI << 8 | rng.getrandbits(8), ST << 8 | cell)]
    words += [rng.randrange(15) << 8 | rng.getrandbits(8) for _ in range(4000)] + [HALT << 8, LDI << 8 | 1, IO << 8 | 1]
    stream = iter(words)
    outputs, machine = run(tmp_path, lambda pc: next(stream), len(words), aig_steps=300)
    assert len(outputs) > 100
    assert machine.halted
