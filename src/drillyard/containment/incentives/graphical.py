"""The four incentives that a diagram admits, and what a decision need not see.

Source: Everitt, Carey, Langlois, Ortega and Legg, AAAI 2021 (2102.01685); trimming: Lauritzen and Nilsson 2001. Each
criterion says what some numbers on the graph could make true; it does not cover how large it is. Control is direct or
indirect as in Everitt, Ortega, Barnes and Legg 2019 (1902.09980): past the decision, or through what it sees.
"""

from __future__ import annotations

import networkx as nx

from drillyard.containment.incentives.diagram import Diagram, graph_of, only_decision
from drillyard.containment.incentives.reach import find_connected
from drillyard.records import Record

__all__ = ["Incentives", "incentives_of", "requisite", "trim"]


class Incentives(Record):
    """Names of nodes, in alphabetical order, by the incentive that the graph admits.

    `control` is of two kinds, and a node may be in both: `direct_control`, on a way to the score past the decision, and
    `indirect_control`, where setting a node lets the decision know more of what moves the score.
    """

    information: tuple[str, ...]
    response: tuple[str, ...]
    control: tuple[str, ...]
    direct_control: tuple[str, ...]
    indirect_control: tuple[str, ...]
    instrumental_control: tuple[str, ...]


def incentives_of(diagram: Diagram) -> Incentives:
    """Return value of information, response incentive, value of control and instrumental control incentive.

    Raises `BadInput` for several decisions.
    """
    graph, decision, utilities = graph_of(diagram), only_decision(diagram), set(diagram.utilities)
    reduced = trim(diagram)
    past = reduced.subgraph(set(reduced) - {decision})
    gains = _reaching(graph, utilities)
    return Incentives(
        information=_sorted(_informative(graph, decision, utilities)),
        response=_sorted(nx.ancestors(reduced, decision)),
        control=_sorted(_reaching(reduced, utilities) - {decision}),
        direct_control=_sorted(_reaching(past, utilities)),
        indirect_control=_sorted(_informing(graph, reduced, decision, utilities)),
        instrumental_control=_sorted(gains & (nx.descendants(graph, decision) | {decision})),
    )


def requisite(diagram: Diagram, decision: str) -> tuple[str, ...]:
    """Return the observations that can matter to a decision: those d-connected to its utilities given the others."""
    return _sorted(_requisite(graph_of(diagram), decision, set(diagram.utilities)))


def trim(diagram: Diagram) -> nx.DiGraph[str]:
    """Return the graph without observations that cannot matter, until nothing changes any more; every node stays.

    With several decisions this is sound where each knows enough of the earlier ones (sufficient recall); diagrams are
    not checked for that.
    """
    graph, changed = graph_of(diagram), True
    while changed:
        changed = False
        for decision in diagram.decisions:
            idle = set(graph.predecessors(decision)) - _requisite(graph, decision, set(diagram.utilities))
            graph.remove_edges_from([(node, decision) for node in idle])
            changed = changed or bool(idle)
    return graph


def _requisite(graph: nx.DiGraph[str], decision: str, utilities: set[str]) -> set[str]:
    goals = utilities & nx.descendants(graph, decision)
    parents = set(graph.predecessors(decision))
    return {node for node in parents if node in find_connected(graph, goals, (parents | {decision}) - {node})}


def _informative(graph: nx.DiGraph[str], decision: str, utilities: set[str]) -> set[str]:
    """Return the nodes whose observation can matter. An arrow to the decision opens no path: it is conditioned on."""
    later = nx.descendants(graph, decision)
    known = {decision, *graph.predecessors(decision)}
    seen = find_connected(graph, utilities & later, known)
    free: set[str] = seen - later - {decision}
    return free | _requisite(graph, decision, utilities)


def _informing(graph: nx.DiGraph[str], reduced: nx.DiGraph[str], decision: str, utilities: set[str]) -> set[str]:
    """Return the nodes whose control can tell a decision more: on a way to it, with another way back to its utilities.

    The other way starts against an arrow into the node, and is open given what the decision sees (and itself).
    """
    goals, family = utilities & nx.descendants(reduced, decision), {decision, *graph.predecessors(decision)}
    return {
        node
        for node in nx.ancestors(reduced, decision)
        if goals & find_connected(reduced, set(reduced.predecessors(node)), family - {node}, past={node})
    }


def _reaching(graph: nx.DiGraph[str], utilities: set[str]) -> set[str]:
    """Return the utilities and all that has a directed path to one."""
    goals = utilities & set(graph)
    found: set[str] = goals.union(*(nx.ancestors(graph, node) for node in goals))
    return found


def _sorted(nodes: set[str]) -> tuple[str, ...]:
    return tuple(sorted(nodes))
