"""How much information and control are worth: diagrams with discrete tables, evaluated exactly."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_letters

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from drillyard.containment.incentives.diagram import Diagram, graph_of, only_decision
from drillyard.errors import bad_input

__all__ = ["MOST_RULES", "Tables", "best_utility", "value_of_control", "value_of_information"]

MOST_RULES = 4096
"""Rules of a controlled node that are tried at most."""


@dataclass(frozen=True, kw_only=True)
class Tables:
    """Numbers on a diagram with one decision. Parents stand in alphabetical order.

    Attributes:
        sizes: how many values each node that is no utility has, from 0 on.
        chances: by chance node, its distribution, shape (*sizes of parents, own size).
        utilities: by utility node, its value, shape (*sizes of parents); a utility has no children.
    """

    diagram: Diagram
    sizes: Mapping[str, int]
    chances: Mapping[str, NDArray[np.float64]]
    utilities: Mapping[str, NDArray[np.float64]]

    def __post_init__(self) -> None:
        graph, decision = graph_of(self.diagram), only_decision(self.diagram)
        for node in graph:
            parents = sorted(graph.predecessors(node))
            if strangers := [one for one in parents if one in self.diagram.utilities]:
                raise bad_input(f"{strangers[0]} -> {node}", "utilities without children", "take that arrow away")
            shape = tuple(self.sizes.get(one, 0) for one in parents)
            if node in self.diagram.utilities:
                _check(node, self.utilities.get(node), shape)
            elif node != decision:
                table = _check(node, self.chances.get(node), (*shape, self.sizes.get(node, 0)))
                if table.min() < 0 or not np.allclose(table.sum(axis=-1), 1):
                    raise bad_input(f"chances of {node}", "shares from 0 to 1 that sum to 1", "correct that table")
            elif self.sizes.get(node, 0) < 1:
                raise bad_input(f"no size of {node}", "how many options the decision has", "name it in 'sizes'")


def best_utility(tables: Tables, observed: Sequence[str] | None = None) -> float:
    """Return the expected utility of the best policy that sees these nodes; by default the decision's parents."""
    graph, decision = graph_of(tables.diagram), only_decision(tables.diagram)
    seen = sorted(graph.predecessors(decision)) if observed is None else sorted(observed)
    order = {node: i for i, node in enumerate(sorted(set(graph) - set(tables.diagram.utilities)))}
    if len(order) > len(ascii_letters):
        raise bad_input(f"{len(order)} nodes with values", f"at most {len(ascii_letters)}", "leave some out")

    def axes(*nodes: str) -> str:
        return "".join(ascii_letters[order[one]] for one in nodes)

    given = {node: sorted(graph.predecessors(node)) for node in graph}
    factors = [(axes(*given[node], node), table) for node, table in tables.chances.items()]
    factors += [(axes(one), np.ones(tables.sizes[one])) for one in (*seen, decision)]
    total: NDArray[np.float64] = np.zeros([tables.sizes[one] for one in (*seen, decision)])
    for node, table in tables.utilities.items():
        parts = [*factors, (axes(*given[node]), table)]
        formula = ",".join(part for part, _ in parts) + "->" + axes(*seen, decision)
        total = total + np.einsum(formula, *(part for _, part in parts), optimize="greedy")
    return float(total.max(axis=-1).sum())


def value_of_information(tables: Tables, node: str) -> float:
    """Return what seeing a node adds to the best policy: with it, minus without it.

    Raises `BadInput` for a node that the decision reaches.
    """
    diagram, decision = tables.diagram, only_decision(tables.diagram)
    graph = graph_of(diagram)
    if node not in tables.chances or node in nx.descendants(graph_of(diagram), decision):
        raise bad_input(f"node {node!r}", "a chance node that the decision does not reach", "name another one")
    others = set(graph.predecessors(decision)) - {node}
    return best_utility(tables, [*others, node]) - best_utility(tables, [*others])


def value_of_control(tables: Tables, node: str) -> float:
    """Return what setting a chance node adds, by the best rule that sees the node's own parents.

    Raises `BadInput` where there are more than `MOST_RULES` rules.
    """
    if node not in tables.chances:
        raise bad_input(f"node {node!r}", f"one of {', '.join(tables.chances)}", "name one of those")
    shape = tables.chances[node].shape
    rules = shape[-1] ** math.prod(shape[:-1])
    if rules > MOST_RULES:
        raise bad_input(f"{rules} rules of {node}", f"at most {MOST_RULES}", "give it fewer values or parents")
    return max(best_utility(one) for one in _controlled(tables, node)) - best_utility(tables)


def _controlled(tables: Tables, node: str) -> Iterator[Tables]:
    shape = tables.chances[node].shape
    for rule in itertools.product(range(shape[-1]), repeat=math.prod(shape[:-1])):
        table = np.eye(shape[-1])[np.asarray(rule, dtype=int)].reshape(shape)
        yield Tables(
            diagram=tables.diagram,
            sizes=tables.sizes,
            chances={**tables.chances, node: table},
            utilities=tables.utilities,
        )


def _check(node: str, table: NDArray[np.float64] | None, shape: tuple[int, ...]) -> NDArray[np.float64]:
    if table is None or np.shape(table) != shape or not np.isfinite(table).all():
        found = "nothing" if table is None else f"shape {np.shape(table)}"
        raise bad_input(f"{found} for {node}", f"finite numbers of shape {shape}", "parents in alphabetical order")
    return table
