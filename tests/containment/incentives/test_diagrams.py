"""Diagrams: the recorded answers of pycid, networkx's d-separation as a peer, and random numbers as an oracle."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.containment.incentives.diagram import Diagram, graph_of
from drillyard.containment.incentives.graphical import incentives_of, requisite, trim
from drillyard.containment.incentives.page import render_incentives, write_incentives
from drillyard.containment.incentives.reach import find_connected
from drillyard.containment.incentives.report import (
    IncentiveReport,
    IncentiveSpec,
    judge_diagrams,
    oracle_diagrams,
    read_diagrams,
)
from drillyard.containment.incentives.tables import Tables, best_utility, value_of_control, value_of_information
from drillyard.errors import BadInput

GRADES = "R-HS HS-E HS-P E-Gr Gr-Ac Ge-P P-Ac"
FITNESS = "TD-TF TF-SC TF-C EF-EWD EWD-C C-F P-D P-SC P-F SC-C SC-EWD"
TRIM = "Y1-D1 Y1-Y2 Y1-D2 Y2-D2 Y2-U D1-Y2 D1-D2 Z1-D1 Z1-D2 Z1-Z2 Z2-D2 D2-U"


def drawn(edges: str, decisions: str, utilities: str) -> Diagram:
    """Return a diagram written as `A-B B-C`."""
    pairs = tuple((a, b) for a, _, b in (edge.partition("-") for edge in edges.split()))
    return Diagram(edges=pairs, decisions=tuple(decisions.split()), utilities=tuple(utilities.split()))


def random_diagram(seed: int, nodes: int, share: float = 0.5) -> Diagram:
    """Draw a diagram with one decision in the middle and the last node as its utility."""
    rng = np.random.default_rng(seed)
    names = [f"n{i:03d}" for i in range(nodes)]
    pairs = [(a, b) for a, b in itertools.combinations(names, 2) if rng.random() < share]
    decision = names[int(rng.integers(0, nodes - 1))]
    edges = tuple(dict.fromkeys([*pairs, (decision, names[-1])]))
    return Diagram(edges=edges, decisions=(decision,), utilities=(names[-1],))


def slow_indirect(diagram: Diagram, reduced: nx.DiGraph) -> set[str]:
    """Return indirect control by pycid's words: a way through the decision, and an open path that starts backwards."""
    graph, decision, found = graph_of(diagram), diagram.decisions[0], set[str]()
    family = {decision, *graph.predecessors(decision)}
    both = nx.Graph(reduced.edges)

    def is_open(path: list[str], given: set[str]) -> bool:
        for before, node, after in zip(path, path[1:], path[2:], strict=False):
            if reduced.has_edge(before, node) and reduced.has_edge(after, node):
                if not ({node} | nx.descendants(reduced, node)) & given:
                    return False
            elif node in given:
                return False
        return True

    for node in nx.ancestors(reduced, decision):
        for goal in set(diagram.utilities) & nx.descendants(reduced, decision):
            paths = nx.all_simple_paths(both, node, goal)
            if any(reduced.has_edge(path[1], path[0]) and is_open(path, family - {node}) for path in paths):
                found.add(node)
    return found


def slow_requisite(graph: nx.DiGraph, decision: str, utilities: set[str]) -> set[str]:
    """Return requisite observations by networkx's own test."""
    goals, parents = utilities & nx.descendants(graph, decision), set(graph.predecessors(decision))
    return {x for x in parents if goals and not nx.is_d_separator(graph, {x}, goals, (parents | {decision}) - {x})}


