"""The strategy: the best set by brute force, budgets that hold, claims that follow the layers, a page for the board."""

from __future__ import annotations

import itertools
import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from drillyard.cli.app import main
from drillyard.containment.horizon.assumptions import default_assumptions
from drillyard.containment.horizon.layers import default_layers
from drillyard.containment.horizon.risk import case_risk
from drillyard.containment.horizon.sampling import ids_of, scenarios
from drillyard.containment.strategy.evidence import gather
from drillyard.containment.strategy.paper import render_board, write_board
from drillyard.containment.strategy.plan import Strategy, make_strategy
from drillyard.containment.strategy.search import maximal_sets, search
from drillyard.containment.strategy.system import SiteEvidence, SystemSpec, checked, read_system
from drillyard.errors import BadInput

EXAMPLE = Path(__file__).parents[3] / "examples" / "oracle" / "system.yaml"
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
    hard = scenarios(assumptions, [(one,) for one in ids_of(assumptions)])
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


def test_claims_follow_the_layers() -> None:
    """Without erasure scoring steering pays; without bandwidth or monitors these claims are undeveloped."""
    bare = make_strategy(SystemSpec(layers=("hold", "kill-switch"), usefulness=0.1, staff_hours=500), draws=500)
    states = {one.id: one.state for one in bare.claims}
    assert states["C3"] == "fails" and states["C2"] == states["C4"] == "undeveloped" and not bare.holds
    erased = make_strategy(SystemSpec(layers=("erasure", "bandwidth"), usefulness=0.1, staff_hours=500), draws=500)
    assert {one.id: one.state for one in erased.claims if one.id in ("C2", "C3")} == {"C2": "holds", "C3": "holds"}
    assert all(one.defeaters for one in (*bare.claims, *erased.claims))


def test_the_evidence_is_that_of_the_parts() -> None:
    """Gap and incentive of the reference question, bits of the grid, the reference game at 5 %."""
    found = gather(SystemSpec())
    assert not found.monitored
    assert (round(found.gap, 4), round(found.bits_per_year)) == (0.1, 80_160)
    assert found.incentive > 0 and found.incentive_erased == pytest.approx(0, abs=1e-9)
    assert round(found.audit_loss, 4) == 0.779 and found.certified


def test_bits_and_audits_can_fail() -> None:
    """An answer that carries more than the risk is computed with, and a safety that an informed attacker undoes."""
    layers = ("bandwidth", "trusted-monitor")
    spec = SystemSpec(layers=layers, usefulness=0.1, staff_hours=500, safety=0.0)
    sound = {one.id: one.state for one in make_strategy(spec, draws=500).claims}
    wide = spec.model_copy(update={"answer": "days-3650", "safety": 0.99})
    broken = {one.id: one.state for one in make_strategy(wide, draws=500).claims}
    assert (sound["C2"], sound["C4"]) == ("holds", "holds") and (broken["C2"], broken["C4"]) == ("fails", "fails")


def test_what_the_site_shows_counts_until_it_is_stale() -> None:
    """Evidence for C6 turns an undeveloped claim into one that holds, and back when its day has passed."""
    shown = SiteEvidence(claim="C6", evidence="drill of 2 May: 40 ms to the last output", expires=date(2027, 5, 1))
    spec = SystemSpec(layers=("kill-switch",), usefulness=0.1, staff_hours=500, shown=(shown,))
    for today, state in ((date(2027, 4, 1), "holds"), (date(2027, 6, 1), "undeveloped")):
        found = make_strategy(spec, draws=500, today=today)
        assert found.claims[5].state == state and "40 ms" in found.claims[5].evidence and not found.holds


def test_the_verdict_begins_with_the_ceiling(strategy: Strategy) -> None:
    """The skill above which the case is void stands first, and its claim holds."""
    assert strategy.verdict.startswith(strategy.horizon.ceiling.words) and "Void above" in strategy.verdict
    assert strategy.claims[-1].state == "holds" and strategy.does_not_show


def test_a_model_without_a_ceiling_is_no_evidence() -> None:
    """Where no skill tried breaks the limit, the claim stays undeveloped and the verdict says why."""
    spec = read_system(EXAMPLE).model_copy(update={"limit": 0.5})
    found = make_strategy(spec, draws=500)
    assert found.horizon.ceiling.words.startswith("Holds at every skill")
    assert found.claims[-1].state == "undeveloped" and found.verdict.startswith("The model finds no skill above which")


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
        checked(SystemSpec().model_copy(update=change))


def test_budgets_that_cannot_be_kept_are_said() -> None:
    """Two people who release take 120 hours; 10 are not enough, and the line says what they would take."""
    spec = SystemSpec(required=("human-release",), staff_hours=10)
    with pytest.raises(BadInput, match="take 120 hours, expected budgets that they fit in; raise staff_hours"):
        search(spec)


def test_the_paper_is_one_file_that_names_everything(strategy: Strategy, tmp_path: Path) -> None:
    """Verdict, every chosen layer, nine claims, four figures; nothing from elsewhere; names are escaped."""
    page = write_board(strategy, tmp_path).read_text(encoding="utf-8")
    assert page.index("verdict") < page.index("<table") and page.count("<svg") == 3
    assert all(f">{name}</th>" in page for name in strategy.search.best.layers)
    assert all(f"C{i} " in page for i in range(1, 10)) and "<script" not in page and 'href="http' not in page
    assert Strategy.from_json((tmp_path / "strategy.json").read_bytes()) == strategy
    named = strategy.model_copy(update={"spec": strategy.spec.model_copy(update={"name": "<b>oracle</b>"})})
    assert "&lt;b&gt;oracle&lt;/b&gt;" in render_board(named).decode()


def test_the_command_prints_one_document(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The example holds; the same command with --json prints the strategy and writes the paper."""
    code = main(["contain", "plan", str(EXAMPLE), "--draws", "2000", "-o", str(tmp_path), "--json"])
    data = json.loads(capsys.readouterr().out)
    assert code == (0 if data["holds"] else 1) and len(data["claims"]) == 9 and (tmp_path / "board.html").is_file()


def test_a_wrong_file_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """An unknown field exits 2."""
    (tmp_path / "s.yaml").write_text("colour: red\n")
    assert main(["contain", "plan", str(tmp_path / "s.yaml")]) == 2
    assert "colour" in capsys.readouterr().err
