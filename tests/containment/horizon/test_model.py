"""The hazard model against closed forms, event-by-event simulation, and its own worst corner."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from drillyard.containment.games.committee import release_chance
from drillyard.containment.games.gaussian import caught_share
from drillyard.containment.horizon.assumptions import (
    Parameter,
    change_assumptions,
    default_assumptions,
    ends_of,
    quantile,
)
from drillyard.containment.horizon.ceiling import ceiling
from drillyard.containment.horizon.forms import common_cause, erode, surviving_rate, unknown_rate, years_of
from drillyard.containment.horizon.layers import Layer, Layers, Monitor, Quorum, default_layers, layers_named
from drillyard.containment.horizon.model import walk
from drillyard.containment.horizon.report import HorizonSpec
from drillyard.containment.horizon.risk import case_risk, ends_risk, risk
from drillyard.containment.horizon.sampling import build_scenarios, draw_independent, place_points
from drillyard.containment.horizon.sensitivity import sensitivity, sobol_indices
from drillyard.containment.horizon.setting import HorizonSetting
from drillyard.containment.horizon.stress import hold_together, stress
from drillyard.containment.horizon.works import quorum_passes, uncaught
from drillyard.errors import BadInput
from drillyard.records.yaml_file import read_yaml_record

ALL = default_layers()
PARAMETERS = default_assumptions().parameters()
QUIET = build_scenarios(default_assumptions(), [()], rest="quiet")


def quiet(draws: int = 1, **changes: object) -> dict[str, np.ndarray]:
    """Return columns in which nothing holds, some numbers changed."""
    values = {name: np.repeat(column, draws) for name, column in QUIET.items()}
    return values | {name: np.broadcast_to(np.asarray(one, np.float32), (draws,)) for name, one in changes.items()}


def test_constant_hazards_have_closed_forms() -> None:
    """A vulnerable world alone is `1-(1-h)^T`; an eroding attack is the eroded form; a flaw is a floor."""
    world = quiet(vulnerable=1e-3)
    assert case_risk(world, (), HorizonSetting(), 30)[0] == pytest.approx(years_of(18.25e-3, 30), abs=1e-4)
    attack = quiet(harmful_goals=0.5, one_act_win=0.01, erosion=0.1, vulnerable=0, slope=0)
    assert case_risk(attack, (), HorizonSetting(convincing=0), 30)[0] == pytest.approx(erode(0.005, 0.1, 30), rel=1e-3)
    assert case_risk(quiet(flaw=0.001, flaw_risk=0.1), ALL, HorizonSetting(), 1)[0] == pytest.approx(1e-4, rel=0.01)


def test_theft_is_a_second_state() -> None:
    """With an all but perfect layer all risk comes after a theft: the sum over the year of theft, in closed form."""
    shut = Layer(name="shut", multiplies="queries", factor=1e-9)
    values = quiet(theft=0.05, vulnerable=0.01 / 18.25)
    expected = 1 - 0.95**20 - sum(0.05 * 0.95 ** (k - 1) * 0.99 ** (20 - k + 1) for k in range(1, 21))
    assert case_risk(values, (shut,), HorizonSetting(steering_harm=0), 20)[0] == pytest.approx(expected, abs=2e-5)


def test_one_attack_is_what_a_simulation_of_its_layers_gives() -> None:
    """Half a million simulated years of a collusive consensus, debate, monitor and hold agree within 5 errors."""
    names = ["consensus", "debate", "trusted-monitor", "hold"]
    values = quiet(harmful_goals=0.6, one_act_win=0.7, collusion=0.3, vulnerable=0, slope=0)
    told = case_risk(values, layers_named(names), HorizonSetting(convincing=0), 1)[0]
    rng, size = np.random.default_rng(5), 500_000
    miss = np.ones(size, bool)
    for factor, shared in ((0.1, 0.3), (0.2, 0.3)):
        miss &= (rng.random(size) < shared) | (rng.random(size) < factor)
    miss &= rng.normal(2.5, 1, size) < 1.6448536
    wins = (rng.random(size) < 0.6) & (rng.random(size) < 0.7) & (rng.random(size) < 0.3)
    assert told == pytest.approx(float((miss & wins).mean()), abs=5 * np.sqrt(told / size))


def test_parts_agree_with_the_games() -> None:
    """A monitor catches what the Gaussian says; a quorum without persuasion passes what the committee does."""
    for separation, budget in ((1.636, 0.02), (0.0, 0.1), (3.5, 0.05)):
        layer = Layer(name="m", multiplies="uncaught", monitor=Monitor(separation=separation, budget=budget))
        first = next(walk(quiet(harmful_goals=1, one_act_win=0.5), (layer,), HorizonSetting(), 1))
        caught = 1 - first.hazards[0][0] / first.bare[0][0]
        assert caught == pytest.approx(caught_share(separation, budget), abs=2e-4)
    error = release_chance(-1, 1, 1, 1)
    for needed, parties in ((1, 5), (2, 5), (3, 5), (5, 5), (2, 2)):
        quorum = Quorum(needed=needed, reviewers=needed, error=error)
        passes = quorum_passes(quorum, 4000, quiet(parties=parties))[0]
        assert passes == pytest.approx(release_chance(-1, 1, parties, needed), rel=1e-4)
    assert quorum_passes(Quorum(needed=2, reviewers=2, error=0.05), 4000, quiet(persuasion=2))[0] > 0.999


@given(st.floats(0.001, 0.2), st.integers(2, 5), st.floats(0, 0.3))
def test_equal_layers_share_causes_as_the_beta_factor_says(q: float, layers: int, beta: float) -> None:
    """The model's common cause is the closed form up to beta q, and one layer keeps its own rate."""
    columns = [np.array([q], np.float32)] * layers
    found = float(uncaught(columns, np.array([beta], np.float32))[0])
    assert found == pytest.approx(common_cause(q, layers, beta), rel=layers * beta * q + 1e-3, abs=1e-6)
    assert float(uncaught(columns[:1], np.array([beta], np.float32))[0]) == pytest.approx(q)