@pytest.mark.parametrize(
    ("diagram", "expected"),
    [
        (
            drawn("S-D S-U D-X X-U", "D", "U"),
            {"information": "S", "response": "S", "control": "S U X", "instrumental_control": "D U X"},
        ),
        (drawn(GRADES, "P", "Ac"), {"information": "E Gr HS", "response": "HS R"}),
        (drawn(GRADES.replace("HS-P ", ""), "P", "Ac"), {"information": "E Gr HS R", "response": ""}),
        (
            drawn("O-I O-M M-P P-I I-C P-C", "P", "C"),
            {"control": "C I M O", "instrumental_control": "C I P"},
        ),
        (
            drawn("answer-reader reader-outcome outcome-score answer-score", "answer", "score"),
            {"instrumental_control": "answer outcome reader score"},
        ),
        (
            drawn("answer-reader reader-outcome answer-score", "answer", "score"),
            {"instrumental_control": "answer score"},
        ),
        (
            drawn(FITNESS, "C", "F"),
            {"direct_control": "F P", "indirect_control": "SC"},
        ),
        (drawn("O-I O-M M-P P-I P-C M-C", "P", "C"), {"control": "C M O"}),
        (
            drawn("U2-D D-U1", "D", "U1 U2"),
            {"control": "U1 U2", "direct_control": "U1 U2", "indirect_control": ""},
        ),
    ],
)
def test_recorded_answers(diagram: Diagram, expected: dict[str, str]) -> None:
    """What pycid 0.8.2 (lists in its tests) and the paper say; every utility counts, trimmed or not."""
    found = incentives_of(diagram)
    for kind, names in expected.items():
        assert getattr(found, kind) == tuple(names.split()), kind


def test_two_decisions_are_trimmed_to_a_fixed_point() -> None:
    """12 arrows become 7, the second decision needs Y2 alone, and trimming again changes nothing."""
    diagram = drawn(TRIM, "D1 D2", "U")
    kept = trim(diagram)
    found = diagram.model_copy(update={"edges": tuple(edge for edge in diagram.edges if kept.has_edge(*edge))})
    assert (len(diagram.edges), len(found.edges)) == (12, 7) and set(trim(found).edges) == set(kept.edges)
    assert requisite(found, "D2") == ("Y2",) and requisite(found, "D1") == ("Y1",)
    with pytest.raises(BadInput, match="one decision"):
        incentives_of(diagram)


@given(st.integers(0, 100_000), st.integers(2, 9))
def test_one_walk_finds_what_networkx_tests_node_by_node(seed: int, nodes: int) -> None:
    """d-connection, and all four sets by their definitions, on random diagrams."""
    diagram, rng = random_diagram(seed, nodes), np.random.default_rng(seed)
    other = str(rng.choice([node for node in graph_of(diagram) if node not in diagram.decisions]))
    diagram = diagram.model_copy(update={"utilities": tuple({*diagram.utilities, other})})
    graph, decision, goal = graph_of(diagram), diagram.decisions[0], set(diagram.utilities)
    known = {node for node in graph if rng.random() < 0.3} - goal
    others = set(graph) - known - goal
    separate = {x for x in others if nx.is_d_separator(graph, {x}, goal, known)}
    assert find_connected(graph, goal, known) & others == others - separate
    found = incentives_of(diagram)
    voi = {
        x
        for x in set(graph) - {decision} - nx.descendants(graph, decision)
        if x in slow_requisite(nx.DiGraph([*graph.edges, (x, decision)]), decision, goal)
    }
    reduced = graph.copy()
    while bad := set(reduced.predecessors(decision)) - slow_requisite(reduced, decision, goal):
        reduced.remove_edges_from([(x, decision) for x in bad])
    assert set(found.information) == voi and set(found.response) == nx.ancestors(reduced, decision)
    assert set(found.control) == goal.union(*(nx.ancestors(reduced, one) for one in goal)) - {decision}
    past = reduced.subgraph(set(reduced) - {decision})
    assert set(found.direct_control) == goal.union(*(nx.ancestors(past, one) for one in goal))
    if nodes <= 7:
        assert set(found.indirect_control) == slow_indirect(diagram, reduced)
    paths = [path for one in goal for path in nx.all_simple_paths(graph, decision, one)]
    assert set(found.instrumental_control) == {node for path in paths for node in path}


def random_tables(diagram: Diagram, rng: np.random.Generator, pure: bool) -> Tables:
    """Put random numbers on a diagram: distributions, or functions of the parents with coins at the roots."""
    graph = graph_of(diagram)
    chances, utilities = {}, {}
    for node in graph:
        many = len(list(graph.predecessors(node)))
        if node in diagram.utilities:
            utilities[node] = rng.integers(-2, 3, (2,) * many).astype(float) if pure else rng.normal(size=(2,) * many)
        elif node not in diagram.decisions:
            one = rng.integers(0, 2, (2,) * many) if pure and many else rng.random((2,) * many)
            chances[node] = np.stack([1 - one, one], axis=-1).astype(float)
    sizes = {node: 2 for node in graph if node not in diagram.utilities}
    return Tables(diagram=diagram, sizes=sizes, chances=chances, utilities=utilities)


