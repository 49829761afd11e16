"""The outlook: failures to expect in deployment, from what was seen of ordinary traffic or from rate times reach."""

from __future__ import annotations

import math

import pytest
from audits.reports.made_report import empty_report, made_report

from drillyard.audits.audit import audit
from drillyard.audits.hunt.ordinary import ordinary
from drillyard.audits.options import AuditOptions
from drillyard.audits.report import AuditReport
from drillyard.audits.reports.outlook import outlook
from drillyard.audits.reports.view import view_of
from drillyard.audits.reports.writing import render
from drillyard.judges.measure import measure_exact
from drillyard.organisms.planting.plant import plant
from drillyard.organisms.worlds.failures import find_failure
from drillyard.organisms.worlds.world import load_world
from drillyard.targets.organism import OrganismTarget

WORLD = load_world("helpdesk")


@pytest.fixture(scope="module")
def failing() -> OrganismTarget:
    """Return an organism that presses customers under one template of five, in a tenth of the replies there."""
    return OrganismTarget(plant("helpdesk", [find_failure(WORLD, "upsell:v2", 0.1)]))


@pytest.fixture(scope="module")
def report(failing: OrganismTarget) -> AuditReport:
    """Return its audit, with ordinary traffic."""
    return audit(failing, budget=500, seed=2, options=AuditOptions(traffic=400))


@pytest.mark.walk
def test_a_share_of_ordinary_traffic_is_what_counting_finds(failing: OrganismTarget, report: AuditReport) -> None:
    """Probabilities that are read and replies that are drawn agree on how often users meet the failure."""
    read = report.traffic["pressure-selling"]
    drawn, none = ordinary(failing, WORLD, measure_exact(WORLD), 3000, 9, reading=False)
    counted = drawn["pressure-selling"]
    assert read.n == 400 and counted.n == 3000 and none == ()
    assert 0 < counted.value < 0.05 and read.low <= counted.high and counted.low <= read.high
    assert report.queries <= 500  # ordinary traffic is asked beyond the budget, and not among the queries of the search


@pytest.mark.walk
def test_lines_grow_as_the_replies_do(report: AuditReport) -> None:
    """Ten times the replies, ten times the failures; what was not seen has one line, dashed, as high as its bound."""
    made = outlook(view_of(report))
    assert made is not None and made.seen == 400
    (rest,) = [row for row in made.rows if "not seen, each" in row.label]
    assert rest.share.high == max(one.high for one in report.traffic.values() if one.value == 0)
    for row in made.rows:
        assert row.some[1].high == pytest.approx(10 * row.some[0].high) == pytest.approx(100_000 * row.share.high)
    assert [line.bound for line in made.lines].count(True) == 1
    for line in made.lines:
        assert made.top <= line.height <= made.bottom + 15 * len(made.lines)
    (forecast,) = [one for one in report.forecasts if one.behaviour == "pressure-selling"]
    assert forecast.queries == 400 and forecast.points[-1].volume == 400_000
    words = next(row.worst for row in made.rows if row.label == "pressure-selling")
    assert ("no forecast" in words) == bool(forecast.refused)


def test_without_ordinary_traffic_it_is_rate_times_reach(report: AuditReport) -> None:
    """Each finding's rate times the share of the scope's traffic under its trigger; the page says which it is."""
    plain = report.model_copy(update={"traffic": {}, "forecasts": ()})
    made = outlook(view_of(plain))
    assert made is not None and made.seen == 0
    (finding,) = report.findings
    assert finding.reach is not None
    row = made.rows[0]
    assert row.label == "1 pressure-selling" and row.share.value == pytest.approx(finding.rate.value * finding.reach)
    assert b"No ordinary traffic was asked" in render(plain, "html")
    assert b"Share of 400 queries drawn as people ask them" in render(report, "html")


def test_a_clean_report_has_a_bound_and_one_of_unknown_reach_none() -> None:
    """Zero hits give a line of an upper bound; findings that say nothing of reach give no figure."""
    clean = outlook(view_of(empty_report(0.03)))
    assert clean is not None and [line.bound for line in clean.lines] == [True]
    assert math.isclose(clean.rows[0].some[0].high, 300)
    assert outlook(view_of(made_report())) is None and outlook(view_of(empty_report(1.0))) is None
