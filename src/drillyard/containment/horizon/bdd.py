"""A small reduced ordered binary decision diagram: exact chances of and, or, and k of n over shared events."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drillyard.errors import bad_input

__all__ = ["FALSE", "MOST_NODES", "TRUE", "Bdd"]

FALSE, TRUE = 0, 1
MOST_NODES = 200_000
"""Nodes at which a tree is refused before it fills the memory: chosen, not measured."""


class Bdd:
    """Nodes over variables 0, 1, ... in that order; equal functions are the same node.

    Source: Bryant 1986. Raises `BadInput` beyond 200,000 nodes.
    """

    def __init__(self, variables: int) -> None:
        self._nodes: list[tuple[int, int, int]] = [(variables, FALSE, FALSE), (variables, TRUE, TRUE)]
        self._unique: dict[tuple[int, int, int], int] = {}
        self._chosen: dict[tuple[int, int, int], int] = {}
        self.variables = variables

    def variable(self, number: int) -> int:
        """Return the node that is true when the variable is."""
        return self._node(number, FALSE, TRUE)

    def choose(self, condition: int, then: int, other: int) -> int:
        """Return `then` where the condition holds, `other` elsewhere."""
        if condition in (FALSE, TRUE) or then == other:
            return other if condition == FALSE and then != other else then
        if (then, other) == (TRUE, FALSE):
            return condition
        key = (condition, then, other)
        if key not in self._chosen:
            top = min(self._nodes[one][0] for one in key)
            low, high = (self.choose(*(self._half(one, top, side) for one in key)) for side in (1, 2))
            self._chosen[key] = self._node(top, low, high)
        return self._chosen[key]

    def at_least(self, needed: int, inputs: Sequence[int]) -> int:
        """Return the node that is true when at least so many inputs are: all of them is and, one is or."""
        counts = [TRUE, *[FALSE] * needed]
        for one in reversed(inputs):
            counts = [TRUE, *(self.choose(one, counts[k - 1], counts[k]) for k in range(1, needed + 1))]
        return counts[needed]

    def reached(self, top: int) -> list[int]:
        """Return the inner nodes below a node, those below first."""
        seen, order, stack = {FALSE, TRUE}, [], [(top, False)]
        while stack:
            one, done = stack.pop()
            if done:
                order.append(one)
            elif one not in seen:
                seen.add(one)
                stack += [(one, True), (self._nodes[one][1], False), (self._nodes[one][2], False)]
        return order

    def chance(self, top: int, chances: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the chance of a node; `chances` has shape (variables, ...) and the result shape (...)."""
        shape = chances.shape[1:]
        found = {FALSE: np.zeros(shape), TRUE: np.ones(shape)}
        for one in self.reached(top):
            variable, low, high = self._nodes[one]
            found[one] = chances[variable] * found[high] + (1 - chances[variable]) * found[low]
        return found[top]

    def cut_sets(self, top: int, most: int = 10_000) -> list[frozenset[int]]:
        """Return the minimal sets of variables that make a node true. Source: Rauzy 1993, for monotone functions."""
        found: dict[int, list[frozenset[int]]] = {FALSE: [], TRUE: [frozenset()]}
        for one in self.reached(top):
            variable, low, high = self._nodes[one]
            new = [cut | {variable} for cut in found[high] if not any(other <= cut for other in found[low])]
            found[one] = found[low] + new
            if len(found[one]) > most:
                raise bad_input(f"more than {most} minimal cut sets", "fewer", "merge events of the tree")
        return sorted(found[top], key=lambda cut: (len(cut), sorted(cut)))

    def _half(self, one: int, variable: int, side: int) -> int:
        node = self._nodes[one]
        return node[side] if node[0] == variable else one

    def _node(self, variable: int, low: int, high: int) -> int:
        if low == high:
            return low
        key = (variable, low, high)
        if key not in self._unique:
            if len(self._nodes) >= MOST_NODES:
                raise bad_input(f"more than {MOST_NODES} nodes", "a smaller tree", "merge or reorder events")
            self._unique[key] = len(self._nodes)
            self._nodes.append(key)
        return self._unique[key]