@given(st.integers(0, 100_000), st.integers(3, 6), st.booleans())
def test_no_numbers_give_what_the_graph_excludes(seed: int, nodes: int, pure: bool) -> None:
    """Soundness: where information or control is worth something, the graph admits it; it is never worth less."""
    diagram = random_diagram(seed, nodes)
    tables, found = random_tables(diagram, np.random.default_rng(seed), pure), incentives_of(diagram)
    for node in tables.chances:
        if node not in nx.descendants(graph_of(diagram), diagram.decisions[0]):
            worth = value_of_information(tables, node)
            assert worth >= -1e-9 and (worth < 1e-9 or node in found.information)
        if tables.chances[node].size <= 16:
            worth = value_of_control(tables, node)
            assert worth >= -1e-9 and (worth < 1e-9 or node in found.control)


@pytest.mark.walk
def test_some_numbers_give_what_the_graph_admits() -> None:
    """Completeness, hunted for: on each of 40 small diagrams, random functions realise every value that is admitted."""
    for seed in range(40):
        diagram = random_diagram(seed, 4)
        found, rng = incentives_of(diagram), np.random.default_rng(seed)
        left = {("voi", x) for x in found.information} | {("voc", x) for x in found.control}
        left -= {("voc", x) for x in diagram.utilities}
        for turn in range(3000):
            tables = random_tables(diagram, rng, turn % 2 == 0)
            values = {"voi": value_of_information, "voc": value_of_control}
            left -= {(kind, x) for kind, x in left if x in tables.chances and values[kind](tables, x) > 1e-9}
            if not left:
                break
        assert not left, (seed, diagram.edges, left)


def copied(keep: float) -> Tables:
    """Return the published example: X copies S, the decision sees X, utility is S times D in -1, 0, 1."""
    return Tables(
        diagram=drawn("S-X X-D D-U S-U", "D", "U"),
        sizes={"S": 2, "X": 2, "D": 3},
        chances={"S": np.array([0.5, 0.5]), "X": np.array([[keep, 1 - keep], [1 - keep, keep]])},
        utilities={"U": np.outer([-1, 0, 1], [-1, 1]).astype(float)},
    )


def test_quantities_have_their_published_values() -> None:
    """VoI of X .6 and of S .4; control of S is worth 0 when it is seen and 1 when it is not."""
    tables = copied(0.8)
    assert value_of_information(tables, "X") == pytest.approx(0.6)
    assert value_of_information(tables, "S") == pytest.approx(0.4)
    three = {"chances": {"S": np.array([0.5, 0.5])}, "utilities": {"U": np.array([[1.0, -1], [-1, 1]])}}
    seen = Tables(diagram=drawn("S-D S-U D-U", "D", "U"), sizes={"S": 2, "D": 2}, **three)
    blind = Tables(diagram=drawn("S-U D-U", "D", "U"), sizes={"S": 2, "D": 2}, **three)
    assert (value_of_control(seen, "S"), value_of_control(blind, "S")) == pytest.approx((0, 1))


@given(st.floats(0.5, 1))
def test_the_best_policy_by_simulation_and_closed_form(keep: float) -> None:
    """Who sees a copy earns `2 keep - 1`; drawn worlds pay the same, and every other rule pays no more."""
    assert best_utility(copied(keep)) == pytest.approx(2 * keep - 1)
    rng = np.random.default_rng(1)
    world = rng.choice([-1, 1], 20_000)
    seen = np.where(rng.random(20_000) < keep, world, -world)
    rules = [(world * np.where(seen > 0, up, down)).mean() for up in (-1, 0, 1) for down in (-1, 0, 1)]
    assert max(rules) == pytest.approx(2 * keep - 1, abs=0.03)


