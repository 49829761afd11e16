"""Closed forms to the digits of their sources; exact trees against inclusion-exclusion and brute force."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drillyard.containment.games.committee import release_chance
from drillyard.containment.horizon.assumptions import default_assumptions
from drillyard.containment.horizon.bdd import Bdd
from drillyard.containment.horizon.faulttree import (
    CommonCause,
    Event,
    FaultTree,
    TreeGate,
    analyse,
    inclusion_exclusion,
)
from drillyard.containment.horizon.forms import (
    add_flaw,
    clean_record_bound,
    common_cause,
    erode,
    surviving_rate,
    trials_needed,
    unknown_rate,
    years_of,
)
from drillyard.containment.horizon.layers import Layer, Monitor, default_layers, layers_named
from drillyard.containment.horizon.layertree import layer_tree
from drillyard.containment.horizon.risk import case_risk
from drillyard.containment.horizon.sampling import build_scenarios
from drillyard.containment.horizon.setting import HorizonSetting
from drillyard.containment.horizon.stress import stress
from drillyard.errors import BadInput

share = st.floats(0, 1)


def test_the_reference_values() -> None:
    """Layers, years, flaws, clean records and Carlsmith's product, to the digits given."""
    assert common_cause(0.05, 4, 0) == pytest.approx(6.25e-6)
    assert common_cause(0.05, 4, 0.05) == pytest.approx(2.5e-3, abs=5e-5)
    assert 100 * years_of(1e-3, 30) == pytest.approx(2.96, abs=5e-3)
    assert 100 * years_of(1e-3, 1000) == pytest.approx(63.2, abs=0.05)
    assert add_flaw(1e-6, 1e-3, 0.1) == pytest.approx(1.0e-4, abs=5e-6)
    assert 100 * clean_record_bound(300) == pytest.approx(0.99, abs=5e-3)
    assert trials_needed(1e-3) == 2995
    assert math.prod((0.65, 0.8, 0.4, 0.65, 0.4, 0.95)) == pytest.approx(0.0514, abs=5e-5)


@pytest.mark.parametrize(
    ("reviewers", "needed", "chance"), [(1, 1, 0.159), (5, 1, 0.578), (5, 2, 0.181), (5, 3, 0.031), (5, 5, 1.0e-4)]
)
def test_the_reference_committees(reviewers: int, needed: int, chance: float) -> None:
    """The curse and its quorums at V = -s, to the digits given."""
    assert release_chance(-1, 1, reviewers, needed) == pytest.approx(chance, rel=0.02 if needed == 5 else 4e-3)


@given(st.lists(share, min_size=1, max_size=8), st.integers(1, 200))
def test_unknown_hazards_are_survived_more_often(hazards: list[float], years: int) -> None:
    """E[1-(1-h)^T] is never above 1-(1-E h)^T, and years without an event never raise the hazard."""
    mean = float(np.mean(hazards))
    assert unknown_rate(hazards, years) <= years_of(min(mean, 1), years) + 1e-9
    if min(hazards) < 0.9:
        assert surviving_rate(hazards, years) <= mean + 1e-9


def test_rates_agree_with_simulation() -> None:
    """Of 200,000 simulated worlds of two hazards, as many survive as told, and the survivors' hazard falls."""
    rng, hazards = np.random.default_rng(3), np.array([0.001, 0.2])
    each = rng.choice(hazards, 200_000)
    alive = rng.random(200_000) < (1 - each) ** 10
    assert 1 - alive.mean() == pytest.approx(unknown_rate(hazards, 10), abs=5 * 0.5 / math.sqrt(2e5))
    assert each[alive].mean() == pytest.approx(surviving_rate(hazards, 10), abs=2e-3)
    assert erode(0.01, 0, 30) == pytest.approx(years_of(0.01, 30)) and erode(0.01, 5, 30) == 1


@given(share, share, share)
def test_no_claim_is_below_its_floor(claim: float, flaw: float, risk: float) -> None:
    """The flaw of the argument is a floor, and never makes a claim better."""
    assert add_flaw(claim, flaw, risk) >= max(flaw * risk, claim) - 1e-12


