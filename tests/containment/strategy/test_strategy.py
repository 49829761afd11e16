"""The strategy: the best set by brute force, budgets that hold, claims that follow the layers, a page for the board."""

from __future__ import annotations

import itertools
import json
import math
import re
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drillyard.cli.app import main
from drillyard.containment.games.gaussian import caught_share
from drillyard.containment.horizon.assumptions import AssumptionChange, change_assumptions, default_assumptions
from drillyard.containment.horizon.layers import Layer, default_layers, strengthen
from drillyard.containment.horizon.risk import case_risk, risk
from drillyard.containment.horizon.sampling import build_scenarios, draw_independent, ids_of
from drillyard.containment.horizon.setting import HorizonSetting
from drillyard.containment.strategy.grounds import ceiling_range
from drillyard.containment.strategy.paper import render_board, write_board
from drillyard.containment.strategy.plan import Strategy, make_strategy
from drillyard.containment.strategy.search import maximal_sets, search
from drillyard.containment.strategy.system import SiteEvidence, SystemSpec, check_system, read_system
from drillyard.containment.strategy.words import SETTING_WORDS, ends_at, percent, sentence
from drillyard.errors import BadInput

EXAMPLE = Path(__file__).parents[3] / "examples" / "oracle" / "system.yaml"
FILE = {
    "system.yaml": SystemSpec,
    "own_layers": Layer,
    "assumptions": AssumptionChange,
    "setting": HorizonSetting,
    "shown": SiteEvidence,
}
SMALL = ("query-classes", "bandwidth", "erasure", "hold", "human-release", "kill-switch")


@pytest.fixture(scope="module")
def strategy() -> Strategy:
    """The example, with few draws."""
    return make_strategy(read_system(EXAMPLE), draws=2000)


@pytest.mark.parametrize(("usefulness", "hours"), [(0.3, 200.0), (0.6, 20.0), (0.9, 500.0)])
def test_the_chosen_set_is_the_best_of_all_sets(usefulness: float, hours: float) -> None:
    """Every subset of six layers is weighed one by one; none within the budgets has a lower worst case."""
    spec = SystemSpec(layers=SMALL, usefulness=usefulness, staff_hours=hours)
    found = search(spec)
    assumptions = default_assumptions()
    hard = build_scenarios(assumptions, [(one,) for one in ids_of(assumptions)])
    lowest = 1.0
    for count in range(len(SMALL) + 1):
        for some in itertools.combinations(spec.candidates, count):
            useful, taken = np.prod([one.useful for one in some]), sum(one.hours for one in some)
            if useful >= usefulness and taken <= hours:
                lowest = min(lowest, float(case_risk(hard, some, spec.setting, spec.years).max()))
    assert lowest - 1e-6 <= found.best.worst <= lowest + 0.005 + 1e-6
    assert found.best.usefulness >= usefulness - 1e-9 and found.best.hours <= hours


def test_no_layer_fits_beside_a_maximal_set() -> None:
    """Each set is within both budgets and holds what is required; adding any other layer breaks a budget."""
    layers = default_layers()
    sets = maximal_sets(layers, 0.5, 60.0, required=("hold",))
    assert sets
    for chosen in sets:
        names = {layers[i].name for i in chosen}
        assert "hold" in names
        for extra in [None, *(i for i in range(len(layers)) if i not in chosen)]:
            some = [layers[i] for i in (*chosen, *([] if extra is None else [extra]))]
            fits = np.prod([one.useful for one in some]) >= 0.5 - 1e-9 and sum(one.hours for one in some) <= 60
            assert bool(fits) is (extra is None)


def test_more_usefulness_costs_worst_case_or_mean(strategy: Strategy) -> None:
    """Along the frontier usefulness rises and the worst case does not fall by more than what counts as equal."""
    points = strategy.search.frontier
    assert len(points) >= 4
    for low, high in itertools.pairwise(points):
        assert high.usefulness >= low.usefulness - 1e-9 and high.worst >= low.worst - 0.005 - 1e-9
    assert strategy.search.bare.mean > strategy.search.best.mean > 0
    assert set(strategy.spec.required) <= set(strategy.search.best.layers)


def states(spec: SystemSpec) -> dict[str, str]:
    """Return the state of each claim, with few draws."""
    return {one.id: one.state for one in make_strategy(spec, draws=500).claims}


