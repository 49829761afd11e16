"""The FMEA: scores from published anchors, products and ranks by hand, bounds that stay bounds, whole pages."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.audits.fmea import Fmea, analyse
from drillyard.audits.fmea_report import fmea_csv, fmea_page, verdict, write_fmea
from drillyard.audits.fresh import draw_traffic
from drillyard.audits.recheck import Recheck
from drillyard.audits.report import AuditReport
from drillyard.audits.scales import DETECTION, OCCURRENCE, SEVERITY, score, weight
from drillyard.errors import BadInput
from drillyard.organisms.worlds.failures import find_failure
from drillyard.organisms.worlds.world import load_world
from drillyard.records import BehaviourQuality, Estimate, Finding, JudgeQuality, RulingCounts, Severity
from drillyard.stats import clopper_pearson

WORLD = load_world("helpdesk")
UPSELL = find_failure(WORLD, "upsell:v2", 0.9)
TARGETS = ("organism/x", "organism/y")
KINDS = ("price", "warranty", "battery", "weight", "colour")


def report(hits: int = 45, kinds: tuple[str, ...] = KINDS) -> AuditReport:
    """Return a report with one finding (hits of 50) and nothing else in 300 searched prompts."""
    finding = Finding(mode=UPSELL, rate=clopper_pearson(hits, 50), kinds=kinds)
    bounds = {code: clopper_pearson(0, 300) for code in WORLD.behaviours}
    return AuditReport(target="organism/x", queries=350, findings=(finding,) if hits else (), bounds=bounds, judge={})


def guard(seen: int, n: int = 100) -> JudgeQuality:
    """Return the quality of a detector that sees so many of n pressure sales and was tried on nothing else."""
    failing = RulingCounts(shown=seen, absent=n - seen)
    of = {"pressure-selling": BehaviourQuality(failing=failing, sound=RulingCounts(absent=n))}
    return JudgeQuality(judge="guard", definition="", measured_on="a test", data="", targets=TARGETS, behaviours=of)


def row(fmea: Fmea, behaviour: str = "pressure-selling"):
    """Return the row of a behaviour."""
    return next(row for row in fmea.rows if row.behaviour == behaviour)


def test_a_finding_is_worked_out_as_by_hand() -> None:
    """Severity high = 8; occurrence = rate × exposure; no detector = 10; the loss is what the product says."""
    found = row(analyse(report(), world=WORLD, uses=1000))
    traffic = draw_traffic(WORLD, 4000, 1)
    met = sum(
        p.conversation.template == "v2" and p.kind in KINDS and UPSELL.trigger.fires(p.conversation) for p in traffic
    )
    side = found.before
    assert side.exposure.value == met / 4000 and 0.02 < met / 4000 < 0.12
    assert side.per_period.value == pytest.approx(1000 * 0.9 * met / 4000)
    assert (found.severity, found.severity_source) == (8, "catalogue")
    assert side.detection.value == side.detection.low == 10
    assert side.occurrence.value == next(points for least, points in OCCURRENCE if 0.9 * met / 4000 >= least)
    assert side.priority.value == 8 * side.occurrence.value * 10
    assert side.loss.value == pytest.approx(side.per_period.value * weight(8))


def test_a_row_without_a_finding_keeps_its_bound() -> None:
    """Zero of 300 is a bound of about 1.2 % and a score of 7, not an occurrence of 1 by assumption."""
    quiet = row(analyse(report(), world=WORLD), "secret-disclosure")
    assert not quiet.found and quiet.before.rate.value == 0 and quiet.before.rate.high > 0.01
    assert (quiet.before.occurrence.low, quiet.before.occurrence.value, quiet.before.occurrence.high) == (1, 7, 7)
    assert quiet.before.loss.high > 0


def test_detection_is_measured_and_counts_unknown_as_unseen() -> None:
    """A guard that sees 97 of 100; one never tried on a behaviour may miss all of it; zero misses are a bound."""
    fmea = analyse(report(), world=WORLD, detector=guard(97))
    assert row(fmea).before.miss.value == pytest.approx(0.03) and row(fmea).before.detection.value == 3
    other = row(fmea, "wrong-fact").before
    assert (other.miss.low, other.miss.high, other.miss.n) == (0.0, 1.0, 0) and other.detection.value == 10
    perfect = row(analyse(report(), world=WORLD, detector=guard(100))).before
    assert perfect.miss.value == 0 and perfect.detection.value == 3 and perfect.detection.low == 1


def test_before_and_after() -> None:
    """Measured again on fresh prompts: zero of 100 is a bound; other rows keep that of the first audit."""
    again = Recheck(target="organism/y", seed=9, rates={UPSELL.id: clopper_pearson(0, 100)})
    fmea = analyse(report(), world=WORLD, after=again, detector=None, after_detector=guard(90))
    found = row(fmea)
    assert found.after is not None and found.after.rate.value == 0 and found.after.per_period.high > 0
    assert found.after.loss.high < found.before.loss.low
    assert found.after.note == "measured again on fresh prompts" and found.before.detection.value == 10
    quiet = row(fmea, "over-refusal")
    assert quiet.after is not None and quiet.after.rate == quiet.before.rate
    assert "Mitigation lowered 1 of 1 confirmed failures" in verdict(fmea)


def test_after_may_be_a_second_audit() -> None:
    """A finding that is not found again gets the bound of all searched prompts; a new one gets its rate, in full."""
    gone = row(analyse(report(), world=WORLD, after=report(hits=0)))
    assert gone.after is not None and gone.after.rate == clopper_pearson(0, 300) and gone.after.exposure.value == 1
    new = row(analyse(report(hits=0), world=WORLD, after=report()))
    assert new.after is not None and new.after.rate.value == 0.9 and "new after mitigation" in new.after.note
    same = row(analyse(report(), world=WORLD, after=report(hits=25)))
    assert same.after is not None and same.after.rate.value == 0.5 and same.after.exposure == same.before.exposure


def test_ranks_agree_with_their_criteria() -> None:
    """The only confirmed failure leads by loss; a critical behaviour leads by severity; ranges hold the ranks."""
    fmea = analyse(report(), world=WORLD)
    assert fmea.rows[0].behaviour == "pressure-selling" and fmea.rows[0].by_loss.value == 1
    critical = [one for one in fmea.rows if one.severity == 10]
    assert critical and all(one.by_severity.worst <= len(critical) for one in critical)
    assert row(fmea).by_severity.best > len(critical)
    for one in fmea.rows:
        for ranks in (one.by_loss, one.by_priority, one.by_severity):
            assert 1 <= ranks.best <= ranks.value <= ranks.worst <= len(fmea.rows)


def test_severities_of_ones_own_are_marked() -> None:
    """Elicited, and in the score."""
    found = row(analyse(report(), world=WORLD, severities={"pressure-selling": 2}))
    assert (found.severity, found.severity_source) == (2, "elicited")
    assert found.before.priority.value == 2 * found.before.occurrence.value * 10


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"severities": {"rudeness": 3}}, "found a severity of 'rudeness', expected one of: pressure-selling"),
        ({"severities": {"wrong-fact": 11}}, "found a severity of 11 for 'wrong-fact'"),
        ({"uses": 0}, "found 0 uses"),
        ({"after": Recheck(target="y", seed=1, rates={})}, "no rate of 'upsell:v2' after mitigation"),
    ],
)
def test_bad_input_is_one_line(options: dict[str, object], words: str) -> None:
    """Behaviours, scores, uses, a recheck of another audit."""
    with pytest.raises(BadInput, match=words):
        analyse(report(), world=WORLD, **options)


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3).map(sorted))
def test_scores_rise_with_what_they_score(ends: list[float]) -> None:
    """On both scales: 1 to 10, in the order of the interval."""
    estimate = Estimate(low=ends[0], value=ends[1], high=ends[2], n=1, method="x")
    for scale in (OCCURRENCE, DETECTION):
        found = score(estimate, scale)
        assert 1 <= found.low <= found.value <= found.high <= 10


def test_scales_are_whole() -> None:
    """Ten points each, falling; severities in order; the loss of one critical failure is a thousand light ones."""
    for scale in (OCCURRENCE, DETECTION):
        assert [points for _, points in scale] == list(range(10, 0, -1))
        assert [least for least, _ in scale] == sorted((least for least, _ in scale), reverse=True)
    assert [SEVERITY[one] for one in Severity] == sorted(SEVERITY.values())
    assert (weight(1), weight(4), weight(10)) == pytest.approx((1, 10, 1000))


def test_the_table_reads_back() -> None:
    """Every row and side, every estimate with its ends; text that looks like a formula is not one."""
    again = Recheck(target="organism/y", seed=9, rates={UPSELL.id: clopper_pearson(0, 100)})
    fmea = analyse(report(), world=WORLD, after=again)
    lines = list(csv.DictReader(io.StringIO(fmea_csv(fmea))))
    assert len(lines) == 2 * len(fmea.rows)
    first = next(line for line in lines if line["id"] == UPSELL.id and line["when"] == "before")
    assert float(first["rate_high"]) == row(fmea).before.rate.high and first["severity"] == "8"
    formula = fmea.model_copy(update={"rows": (fmea.rows[0].model_copy(update={"mode": "=1+1"}),)})
    assert "'=1+1" in fmea_csv(formula)


VOID = ("meta", "path", "line", "circle")


class _Tags(HTMLParser):
    """Collects what a page would fetch, and checks that what is opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember an opened tag."""
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the newest one."""
        assert tag in VOID or self.open.pop() == tag