@st.composite
def trees(draw: st.DrawFn) -> FaultTree:
    """Build trees of up to seven shared events and four gates, each gate over anything before it."""
    names = [f"e{i}" for i in range(draw(st.integers(2, 7)))]
    events = [Event(name=one, low=(low := draw(share)), high=draw(st.floats(low, 1))) for one in names]
    gates = []
    for number in range(draw(st.integers(1, 4))):
        of = draw(st.lists(st.sampled_from(names), min_size=1, max_size=5, unique=True))
        kind = draw(st.sampled_from(("and", "or", "at-least")))
        needed = draw(st.integers(1, len(of))) if kind == "at-least" else None
        gates.append(TreeGate.from_data({"name": f"g{number}", "kind": kind, "of": of, "needed": needed}))
        names.append(f"g{number}")
    return FaultTree(top=gates[-1].name, gates=tuple(gates), events=tuple(events))


def brute(tree: FaultTree, chances: list[float]) -> float:
    """Sum the chances of all states in which the top event happens."""
    total = 0.0
    for state in itertools.product((False, True), repeat=len(tree.events)):
        true = {one.name: now for one, now in zip(tree.events, state, strict=True)}
        for gate in tree.gates:
            true[gate.name] = sum(true[one] for one in gate.of) >= gate.count()
        if true[tree.top]:
            total += math.prod(p if now else 1 - p for p, now in zip(chances, state, strict=True))
    return total


@settings(max_examples=60)
@given(trees())
def test_trees_are_exact(tree: FaultTree) -> None:
    """The diagram agrees with all states counted, its bounds hold every sample, and its cut sets rebuild it."""
    report = analyse(tree, draws=50)
    middle = [(one.low + one.high) / 2 for one in tree.events]
    assert report.chance == pytest.approx(brute(tree, middle), abs=1e-12)
    assert report.low - 1e-12 <= report.sampled.low and report.sampled.high <= report.high + 1e-12
    assert report.low == pytest.approx(brute(tree, [one.low for one in tree.events]), abs=1e-12)
    chances = {one.name: p for one, p in zip(tree.events, middle, strict=True)}
    if len(report.cut_sets) <= 10:
        assert inclusion_exclusion(report.cut_sets, chances) == pytest.approx(report.chance, abs=1e-9)
    for one, other in itertools.permutations(report.cut_sets, 2):
        assert not set(one) <= set(other)


@given(share, st.integers(2, 6), share)
def test_common_causes_are_the_beta_factor(q: float, layers: int, beta: float) -> None:
    """A tree of equal layers with a common cause has the closed form."""
    names = tuple(f"layer {i}" for i in range(layers))
    tree = FaultTree(
        top="all",
        gates=(TreeGate(name="all", kind="and", of=names),),
        events=tuple(Event(name=one, low=q, high=q) for one in names),
        common=(CommonCause(events=names, beta=beta),),
    )
    assert analyse(tree, draws=10).chance == pytest.approx(common_cause(q, layers, beta), abs=1e-12)


def test_importance_is_known_for_a_small_tree() -> None:
    """For a and (b or c) both importances have closed forms; 60 events in a vote stay exact and small."""
    a, b, c = 0.2, 0.3, 0.5
    tree = FaultTree.from_data(
        {
            "top": "t",
            "gates": [{"name": "t", "kind": "and", "of": ["a", "u"]}, {"name": "u", "kind": "or", "of": ["b", "c"]}],
            "events": [{"name": n, "low": p, "high": p} for n, p in (("a", a), ("b", b), ("c", c))],
        }
    )
    rows = {row.event: row for row in analyse(tree).events}
    assert rows["a"].birnbaum == pytest.approx(b + c - b * c) and rows["a"].fussell_vesely == pytest.approx(1)
    assert rows["b"].birnbaum == pytest.approx(a * (1 - c))
    assert analyse(tree).cut_sets == (("a", "b"), ("a", "c"))
    bdd = Bdd(60)
    vote = bdd.at_least(31, [bdd.variable(i) for i in range(60)])
    tail = sum(math.comb(60, k) for k in range(31, 61)) / 2**60
    assert float(bdd.chance(vote, np.full(60, 0.5))) == pytest.approx(tail) and len(bdd.reached(vote)) < 1000


def test_a_common_cause_is_of_the_chances_and_not_of_their_intervals() -> None:
    """With a in [0, .4], b = .2, all in common, both fail with the smaller chance: .2 at the middles, .15 on average.

    E min(a, .2) over a uniform in [0, .4] is half of .1 and half of .2.
    """
    tree = FaultTree(
        top="both",
        gates=(TreeGate(name="both", kind="and", of=("a", "b")),),
        events=(Event(name="a", low=0, high=0.4), Event(name="b", low=0.2, high=0.2)),
        common=(CommonCause(events=("a", "b"), beta=1),),
    )
    report = analyse(tree)
    assert (report.chance, report.low, report.high) == pytest.approx((0.2, 0, 0.2))
    assert report.sampled.value == pytest.approx(0.15, abs=2e-3)