def test_claims_follow_the_layers() -> None:
    """Without erasure scoring steering pays; what no chosen layer speaks of is not shown."""
    bare = make_strategy(SystemSpec(layers=("hold", "kill-switch"), usefulness=0.1, staff_hours=500), draws=500)
    found = {one.id: one.state for one in bare.claims}
    assert found["C3"] == "fails in the model" and found["C2"] == found["C4"] == "not shown" and not bare.holds
    erased = states(SystemSpec(layers=("erasure", "bandwidth"), usefulness=0.1, staff_hours=500))
    assert erased["C2"] == erased["C3"] == "holds in the model"
    assert all(one.defeaters for one in bare.claims)


def test_steering_can_fail_behind_erasure() -> None:
    """At a leak l and a slope b an answer bends by l b / 2: over .05 for b above .5 where a fifth leaks."""
    leaky = Layer(name="leaky-erasure", multiplies="steering", factor=0.2)
    spec = SystemSpec(layers=("bandwidth",), own_layers=(leaky,), usefulness=0.1, staff_hours=500)
    found = make_strategy(spec, draws=4000)
    assert found.claims[2].state == "fails in the model"
    assert found.evidence.gap == pytest.approx(0.2 * 0.75 / 2, abs=3e-3)  # slopes are uniform from 0 to 1.5
    assert found.evidence.gap_over == pytest.approx(2 / 3, abs=0.03)


def test_bits_are_those_of_the_risk() -> None:
    """A wider answer raises the bits and the risk at once; a budget that answers exceed is a claim that fails."""
    spec = SystemSpec(layers=("bandwidth",), usefulness=0.1, staff_hours=500, bits_a_year=85_000)
    narrow, wide = (
        make_strategy(spec.model_copy(update={"answer": one}), draws=500) for one in ("grid-21", "days-3650")
    )
    assert (
        narrow.evidence.answer_bits == pytest.approx(math.log2(22)) and narrow.claims[1].state == "holds in the model"
    )
    assert narrow.evidence.bits_per_year == pytest.approx(18_250 * math.log2(22))
    assert wide.claims[1].state == "fails in the model"
    assert wide.horizon.risk.final.risk.value > narrow.horizon.risk.final.risk.value


def test_audits_are_those_of_the_risk() -> None:
    """In the first year nothing has moved: the Gaussian's catch, to the power of what the attacker rehearses.

    Thirty rehearsals leave next to nothing, and they raise the risk with it.
    """
    spec = SystemSpec(layers=("trusted-monitor",), usefulness=0.1, staff_hours=500, years=1, safety=0.3)
    found = {tries: make_strategy(spec.model_copy(update={"tries": tries}), draws=500) for tries in (1, 3, 30)}
    for tries, one in found.items():
        assert one.evidence.caught_first == pytest.approx(caught_share(2.5, 0.05) ** tries, abs=1e-3)
        assert one.evidence.caught_first == one.evidence.caught_last and one.evidence.audit_share == 0.05
    assert found[3].claims[3].state == "holds in the model" and found[30].claims[3].state == "fails in the model"
    assert found[30].evidence.caught_first < 0.002
    assert found[1].horizon.risk.final.risk.value < found[30].horizon.risk.final.risk.value


def test_a_mean_within_the_limit_is_not_enough(strategy: Strategy) -> None:
    """The limit is put just above the mean: a third of draws is over it, and the claim fails until that is accepted."""
    mean = strategy.horizon.risk.final.risk.value
    spec = strategy.spec.model_copy(update={"limit": 1.01 * mean, "shown": ()})
    strict, lax = (make_strategy(spec.model_copy(update={"most_over": most}), draws=2000) for most in (0.1, 0.6))
    assert strict.horizon.holds and 0.1 < strict.horizon.risk.over < 0.6
    assert strict.claims[7].state == "fails in the model" and lax.claims[7].state == "holds in the model"
    assert percent(strict.horizon.risk.over) in strict.claims[7].evidence
    assert strict.horizon.risk.worst > 0.99 and percent(strict.horizon.risk.worst) in strict.verdict


def test_each_ground_is_the_case_without_it(strategy: Strategy) -> None:
    """Ranges, own layers and numbers of the installation are taken away and computed again, from outside."""
    by_id = {one.id: one for one in strategy.grounds}
    assert set(by_id) == {"A12", "A8", "offline-readers", "skill_ceiling", "tries", "all"}
    spec, chosen = strategy.spec, strategy.chosen
    told, setting = change_assumptions(spec.assumptions), spec.setting
    known = {
        one.id: change_assumptions([each for each in spec.assumptions if each.id != one.id]) for one in spec.assumptions
    }
    fewer = [one for one in chosen if one.name != "offline-readers"]
    free = setting.model_copy(update={"skill_ceiling": None})
    cases = {
        "A12": (chosen, known["A12"], setting),
        "A8": (chosen, known["A8"], setting),
        "offline-readers": (fewer, told, setting),
        "skill_ceiling": (chosen, told, free),
    }
    for name, (layers, assumptions, at) in cases.items():
        again = risk(layers, assumptions, years=10, limit=spec.limit, draws=2000, setting=at)
        assert by_id[name].without.risk == again.final.risk.value > strategy.horizon.risk.final.risk.value
        assert by_id[name].without.over == again.over and not by_id[name].without.holds
    assert by_id["A12"].by == "the operator" and "0.01 % to 10 %" in by_id["A12"].words
    assert by_id["all"].without.risk > max(one.without.risk for one in strategy.grounds[:-1])