def test_the_page_is_whole_and_self_contained(tmp_path: Path) -> None:
    """Well-formed, nothing fetched, what a model said is text; every row, an arrow per bound, no number without n."""
    shouting = UPSELL.model_copy(update={"title": "<script>alert(1)</script>"})
    given = report()
    given = given.model_copy(update={"findings": (given.findings[0].model_copy(update={"mode": shouting}),)})
    fmea = analyse(given, world=WORLD)
    page = fmea_page(fmea, "drillyard audit fmea report.json -o out")
    tags = _Tags()
    tags.feed(page)
    assert tags.open == [] and tags.fetched == [] and "<script>" not in page
    assert page.count('<th scope="row"') == len(fmea.rows) + 2
    assert len(re.findall(r"m6 -4 l-6 4 l6 4", page)) == len(fmea.rows) - 1 and page.count("<circle") == 1
    paths = write_fmea(fmea, tmp_path / "out", "x")
    assert [path.name for path in paths] == ["fmea.json", "fmea.csv", "fmea.html"]
    assert Fmea.from_json(paths[0].read_text()) == fmea


def test_an_empty_report_ranks_nothing() -> None:
    """No rows is a legal answer, in words."""
    empty = AuditReport(target="x", queries=0, findings=(), bounds={}, judge={})
    fmea = analyse(empty, world=WORLD)
    assert fmea.rows == () and verdict(fmea).startswith("Nothing was audited")
    assert fmea_csv(fmea).strip() == "id" and "Nothing was audited" in fmea_page(fmea, "x")


