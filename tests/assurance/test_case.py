"""A case folder: what is refused, in one line each; how evidence ages; what controls count."""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from drillyard.assurance.argument.check import check_case_argument
from drillyard.assurance.argument.elements import read_argument
from drillyard.assurance.case import read_case_spec, run_files
from drillyard.assurance.drawn import DrawnCase, freshness, open_case
from drillyard.assurance.evidence import pin_runs
from drillyard.assurance.loss.curve import loss_curves, report_loss
from drillyard.assurance.posterior import of_estimate
from drillyard.assurance.value.invest import invest
from drillyard.errors import BadInput
from drillyard.records import Estimate

EXAMPLES = Path(__file__).parents[2] / "examples" / "assurance"
TODAY = date(2026, 11, 29)
DAYS = {"made": "2026-11-01", "until": "2027-05-01"}
Edit = Callable[[dict[str, Any]], None]


def assumed(**spread: Any) -> dict[str, Any]:
    """Return an assumption."""
    return {"kind": "assumed", "by": "somebody", **spread, **DAYS}


def small() -> dict[str, Any]:
    """Return a case with one scenario and two controls, measured on one small run."""
    effect = {"passes": {"kind": "measured", "file": "runs/guard.json", "at": "passed"}}
    other = {"passes": {"kind": "measured", "file": "runs/guard.json", "at": "other"}}
    return {
        "title": "A case",
        "system": "the assistant",
        "owner": "somebody",
        "decide_by": "2027-01-01",
        "currency": "EUR",
        "appetite": {"loss": 500_000, "chance": 0.05},
        "measured_on": {"runs/guard.json": "2026-11-29"},
        "scenarios": [
            {
                "id": "harm",
                "title": "Harm",
                "uses": assumed(low=90_000, high=110_000),
                "rate": {"kind": "measured", "file": "runs/guard.json", "at": "rate"},
                "harm": assumed(value=0.0005),
                "severity": assumed(low=10_000, high=200_000),
                "doubt": 1.0,
            }
        ],
        "controls": [
            {"id": "guard", "title": "A guard", "yearly": assumed(value=20_000), "effects": {"harm": effect}},
            {"id": "review", "title": "A review", "yearly": assumed(value=30_000), "effects": {"harm": other}},
        ],
    }


def write(folder: Path, edit: Edit = lambda case: None, run: dict[str, Any] | None = None) -> Path:
    """Write a case folder, pinned."""
    case = small()
    edit(case)
    counts = {
        "passed": {"shown": 20, "absent": 80},
        "other": {"shown": 40, "absent": 60},
        "worse": [True] * 9 + [False],
    }
    rate = {"shown": 30, "absent": 970, "unknown": 0}
    (folder / "runs").mkdir(parents=True, exist_ok=True)
    (folder / "runs" / "guard.json").write_text(json.dumps({"rate": rate, **counts, **(run or {})}))
    (folder / "case.yaml").write_text(yaml.safe_dump(json.loads(json.dumps(case, default=str))))
    spec = read_case_spec(folder, TODAY)
    pin_runs(folder, run_files(spec), TODAY, spec.measured_on)
    return folder


def opened(folder: Path, edit: Edit = lambda case: None, run: dict[str, Any] | None = None) -> DrawnCase:
    """Write and open a case folder."""
    return open_case(write(folder, edit, run), TODAY, draws=800)


