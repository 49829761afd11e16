"""What is d-connected to a set of nodes: one walk over the arrows instead of a test per node."""

from __future__ import annotations

from collections.abc import Set

import networkx as nx

__all__ = ["find_connected"]


def find_connected(
    graph: nx.DiGraph[str], sources: Set[str], given: Set[str], past: Set[str] = frozenset()
) -> set[str]:
    """Return the nodes that are d-connected to some source given others; in time linear in the arrows.

    Only paths count that keep clear of the nodes in `past`, which still open a collider above them as ever.

    Source: Shachter 1998 (Bayes ball).
    """
    opened = set(given).union(*(nx.ancestors(graph, node) for node in given))  # colliders here let a path through
    up, down = True, False  # how the path goes on from a node: it came from a child, or from a parent
    stack, seen, found = [(node, up) for node in sources], set[tuple[str, bool]](), set[str]()
    while stack:
        node, climbing = stack.pop()
        if (node, climbing) in seen or node in past:
            continue
        seen.add((node, climbing))
        if node not in given:
            found.add(node)
            stack += [(child, down) for child in graph.successors(node)]
        if (climbing and node not in given) or (not climbing and node in opened):
            stack += [(parent, up) for parent in graph.predecessors(node)]
    return found