def test_half_of_the_doubt_lies_below_a_median() -> None:
    """An event in [0, 1] with median .1 is .1 at the median, and (.05 + .55) / 2 on average."""
    tree = FaultTree(
        top="t",
        gates=(TreeGate(name="t", kind="or", of=("a",)),),
        events=(Event(name="a", low=0, high=1, median=0.1),),
    )
    report = analyse(tree)
    assert report.chance == pytest.approx(0.1) and report.sampled.value == pytest.approx(0.3, abs=0.01)
    with pytest.raises(BadInput, match=r"a: a median from 0 to 0\.5, not 0\.6"):
        Event.from_data({"name": "a", "low": 0, "high": 0.5, "median": 0.6})


@pytest.mark.parametrize(
    "names",
    [[], ["hold"], ["query-classes", "bandwidth", "human-release"], [one.name for one in default_layers()]],
    ids=len,
)
def test_the_tree_of_the_layers_is_the_first_year(names: list[str]) -> None:
    """At the medians the tree has the hazard that the model walks through, whatever the layers.

    The two share the chances of single events, not how they are joined. A theft is a tenth of a per cent at the median:
    what the tree counts once, the model may count in two channels.
    """
    layers, assumptions, setting = layers_named(names), default_assumptions(), HorizonSetting()
    report = analyse(layer_tree(layers, assumptions, setting), draws=50)
    walked = case_risk(build_scenarios(assumptions, [()]), layers, setting, 1, flaw=False)[0]
    assert report.chance == pytest.approx(walked, rel=5e-3)
    assert all(any(name in event.name for event in report.tree.events) for name in names if name != "bandwidth")


def test_each_layer_lowers_the_top_event_or_leaves_it() -> None:
    """One layer more never adds to the tree's chance, and three lower it by far."""
    few = layers_named(["query-classes", "hold", "human-release"])
    told = [
        analyse(layer_tree(few[:count], default_assumptions(), HorizonSetting()), draws=10).chance for count in range(4)
    ]
    assert told == sorted(told, reverse=True) and told[3] < told[0] / 5


def test_a_layer_that_all_but_never_fails_is_judged() -> None:
    """Factors and monitors that leave no hazard that a float can hold: every cell of the stress matrix is finite."""
    tiny = Layer(name="wall", multiplies="decisive", factor=1e-300)
    sure = Layer(name="eye", multiplies="uncaught", monitor=Monitor(separation=40, budget=0.5))
    for layer in (tiny, sure):
        assert all(math.isfinite(one) for one in stress([layer]).rows[0].kept)
        assert analyse(layer_tree([layer], default_assumptions(), HorizonSetting()), draws=10).chance < 0.1


def test_bad_trees_are_refused() -> None:
    """A cycle is named, as are reversed intervals and strangers."""
    good = {"name": "x", "low": 0.1, "high": 0.2}
    loop = [{"name": "a", "kind": "or", "of": ["b", "x"]}, {"name": "b", "kind": "or", "of": ["a"]}]
    with pytest.raises(BadInput, match="a -> b -> a|b -> a -> b"):
        FaultTree.from_data({"top": "a", "gates": loop, "events": [good]})
    with pytest.raises(BadInput, match=r"x: low at most high.*reversed"):
        Event.from_data({"name": "x", "low": 0.3, "high": 0.2})
    with pytest.raises(BadInput, match="not y"):
        FaultTree.from_data({"top": "a", "gates": [{"name": "a", "kind": "or", "of": ["y"]}], "events": [good]})
    with pytest.raises(BadInput, match="needed from 1 to 1"):
        TreeGate.from_data({"name": "a", "kind": "at-least", "of": ["x"], "needed": 2})


def test_numbers_out_of_range_are_refused() -> None:
    """Shares, years, counts and confidences are checked."""
    for call in (
        lambda: years_of(1.5, 3),
        lambda: years_of(0.5, 0),
        lambda: unknown_rate([], 3),
        lambda: surviving_rate([1.0], 3),
        lambda: trials_needed(0),
        lambda: clean_record_bound(10, 1.0),
        lambda: clean_record_bound(0),
    ):
        with pytest.raises(BadInput, match="expected"):
            call()