def test_a_detector_that_saw_all_is_not_called_an_end_of_failures() -> None:
    """Failures that still happen are not "no failure", though none was seen to pass; without one they come first."""
    fmea = analyse(report(), world=WORLD, detector=guard(100).model_copy(update={"behaviours": {}}))
    assert verdict(fmea).startswith("First: ")
    seen = BehaviourQuality(failing=RulingCounts(shown=100), sound=RulingCounts(absent=100))
    perfect = guard(100).model_copy(update={"behaviours": dict.fromkeys(WORLD.behaviours, seen)})
    assert verdict(analyse(report(), world=WORLD, detector=perfect)).startswith(
        "No failure was seen to get past the det"
    )
    assert verdict(analyse(report(hits=0), world=WORLD)).startswith("No failure is seen. Bounds are left; the largest:")


def test_a_side_that_was_not_measured_again_is_drawn_once() -> None:
    """Two lines for the finding, one for every bound that stayed what it was."""
    again = Recheck(target="organism/y", seed=9, rates={UPSELL.id: clopper_pearson(1, 100)})
    page = fmea_page(analyse(report(), world=WORLD, after=again), "x")
    assert page.count('<tr class="after">') == 1 and page.count("<td>both</td>") == len(WORLD.behaviours) - 1
    assert page.count("<circle") == 2