def test_unknown_hazards_and_survivors() -> None:
    """Over two equally likely worlds the report gives E[1-(1-h)^T] and the surviving rate, not the mean hazard's."""
    data = default_assumptions().model_dump()
    for entry in data["assumptions"]:
        for one in entry["parameters"]:
            one.update(distribution="point", values=(one["quiet"],))
            if one["name"] == "vulnerable":
                one.update(distribution="choice", values=(0.001 / 18.25, 0.2 / 18.25))
    odd = type(default_assumptions()).model_validate(data)
    found = risk((), odd, years=10, draws=40_000, setting=HorizonSetting(steering_harm=0, convincing=0))
    assert found.final.risk.value == pytest.approx(unknown_rate([0.001, 0.2], 10), abs=0.012)
    assert found.final.at_mean_hazard == pytest.approx(1 - 0.8995**10, abs=0.012)
    assert found.surviving[-1] == pytest.approx(surviving_rate([0.001, 0.2], 9), abs=0.002)
    assert found.surviving[-1] < found.hazard[-1] and found.final.at_mean_hazard > found.final.risk.value


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sets(st.sampled_from(ALL), max_size=8), st.sampled_from(ALL))
def test_no_draw_beats_the_worst_corner_and_no_layer_adds_risk(seed: int, some: set[Layer], one: Layer) -> None:
    """The hard ends bound every draw, and one more layer never makes matters worse."""
    layers = [each for each in ALL if each in some and each != one]
    values = draw_independent(default_assumptions(), 50, np.random.default_rng(seed))
    found = case_risk(values, layers, HorizonSetting(), 12)
    assert np.all(case_risk(values, [*layers, one], HorizonSetting(), 12) <= found + 1e-5)
    assert found.max() <= ends_risk(layers, default_assumptions(), HorizonSetting(), 12)[1] + 1e-5


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, len(PARAMETERS) - 1))
def test_the_hard_end_is_the_hard_one(seed: int, at: int) -> None:
    """Moving a number to its hard end never lowers the risk; only the correlation of reviewers can do both."""
    assume(PARAMETERS[at].name != "reviewer_correlation")
    points = np.random.default_rng(seed).random((len(PARAMETERS), 20))
    values = place_points(PARAMETERS, points)
    harder = values | {PARAMETERS[at].name: np.full(20, ends_of(PARAMETERS[at])[1], np.float32)}
    setting = HorizonSetting(upgrade_years=1)
    assert np.all(case_risk(harder, ALL, setting, 8) >= case_risk(values, ALL, setting, 8) - 1e-5)


