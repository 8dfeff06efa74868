"""Boolean functions as small AND templates: literals over a cell's inputs, made once for each cell type."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hwdesign.netlist.boolean import Postfix

# A node of an expression: ('&' or '^', operands, complemented) or a literal.
_Node = tuple[str, list["_Operand"]]
_Operand = tuple["_Node | int", bool]


@dataclass(frozen=True, slots=True)
class Template:
    """AND nodes over the inputs of a cell.

    A literal is 2·variable + inverted; variable 0 is constant false, 1..I the inputs, I+1.. the AND nodes in
    topological order.

    Attributes:
        inputs: names of the inputs that the functions use.
        ands: pair of literals of each AND node.
        roots: literal of each function.
    """

    inputs: tuple[str, ...]
    ands: tuple[tuple[int, int], ...]
    roots: tuple[int, ...]


def make_template(inputs: Sequence[str], functions: Iterable[Postfix]) -> Template:
    """Template of functions over `inputs`.

    Constants are folded and equal nodes shared; an XOR takes three ANDs, so does a multiplexer; chains of one operator
    become balanced trees.
    """
    maker = _Maker(inputs)
    roots = tuple(maker.root(program) for program in functions)
    return Template(tuple(inputs), tuple(maker.ands), roots)


class _Maker:
    def __init__(self, inputs: Sequence[str]) -> None:
        self.variable = {name: 2 * (at + 1) for at, name in enumerate(inputs)}
        self.first = len(inputs) + 1
        self.ands: list[tuple[int, int]] = []
        self.known: dict[tuple[int, int], int] = {}
        self.depth: list[int] = [0] * self.first

    def root(self, program: Postfix) -> int:
        """Literal of a postfix program."""
        return self.emit(_expression(program, self.variable))

    def emit(self, top: _Operand) -> int:
        """Literal of an expression; an explicit stack, since chains may be long."""
        values: list[int] = []
        todo: list[tuple[_Operand, bool]] = [(top, False)]
        while todo:
            (node, inverted), ready = todo.pop()
            if isinstance(node, int):
                values.append(node ^ inverted)
            elif not ready:
                todo.append(((node, inverted), True))
                todo.extend((operand, False) for operand in node[1])
            else:
                count = len(node[1])
                operands = values[len(values) - count :][::-1]
                del values[len(values) - count :]
                join = self.and_ if node[0] == "&" else self.xor
                values.append(self.tree(operands, join) ^ inverted)
        return values[0]

    def tree(self, literals: list[int], join: object) -> int:
        """Join literals two by two, the shallowest first."""
        heap = [(self.depth[lit >> 1], at, lit) for at, lit in enumerate(literals)]
        heapq.heapify(heap)
        at = len(heap)
        while len(heap) > 1:
            left, right = heapq.heappop(heap)[2], heapq.heappop(heap)[2]
            joined: int = join(left, right)  # type: ignore[operator]
            heapq.heappush(heap, (self.depth[joined >> 1], at, joined))
            at += 1
        return heap[0][2]

    def and_(self, left: int, right: int) -> int:
        if left > right:
            left, right = right, left
        if left == 0 or left ^ right == 1:
            return 0
        if left == 1 or left == right:
            return right
        found = self.known.get((left, right))
        if found is None:
            found = 2 * (self.first + len(self.ands))
            self.known[left, right] = found
            self.ands.append((left, right))
            self.depth.append(1 + max(self.depth[left >> 1], self.depth[right >> 1]))
        return found

    def xor(self, left: int, right: int) -> int:
        flip = (left ^ right) & 1
        left, right = left & ~1, right & ~1
        return self.and_(self.and_(left, right ^ 1) ^ 1, self.and_(left ^ 1, right) ^ 1) ^ 1 ^ flip


def _expression(program: Postfix, variable: dict[str, int]) -> _Operand:
    """Tree of n-ary ANDs and XORs; an OR is an AND of complements."""
    stack: list[_Operand] = []
    for step in program:
        if step == "!":
            node, inverted = stack[-1]
            stack[-1] = (node, not inverted)
        elif step in ("&", "|", "^"):
            right, left = stack.pop(), stack.pop()
            flip = step == "|"
            kind = "^" if step == "^" else "&"
            operands: list[_Operand] = []
            for node, inverted in (left, right):
                # The left operand's list is ours alone: extend it in place, for chains may be long.
                if not isinstance(node, int) and node[0] == kind and (kind == "^" or inverted == flip):
                    flip_here = inverted if kind == "^" else False
                    inner = node[1]
                    if flip_here:
                        inner[0] = (inner[0][0], not inner[0][1])
                    if operands:
                        operands.extend(inner)
                    else:
                        operands = inner
                elif kind == "&":
                    operands.append((node, inverted != flip))
                else:
                    operands.append((node, inverted))
            stack.append(((kind, operands), flip))
        elif step in ("0", "1"):
            stack.append((int(step), False))
        else:
            stack.append((variable[step], False))
    return stack[0]