BAD: dict[str, tuple[Edit, str]] = {
    "reversed": (lambda c: c["scenarios"][0]["uses"].update(low=9, high=3), "not the reversed 9 to 3"),
    "negative": (
        lambda c: c["controls"][0].update(yearly=assumed(value=-5)),
        "-5 in guard.yearly, expected amounts of",
    ),
    "negative lognormal": (lambda c: c["scenarios"][0]["uses"].update(low=-2, high=3), "low above 0 for a lognormal"),
    "share": (
        lambda c: c["scenarios"][0].update(harm=assumed(value=2)),
        "2 in harm.harm, expected a share of at most 1",
    ),
    "shared share": (
        lambda c: c.update(inputs={"lost": assumed(low=2, high=3)}, scenarios=[c["scenarios"][0] | {"harm": "lost"}]),
        "3 in lost, expected a share of at most 1",
    ),
    "count as share": (
        lambda c: c["scenarios"][0]["rate"].update(at="rate.absent"),
        "970 at runs/guard.json: rate.absent in harm.rate, expected a figure from 0 to 1",
    ),
    "huge": (lambda c: c["scenarios"][0]["severity"].update(high=9e200), "expected amounts of at most 1e.15"),
    "currency": (lambda c: c["controls"][0]["yearly"].update(currency="CAD"), "CAD in guard.yearly, expected EUR"),
    "no currency": (lambda c: c.update(currency="Euros"), "the currency 'Euros', expected three capital letters"),
    "excludes itself": (
        lambda c: c["controls"][0].update(excludes=["guard"]),
        "guard with 'guard' under needs or excludes, expected another control: review",
    ),
    "half a range": (
        lambda c: c["scenarios"][0]["uses"].pop("low"),
        r"field 'scenarios.0.uses.assumed': found fields by, high, kind, made, until, expected: value, or low and high",
    ),
    "past": (lambda c: c.update(decide_by="2026-01-01"), "decide_by 2026-01-01, which has passed"),
    "future": (
        lambda c: c["scenarios"][0]["uses"].update(made="2027-01-01"),
        "made on 2027-01-01, expected a day up to",
    ),
    "days": (lambda c: c["scenarios"][0]["uses"].update(until="2026-10-01"), "until after made"),
    "unknown input": (lambda c: c["scenarios"][0].update(uses="visits"), "'visits' in harm.uses, expected an input"),
    "no such scenario": (
        lambda c: c["controls"][0]["effects"].update(x={"passes": assumed(value=1)}),
        "on 'x', expected",
    ),
    "both effects": (
        lambda c: c["controls"][0]["effects"]["harm"].update(after=assumed(value=1)),
        "expected `passes`, or `after` and `before`",
    ),
    "double": (
        lambda c: c["controls"][1]["effects"].update(c["controls"][0]["effects"]),
        "as the effect of guard and of review on harm, expected a measurement counted once",
    ),
    "twice": (lambda c: c["controls"][1].update(id="guard"), "the control 'guard' twice"),
    "no place": (
        lambda c: c["scenarios"][0]["rate"].update(at="rates"),
        "no 'rates' at runs/guard.json: rates, expected one of: other, passed, rate",
    ),
    "outside": (lambda c: c["scenarios"][0]["rate"].update(file="../x.json"), "expected a path inside the case folder"),
    "gone": (lambda c: c["scenarios"][0]["rate"].update(file="runs/x.json"), "no run at .*, expected the file of a"),
    "evaluation": (
        lambda c: c.update(evaluation={"input": "harm.uses", "per_query": 1}),
        "evaluation of 'harm.uses', expected a measured input: harm.rate",
    ),
    "curve": (lambda c: c.update(prices={"latency": [[5, 0], [1, 0]]}), "expected rising milliseconds"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_with_a_case_is_one_line(name: str, tmp_path: Path) -> None:
    """Found, expected, what to type next; nothing is computed before."""
    edit, words = BAD[name]
    with pytest.raises(BadInput, match=words) as caught:
        opened(tmp_path, edit)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("alias", [{"file": "./runs/guard.json"}, {"file": "runs/copy.json"}, {"at": "all[1]"}])
def test_one_measurement_by_two_names_is_counted_once(alias: dict[str, str], tmp_path: Path) -> None:
    """A copied run, another path or another way to its place makes no second measurement."""
    rows = [{"of": "a", "out": {"shown": 1, "absent": 9}}, {"of": "b", "out": {"shown": 2, "absent": 8}}]
    first = {"kind": "measured", "file": "runs/guard.json", "at": "all[of=b].out"}
    second = {**first, **alias}
    second["at"] = second["at"].removesuffix(".out") + ".out"

    def edit(case: dict[str, Any]) -> None:
        for control, passes in zip(case["controls"], (first, second), strict=True):
            control["effects"]["harm"] = {"passes": passes}
        case["together"] = [{"controls": ["guard", "review"], "independent_by": "somebody"}]

    (tmp_path / "runs").mkdir()
    run = {"rate": {"shown": 30, "absent": 970, "unknown": 0}, "passed": 1, "other": 1, "worse": 1, "all": rows}
    counts = {"passed": {"shown": 20, "absent": 80}, "other": {"shown": 40, "absent": 60}}
    run.update(counts, worse=[True] * 9 + [False])
    (tmp_path / "runs" / "copy.json").write_text(json.dumps({"rate": run["rate"], **counts, **run}))
    with pytest.raises(BadInput, match="expected a measurement counted once"):
        opened(tmp_path, edit, run=run)


@pytest.mark.parametrize("rate", [{"shown": -5, "absent": 9}, {"shown": "3", "absent": 9}, math.nan, math.inf])
def test_a_run_with_broken_figures_is_one_line(rate: Any, tmp_path: Path) -> None:
    """Negative counts, words for numbers and what JSON calls NaN are refused, not computed with."""
    with pytest.raises(BadInput, match=r"at runs/guard.json: rate, expected"):
        opened(tmp_path, run={"rate": rate})


def test_no_draw_leaves_what_its_place_allows(tmp_path: Path) -> None:
    """Tails of a wide range are cut: a share above 1 or a negative amount would be money that is not there."""

    def edit(case: dict[str, Any]) -> None:
        case["scenarios"][0].update(harm=assumed(low=0.3, high=0.99))
        case["scenarios"][0].update(uses=assumed(low=10, high=90_000, shape="normal"))

    case = opened(tmp_path, edit)
    assert case.values["harm.harm"].max() == 1 and case.values["harm.uses"].min() == 0
    assert math.isclose(case.certificate("harm.harm").high, 0.99, rel_tol=1e-6)


def test_an_estimate_that_is_no_share_keeps_its_size() -> None:
    """A waiting time of 350 ms is drawn around 350, not squeezed into 0 … 1."""
    found = of_estimate(Estimate(value=350, low=300, high=420, n=40, method="bootstrap"))
    assert np.allclose(found.quantile(np.array([0.025, 0.5, 0.975])), [300, 350, 420])


def test_a_run_that_changed_is_refused_until_it_is_pinned(tmp_path: Path) -> None:
    """The line names the run and what to type; pinning takes it, and says which run changed."""
    folder = write(tmp_path)
    path = folder / "runs" / "guard.json"
    path.write_text(path.read_text().replace("970", "969"))
    with pytest.raises(BadInput, match=r"runs/guard.json changed since it was pinned .* drillyard case pin"):
        open_case(folder, TODAY)
    assert pin_runs(folder, ["runs/guard.json"], TODAY, {})[1] == ("runs/guard.json",)
    assert pin_runs(folder, ["runs/guard.json"], TODAY, {})[1] == ()
    open_case(folder, TODAY, draws=200)


def test_a_figure_that_two_places_name_is_one_input(tmp_path: Path) -> None:
    """Its draws are the same, so nothing is gained by measuring a thing against itself."""

    def edit(case: dict[str, Any]) -> None:
        same = case["scenarios"][0]["rate"]
        case["controls"][0]["effects"]["harm"] = {"after": dict(same), "before": dict(same)}

    (curve,) = loss_curves(opened(tmp_path, edit), [("guard",)], inner=50)
    (inherent,) = loss_curves(opened(tmp_path, edit), [()], inner=50)
    assert curve.mean == inherent.mean


def test_overlapping_controls_are_never_multiplied_in_silence(tmp_path: Path) -> None:
    """Not measured together, only the better one counts; measured together, that; on somebody's word, the product."""
    case = opened(tmp_path / "a")
    alone, both = loss_curves(case, [("guard",), ("guard", "review")], inner=50)
    assert both.mean == alone.mean and "review beside guard: not measured together" in both.notes[0]

    def word(spec: dict[str, Any]) -> None:
        spec["together"] = [{"controls": ["guard", "review"], "independent_by": "the auditor"}]

    (product,) = loss_curves(opened(tmp_path / "b", word), [("guard", "review")], inner=50)
    assert product.mean and alone.mean and math.isclose(product.mean.value / alone.mean.value, 0.4, rel_tol=0.03)
    assert "multiplied: independent by the word of the auditor" in product.notes[0]

    def joint(spec: dict[str, Any]) -> None:
        effect = {"passes": {"kind": "measured", "file": "runs/guard.json", "at": "both"}}
        spec["together"] = [{"controls": ["guard", "review"], "effects": {"harm": effect}}]

    run = {"both": {"shown": 30, "absent": 70}}
    (measured,) = loss_curves(opened(tmp_path / "c", joint, run), [("guard", "review")], inner=50)
    assert measured.mean and measured.mean.value > alone.mean.value, "measured together they let more through"


def test_a_control_that_makes_things_worse_says_so(tmp_path: Path) -> None:
    """A ratio above 1 is kept, told, and makes the loss larger."""

    def edit(case: dict[str, Any]) -> None:
        after = {"kind": "measured", "file": "runs/guard.json", "at": "worse"}
        case["controls"][0]["effects"]["harm"] = {"after": after, "before": assumed(value=0.5)}

    before, after = loss_curves(opened(tmp_path, edit), [(), ("guard",)], inner=50)
    assert after.mean and before.mean and after.mean.value > 1.4 * before.mean.value
    assert "guard makes it worse" in after.notes[0]


def test_a_tail_without_a_mean_gets_none(tmp_path: Path) -> None:
    """Quantiles are given, the mean is refused; a cap brings it back."""

    def heavy(case: dict[str, Any], cap: float | None = None) -> None:
        case["scenarios"][0].update(severity=assumed(shape="pareto", low=10_000, alpha=0.9), cap=cap)

    found = report_loss(opened(tmp_path / "a", heavy), inner=50).curves[0]
    assert found.mean is None and found.tvar99 is None and found.var99.value > 0
    assert any("has no mean" in note for note in found.notes)
    capped = report_loss(opened(tmp_path / "b", lambda case: heavy(case, 1e6)), inner=50).curves[0]
    assert capped.mean and capped.tvar99 and capped.var99.value <= found.var99.value * 1.01


def test_zero_hits_are_a_bound(tmp_path: Path) -> None:
    """No failure in 300 is no loss of zero: the mean is what half a failure would cost, the band reaches a bound."""
    found = report_loss(opened(tmp_path, run={"rate": {"shown": 0, "absent": 300}}), inner=50).curves[0]
    assert found.mean and found.mean.low < found.mean.value / 10 < found.mean.value < found.mean.high


def test_old_evidence_widens_then_expires(tmp_path: Path) -> None:
    """Fresh until its day, then its band grows, then it has expired; it is never sharper."""
    made, until = date(2026, 1, 1), date(2026, 7, 1)
    states = [freshness(made, until, day) for day in (date(2026, 6, 1), date(2026, 10, 1), date(2027, 3, 1))]
    assert [state for state, _ in states] == ["fresh", "stale", "expired"]
    weights = [weight for _, weight in states]
    assert weights == sorted(weights, reverse=True)
    folder = write(tmp_path, lambda case: case.update(decide_by="2030-01-01"))
    spans = []
    for day in (TODAY, date(2027, 8, 1), date(2028, 8, 1)):
        case = open_case(folder, day, draws=400)
        spans.append([one.high - one.low for one in case.certificates if one.name in ("harm.rate", "harm.uses")])
    assert all(a < b < c for a, b, c in zip(*spans, strict=True))


def test_pinning_makes_no_run_younger(tmp_path: Path) -> None:
    """The age is the run's own or the case's word; without either it is stale, however freshly it is pinned."""
    fresh = open_case(write(tmp_path / "a"), TODAY, draws=200).certificate("harm.rate")
    nameless = write(tmp_path / "b", lambda case: case.pop("measured_on"))
    unknown = open_case(nameless, TODAY, draws=200).certificate("harm.rate")
    assert unknown.age == "stale" and "of unknown age" in unknown.origin
    assert fresh.age == "fresh" and unknown.high - unknown.low > fresh.high - fresh.low
    dated = write(tmp_path / "c", lambda case: case.pop("measured_on"), {"made": {"date": "2025-01-01T12:00:00Z"}})
    for _ in range(2):
        assert open_case(dated, TODAY, draws=200).certificate("harm.rate").age == "expired"
        (dated / "pins.json").unlink()
        with pytest.raises(BadInput, match=r"no pin for the run .* drillyard case pin"):
            open_case(dated, TODAY)
        pin_runs(dated, ["runs/guard.json"], TODAY, {})
    with pytest.raises(BadInput, match="expected 2025-01-01, as the run itself says"):
        pin_runs(dated, ["runs/guard.json"], TODAY, {"runs/guard.json": TODAY})
    with pytest.raises(BadInput, match="measured_on of 'x.json', expected a run of the case"):
        pin_runs(dated, ["runs/guard.json"], TODAY, {"x.json": TODAY})
    with pytest.raises(BadInput, match="measured on 2030-01-01, expected a day up to 2026-11-29"):
        pin_runs(nameless, ["runs/guard.json"], TODAY, {"runs/guard.json": date(2030, 1, 1)})


def test_examples_are_what_they_say(tmp_path: Path) -> None:
    """Every example opens with its pins as they stand in the repository."""
    for name in ("helpdesk", "internal", "unmeasured"):
        shutil.copytree(EXAMPLES / name, tmp_path / name)
        open_case(tmp_path / name, TODAY, draws=200)


def test_the_least_case_of_the_guide_is_one(tmp_path: Path) -> None:
    """Case, run and argument as the how-to prints them: they open, decide and hold."""
    guide = (EXAMPLES.parents[1] / "docs" / "how-to" / "board.md").read_text()
    case, argument = re.findall(r"^```yaml\n(.*?)^```", guide, re.M | re.S)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "test.json").write_text(re.findall(r"^```json\n(.*?)^```", guide, re.M | re.S)[0])
    (tmp_path / "case.yaml").write_text(case)
    (tmp_path / "argument.yaml").write_text(argument)
    spec = read_case_spec(tmp_path, TODAY)
    pin_runs(tmp_path, run_files(spec), TODAY, spec.measured_on)
    assert invest(open_case(tmp_path, TODAY, draws=400)).decision == "fund"
    assert check_case_argument(read_argument(tmp_path), tmp_path, TODAY).state == "holds"