def test_shopping_makes_independent_reviewers_the_worse_ones() -> None:
    """Two of two are safer when they err apart; two of ten asked are safer when they err together."""
    quorum = Quorum(needed=2, reviewers=2, error=0.2)
    for parties, worse in ((2, 1), (10, 0)):
        passes = quorum_passes(quorum, 1, quiet(2, parties=parties, reviewer_correlation=[0, 1]))
        assert passes[worse] > passes[1 - worse]
    assert ends_risk(layers_named(["human-release"]), default_assumptions(), HorizonSetting(), 1)[1] > 0.9


def test_the_stress_matrix_is_what_the_reference_says() -> None:
    """A3, A6, A11, A12 void what they are said to void, A13 floors all, and five layers survive A3 + A6 + A11."""
    found = stress()
    names = [row.layer for row in found.rows]
    assert len(names) == 13 and all(found.state(one, "A12") == "void" for one in names)
    assert all(found.state(one, "A13") == "floored" for one in names)
    for one, ids in (
        ("behavioural-tests", "A3"),
        ("track-record", "A3"),
        ("track-record", "A17"),
        ("human-release", "A6"),
        ("consensus", "A11"),
        ("debate", "A11"),
        ("untrusted-monitor", "A11"),
        ("trusted-monitor", "A5"),
        ("kill-switch", "A2"),
        ("kill-switch", "A15"),
        ("bandwidth", "A4"),
    ):
        assert found.state(one, ids) == "void", (one, ids)
    assert found.state("query-classes", "A8") == found.state("human-release", "A9") == "degrades"
    assert all(found.state(one, "A1") == "survives" for one in names)
    for layer in layers_named(["bandwidth", "erasure", "episodicity", "query-classes", "hold"]):
        assert hold_together(layer, ["A3", "A6", "A11"]) > 0.95
    for layer in layers_named(["behavioural-tests", "human-release", "consensus", "debate", "untrusted-monitor"]):
        assert hold_together(layer, ["A3", "A6", "A11"]) < 0.05


def test_bad_goals_act_only_with_power_or_persuasion() -> None:
    """A1 alone adds next to nothing; with A4 or with A6 it does, unlayered."""
    sets = [(), ("A1",), ("A4",), ("A1", "A4"), ("A6",), ("A1", "A6")]
    alone = case_risk(build_scenarios(default_assumptions(), sets, rest="quiet"), (), HorizonSetting(), 30)
    assert alone[1] - alone[0] < 1e-3
    assert alone[3] - alone[2] > 0.05 and alone[5] - alone[4] > 0.05


def test_sobol_indices_of_ishigami() -> None:
    """First-order and total indices of the Ishigami function agree with their closed forms, groups included."""

    def ishigami(points: np.ndarray) -> np.ndarray:
        x = np.pi * (2 * points - 1)
        return np.asarray(np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0]))

    first, total = sobol_indices(ishigami, [[0], [1], [2]], power=13)
    assert first == pytest.approx([0.3139, 0.4424, 0.0], abs=0.02)  # products of 8,192 points: errors near 0.01
    assert total == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.01)
    first, total = sobol_indices(ishigami, [[0, 2], [1]], power=13)
    assert first == pytest.approx([0.5576, 0.4424], abs=0.02) and total == pytest.approx([0.5576, 0.4424], abs=0.01)


def test_sensitivity_names_what_breaks_the_case() -> None:
    """From a central case within the limit, those are named whose hard end is over it, and layers are ranked."""
    found = sensitivity(ALL, years=10, limit=0.12, power=6)
    assert found.central < 0.12 and {"A8", "A12"} <= set(found.breaking) and "A17" not in found.breaking
    worth = [row.birnbaum for row in found.layers]
    assert worth == sorted(worth, reverse=True) and min(worth) >= -1e-6


def test_the_ceiling_is_where_the_limit_is_met() -> None:
    """Risk is within the limit at the ceiling and over it just above; a strict limit leaves no skill at all."""
    values = draw_independent(default_assumptions(), 4000, np.random.default_rng(1))
    found = ceiling(ALL, years=5, limit=0.09)
    assert found.skill is not None and "Void above" in found.words
    low, high = (
        case_risk(values, ALL, HorizonSetting(held_skill=found.skill + step), 5).mean() for step in (0.0, 0.05)
    )
    assert low <= 0.09 < high
    assert ceiling(ALL, years=5, limit=1e-4).words == "Void at any skill, at the medians of the assumptions as well"
    assert "every skill" in ceiling(ALL, years=1, limit=1.0).words