def test_large_diagrams_are_judged() -> None:
    """150 nodes, of which enumerating paths never ends, agree with networkx on requisite observations."""
    diagram = random_diagram(4, 150, 0.05)
    found = incentives_of(diagram)
    decision = diagram.decisions[0]
    expected = slow_requisite(graph_of(diagram), decision, set(diagram.utilities))
    assert set(requisite(diagram, decision)) == expected and len(found.control) > 50


def test_the_oracle_with_and_without_each_mitigation(tmp_path: Path) -> None:
    """Erasure, a frozen world and episodes take the incentive away; a grid and consensus do not, and say so."""
    report = judge_diagrams(oracle_diagrams())
    by_name = {one.diagram.name: one for one in report.reports}
    assert by_name["plain"].steered == ("reader", "outcome")
    assert by_name["erased"].freed == by_name["frozen"].freed == ("reader", "outcome")
    assert by_name["episodic"].freed == ("reader", "later_question")
    for name in ("low-bandwidth", "consensus"):
        assert not by_name[name].freed and by_name[name].steered
    assert report.holds and "not show" in report.does_not_show
    assert IncentiveReport.from_json(report.to_json()) == report
    spec = oracle_diagrams().model_copy(update={"required": None})
    assert not judge_diagrams(spec).holds
    example = Path(__file__).parents[3] / "examples" / "oracle" / "incentives.yaml"
    assert read_diagrams(example) == oracle_diagrams()


def test_the_page_stands_alone_and_escapes(tmp_path: Path) -> None:
    """Every node is drawn inside its picture, none above another; names are escaped; nothing is loaded."""
    page = render_incentives(judge_diagrams(oracle_diagrams()), "drillyard contain incentives").decode()
    assert page.count("<svg") == 7 and not re.search(r"(?:src|href)=", page) and "does not show" in page
    for width, height, inner in re.findall(r'viewBox="0 0 (\d{3,}) (\d+)"(.*?)</svg>', page, flags=re.DOTALL):
        places = [(float(x), float(y)) for x, y in re.findall(r'<text x="([\d.]+)" y="([\d.]+)"', inner)]
        assert all(50 <= x <= int(width) - 50 and 0 < y <= int(height) for x, y in places)
        assert all(abs(a[0] - b[0]) >= 110 or abs(a[1] - b[1]) >= 60 for a, b in itertools.combinations(places, 2))
    evil = drawn("<b>-s s-u <b>-u", "s", "u")
    written = write_incentives(judge_diagrams(IncentiveSpec(diagrams=(evil,))), tmp_path).read_text()
    assert "<b>" not in written and "&lt;b&gt;" in written


def test_broken_diagrams_are_refused(tmp_path: Path) -> None:
    """A cycle is named; strangers, a node of two kinds, two diagrams of one name, and wrong tables are one line."""
    path = tmp_path / "d.yaml"
    tail = "decisions: [a]\nutilities: [c]\n"
    path.write_text("edges: [[a, b], [b, c], [c, a]]\n" + tail)
    with pytest.raises(BadInput, match="a -> b -> c -> a"):
        read_diagrams(path)
    for text, said in (
        ("edges: [[a, b]]\n" + tail, "stand in an edge, not c"),
        ("edges: [[a, b], [b, c]]\ndecisions: [a]\nutilities: [a]\n", "not both: a"),
        ("diagrams: []", "at least 1"),
        ("edges: [[a, c]]\nmitigates: nothing\n" + tail, "not nothing"),
    ):
        path.write_text(text)
        with pytest.raises(BadInput, match=said):
            read_diagrams(path)
    good = copied(0.8)
    changes: tuple[dict[str, Any], ...] = (
        {"chances": {**good.chances, "S": np.array([0.5, 0.6])}},
        {"chances": {**good.chances, "S": np.array([1.5, -0.5])}},
        {"chances": {}},
        {"utilities": {"U": np.zeros(2)}},
        {"sizes": {"S": 2, "X": 2}},
    )
    for change in changes:
        with pytest.raises(BadInput, match="expected"):
            Tables(**{**{name: getattr(good, name) for name in good.__dataclass_fields__}, **change})
    with pytest.raises(BadInput, match="does not reach"):
        value_of_information(good, "U")
    with pytest.raises(BadInput, match="one of"):
        value_of_control(good, "D")
