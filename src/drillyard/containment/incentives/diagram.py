"""Causal influence diagrams as data: arrows, decisions, utilities."""

from __future__ import annotations

from typing import Annotated, Self

import networkx as nx
from annotated_types import MinLen
from pydantic import model_validator

from drillyard.errors import bad_input
from drillyard.records import Record

__all__ = ["Diagram", "graph_of", "only_decision"]

Name = Annotated[str, MinLen(1)]


class Diagram(Record):
    """Arrows between named nodes; `decisions` and `utilities` are some of them, all others are chance.

    `protected` are nodes that the system must have no incentive to control, such as the reader of an answer.
    """

    name: Name = "diagram"
    words: str = ""
    edges: Annotated[tuple[tuple[Name, Name], ...], MinLen(1)]
    decisions: Annotated[tuple[Name, ...], MinLen(1)]
    utilities: Annotated[tuple[Name, ...], MinLen(1)]
    protected: tuple[Name, ...] = ()
    mitigates: str = ""
    """The diagram that this one would be without its mitigation."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        nodes = {node for edge in self.edges for node in edge}
        for kind in ("decisions", "utilities", "protected"):
            if strangers := [node for node in getattr(self, kind) if node not in nodes]:
                raise ValueError(f"{kind} that stand in an edge, not {', '.join(strangers)}")
        if both := set(self.decisions) & set(self.utilities):
            raise ValueError(f"a node is a decision or a utility, not both: {', '.join(sorted(both))}")
        if cycle := _cycle(self.edges):
            raise ValueError(f"no cycle, but {' -> '.join(cycle)}")
        return self


def graph_of(diagram: Diagram) -> nx.DiGraph[str]:
    """Return the arrows as a networkx graph of its own."""
    return nx.DiGraph(list(diagram.edges))


def only_decision(diagram: Diagram) -> str:
    """Return the one decision. Raises `BadInput` for several: the four incentives are defined for one."""
    if len(set(diagram.decisions)) != 1:
        raise bad_input(f"decisions {', '.join(diagram.decisions)}", "one decision", "name one in 'decisions'")
    return diagram.decisions[0]


def _cycle(edges: tuple[tuple[str, str], ...]) -> list[str]:
    """Return the nodes of a cycle, the first one again at the end; empty where there is none."""
    graph: nx.DiGraph[str] = nx.DiGraph(list(edges))
    try:
        found = nx.find_cycle(graph)
    except nx.NetworkXNoCycle:
        return []
    return [found[0][0], *(edge[1] for edge in found)]