def test_equal_seeds_are_equal_and_longer_runs_agree() -> None:
    """The same seed gives the same report; another differs by no more than its error; risk grows with years."""
    one, again = risk(ALL, years=10, draws=9000), risk(ALL, years=10, draws=9000)
    other = risk(ALL, years=10, draws=9000, seed=2)
    assert one == again != other
    assert one.final.risk.value == pytest.approx(other.final.risk.value, abs=0.015)
    assert list(one.curve) == sorted(one.curve) and one.central < one.worst


def test_distributions_have_their_means() -> None:
    """Each kind, sampled at even quantiles, has its textbook mean."""
    u = (np.arange(100_000) + 0.5) / 100_000
    for kind, values, mean in (
        ("uniform", (0.2, 0.6), 0.4),
        ("loguniform", (0.01, 1.0), 0.99 / np.log(100)),
        ("beta", (2.0, 6.0), 0.25),
        ("triangular", (0.1, 0.2, 0.9), 0.4),
        ("point", (0.3,), 0.3),
        ("choice", (0.5, 0.1), 0.3),
    ):
        one = Parameter(name="x", distribution=kind, values=values, quiet=0)
        assert quantile(one, u).mean() == pytest.approx(mean, abs=1e-4), kind
        easy, hard = ends_of(one)
        assert easy <= hard


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{id: A99}", "A99"),
        ("{id: A5, parameters: [{name: growth, distribution: uniform, values: [3, 1]}]}", "A5 growth.*reversed"),
        ("{id: A5, parameters: [{name: growth, distribution: cauchy, values: [1, 3]}]}", "A5 growth.*'cauchy'"),
        ("{id: A5, parameters: [{name: speed, distribution: point, values: [1]}]}", "A5 'speed'.*growth"),
        ("{id: A3, parameters: [{name: tau, distribution: uniform, values: [0, 2]}]}", "A3 tau.*from 0 to 1"),
        ("{id: A4, parameters: [{name: needed_bits, distribution: loguniform, values: [0, 2]}]}", "above 0"),
        ("{id: A3, parameters: [{name: tau, distribution: triangular, values: [0, 1]}]}", "3 values"),
        ("{id: A3, parameters: [{name: tau, distribution: uniform, values: [0.5, 0.5]}]}", "two different ends"),
        ("{id: A3, parameters: [{name: tau, distribution: beta, values: [0, 1]}]}", "both values above 0"),
    ],
)
def test_broken_assumptions_are_named(entry: str, said: str, tmp_path: Path) -> None:
    """Unknown ids, parameters and distributions, reversed ranges and impossible values name their entry."""
    path = tmp_path / "a.yaml"
    path.write_text(f"assumptions: [{entry}]\n")
    with pytest.raises(BadInput, match=said):
        change_assumptions(read_yaml_record(path, HorizonSpec).assumptions)


def test_broken_layers_are_named(tmp_path: Path) -> None:
    """Layers that cannot be are refused in one line; our own read back as they are."""
    for text, said in (
        ("{name: x, multiplies: steering, factor: 1, weakened_by: [luck]}", "x: weakened_by among"),
        ("{name: x, multiplies: bits}", "x: one of factor .above 0, up to 1., monitor and quorum"),
        ("{name: x, multiplies: decisive}", "x: one of factor"),
        ("{name: x, multiplies: decisive, factor: 0}", "factor"),
        ("{name: x, multiplies: uncaught, factor: 0.5, monitor: {separation: 1, budget: 0.1}}", "x: one of factor"),
        ("{name: x, multiplies: bits, factor: 0.1, weakened_by: [drift]}", "that nothing weakens"),
        ("{name: x, multiplies: bits, monitor: {separation: 1, budget: 0.1}}", "multiplies uncaught"),
        ("{name: x, multiplies: uncaught, quorum: {needed: 3, reviewers: 2, error: 0.1}}", "from 1 to 2"),
        ("{name: x, multiplies: steering, factor: 1}, {name: x, multiplies: steering, factor: 1}", "each name once"),
    ):
        path = tmp_path / "l.yaml"
        path.write_text(f"layers: [{text}]\n")
        with pytest.raises(BadInput, match=said):
            read_yaml_record(path, Layers)
    with pytest.raises(BadInput, match="some of query-classes"):
        layers_named(["moat"])
    with pytest.raises(BadInput, match="A77"):
        build_scenarios(default_assumptions(), [("A77",)])
    assert {"A6", "A9", "A16", "A14"} == set(layers_named(["human-release"])[0].touched_by())