def test_the_ceiling_is_a_range_over_the_factors(strategy: Strategy) -> None:
    """Layers half as good end the case at less skill, twice as good at more; what is measured stays as it is."""

    def order(skill: float | None) -> float:
        return -math.inf if skill is None else skill

    ends = strategy.ends
    assert order(ends.weaker) < order(ends.stated) < order(ends.stronger)
    layers = tuple(one.model_copy(update={"measured": "drills"}) for one in strategy.chosen)
    same = ceiling_range(strategy.spec, layers, strategy.horizon.ceiling, 1, 2000)
    assert same.weaker == same.stated == same.stronger


@given(st.sampled_from(default_layers()), st.floats(0.25, 4), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_a_stronger_layer_lets_less_pass(layer: Layer, times: float, seed: int) -> None:
    """Whatever the draw, and twice as good is half of what passes where nothing weakens a factor."""
    values = draw_independent(default_assumptions(), 20, np.random.default_rng(seed))
    before, after = (case_risk(values, [one], HorizonSetting(), 3) for one in (layer, strengthen(layer, times)))
    assert np.all(after <= before + 1e-6) if times >= 1 else np.all(after >= before - 1e-6)
    if layer.factor and layer.multiplies != "bits":
        assert strengthen(layer, 2.0).factor == pytest.approx(layer.factor / 2)


def test_what_the_site_shows_counts_until_it_is_stale() -> None:
    """Evidence for C6 turns an undeveloped claim into one that holds, and back when its day has passed."""
    shown = SiteEvidence(claim="C6", evidence="drill of 2 May: 40 ms to the last output", expires=date(2027, 5, 1))
    spec = SystemSpec(layers=("kill-switch",), usefulness=0.1, staff_hours=500, shown=(shown,))
    for today, state in ((date(2027, 4, 1), "shown by the site"), (date(2027, 6, 1), "not shown")):
        found = make_strategy(spec, draws=500, today=today)
        assert found.claims[5].state == state and "40 ms" in found.claims[5].evidence and not found.holds


def test_the_verdict_begins_with_the_ceiling(strategy: Strategy) -> None:
    """The skill above which the case is void stands first, and beside it that over the layers' factors."""
    assert strategy.verdict.startswith(strategy.horizon.ceiling.words) and "half as good" in strategy.verdict
    assert strategy.does_not_show


def test_a_model_without_a_ceiling_is_no_evidence() -> None:
    """Where no skill tried breaks the limit, the claim is not shown and the evidence says why."""
    spec = read_system(EXAMPLE).model_copy(update={"limit": 0.9})
    found = make_strategy(spec, draws=500)
    assert found.horizon.ceiling.words.startswith("Holds at every skill")
    assert (
        found.claims[-1].state == "not shown" and "for want of what the model leaves out" in found.claims[-1].evidence
    )


def test_the_budgets_of_the_example_force_a_choice(strategy: Strategy) -> None:
    """Some layers are left out; each breaks a budget beside the chosen ones, and the paper says which."""
    left = strategy.search.left_out
    assert left and {one.layer for one in left} == {one.name for one in strategy.spec.candidates} - {
        one.name for one in strategy.chosen
    }
    assert all(one.hours_over > 0 or one.usefulness_short > 0 for one in left)
    assert all(one.with_it.mean <= strategy.search.best.mean + 1e-6 for one in left)
    cost, spec = strategy.cost, strategy.spec
    assert cost.hours == pytest.approx(strategy.search.best.hours * 18.25) and cost.posts == cost.hours / 1600
    assert cost.money == pytest.approx(95_000 * cost.posts + 15_000) and spec.owner and spec.expires


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"layers": ("moat",)}, "found layers moat, expected some of query-classes"),
        ({"required": ("moat",)}, "found required layers moat, expected some of"),
        ({"answer": "essay"}, "essay"),
    ],
)
def test_unknown_parts_are_said(change: dict[str, object], line: str) -> None:
    """One line each."""
    with pytest.raises(BadInput, match=line):
        check_system(SystemSpec().model_copy(update=change))


def test_budgets_that_cannot_be_kept_are_said() -> None:
    """Two people who release take 120 hours; 10 are not enough, and the line says what they would take."""
    spec = SystemSpec(required=("human-release",), staff_hours=10)
    with pytest.raises(BadInput, match="take 120 hours, expected budgets that they fit in; raise staff_hours"):
        search(spec)


def test_the_paper_is_one_file_that_asks_first(strategy: Strategy, tmp_path: Path) -> None:
    """The question is the first sentence; grounds, risk and end come before what is proposed; names are escaped."""
    page = write_board(strategy, tmp_path).read_text(encoding="utf-8")
    body = re.sub(r"<[^>]+>", " ", page.split("<body>")[1]).split()
    assert " ".join(body[:8]) == "May the forecasting service run for 10 years" and body[8] == "behind"
    first, rest = page.split('<h2 class="page">', 1)
    for said in (
        "head of the forecasting desk",
        "1\N{NO-BREAK SPACE}December\N{NO-BREAK SPACE}2027",
        f"EUR {strategy.cost.money:,.0f}",
        "What this rests on",
        "the operator",
        "Where the case ends",
        percent(strategy.horizon.risk.over).replace(" ", "\N{NO-BREAK SPACE}"),
    ):
        assert said in first, said
    assert all(percent(one.without.risk).replace(" ", "\N{NO-BREAK SPACE}") in first for one in strategy.grounds)
    assert all(f">{name.replace('-', ' ')}<span" in rest for name in strategy.search.best.layers)
    assert all(f"{one.id} {one.words.split(' %')[0]}" in rest for one in strategy.claims)
    assert all(f">A{i} <span" in rest for i in range(1, 18)) and "{" not in rest.split("</h2>", 1)[1]
    assert page.count("<svg") == 2 and "<script" not in page and 'href="http' not in page
    assert Strategy.from_json((tmp_path / "strategy.json").read_bytes()) == strategy
    named = strategy.model_copy(update={"spec": strategy.spec.model_copy(update={"name": "<b>oracle</b>"})})
    assert "&lt;b&gt;oracle&lt;/b&gt;" in render_board(named).decode()


def test_assumptions_are_sentences() -> None:
    """Each of the seventeen, with every range but the phase of jumps and how fast monitors fall behind; as claimed."""
    for one in default_assumptions().assumptions:
        named = set(re.findall(r"{(\w+)", one.plain))
        assert named == {each.name for each in one.parameters} - {"jump_phase", "kappa"} and one.plain.endswith(".")
        assert "{" not in sentence(one)
    claimed = change_assumptions(read_system(EXAMPLE).assumptions)
    assert "0.001 % to 0.2 % a year" in next(sentence(one) for one in claimed.assumptions if one.id == "A12")
    assert set(SETTING_WORDS) == set(HorizonSetting.model_fields)
    assert [percent(x) for x in (0, 0.0003, 0.0498, 0.25, 0.999, 1)] == [
        "0 %",
        "under 0.1 %",
        "5 %",
        "25 %",
        "over 99 %",
        "100 %",
    ]
    assert [percent(x, 0.05) for x in (0.05, 0.0503, 0.0498, 0.053)] == ["5 %", "5.03 %", "4.98 %", "5.3 %"]
    assert percent(0.996, 1.0) == "over 99 %" and percent(1.0, 1.0) == "100 %"
    assert [ends_at(x) for x in (None, 0.0, math.log(5600), 20.0)] == [
        "holds at no skill",
        "1 times",
        "5,600 times",
        "no end found",
    ]


def test_the_docs_list_every_field() -> None:
    """The page names each field of a system, of its layers, claims and evidence, and no field that is none."""
    page = (EXAMPLE.parents[2] / "docs" / "how-to" / "strategy.md").read_text(encoding="utf-8")
    for heading, record in FILE.items():
        table = page.split(f"### {heading}\n\n", 1)[1].split("\n\n", 1)[0]
        assert re.findall(r"^\| `(\w+)`", table, flags=re.MULTILINE) == list(record.model_fields), heading


def test_the_command_prints_one_document(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The same command with --json prints the strategy and writes the paper."""
    code = main(["contain", "plan", str(EXAMPLE), "--draws", "300", "-o", str(tmp_path), "--json"])
    data = json.loads(capsys.readouterr().out)
    assert code == (0 if data["holds"] else 1) and len(data["claims"]) == 9 and (tmp_path / "board.html").is_file()


def test_a_wrong_file_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """An unknown field exits 2."""
    (tmp_path / "s.yaml").write_text("colour: red\n")
    assert main(["contain", "plan", str(tmp_path / "s.yaml")]) == 2
    assert "colour" in capsys.readouterr().err
