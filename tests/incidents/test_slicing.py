"""The slice of whole cases: planted causes named, null logs told as such, too little evidence said."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from incidents.traffic import turns

from drillyard.incidents.case import Case
from drillyard.incidents.generate.writing import write_logs
from drillyard.incidents.opening import open_incident
from drillyard.incidents.sliced import SliceReport
from drillyard.incidents.slicing import slice_case
from drillyard.records import BehaviourQuality
from drillyard.records.judging import RulingCounts


def case_of(rows: list[dict[str, Any]], tmp_path: Path) -> Case:
    """Open a case of these turns."""
    write_logs(rows, "plain", tmp_path / "logs")
    return open_incident([tmp_path / "logs"], tmp_path / "case", behaviour="pressure-selling")


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_planted_cause_is_named_and_confirmed(tmp_path: Path, order: int) -> None:
    """A segment; a segment under a release; the same for a cohort: no selector more, none less."""
    rows, truth = turns(order, sessions=700 if order < 3 else 1600)
    case = case_of(rows, tmp_path)
    report = slice_case(case.folder, shuffles=99)
    assert report.verdict == "trigger" and report.trigger is not None
    assert {(one.feature, one.value) for one in report.trigger.selectors} == {*truth.cause}
    assert report.trigger.p_adjusted == 0.01 and report.trigger.check_p <= 0.05
    held = list(case.rows(report.trigger))
    assert held and all(truth.segment in case.template(row).systems(row.vars)[0] for row in held)
    assert report.words[0].word in ("gold", "cover", "only", "two", "are", "left", "price", "doubles", "add", "help")
    assert SliceReport.from_json((case.folder / "slice.json").read_text()) == report


def test_null_logs_have_no_trigger(tmp_path: Path) -> None:
    """Bad replies at random: something always stands out, and chance explains it."""
    report = slice_case(case_of(turns(0)[0], tmp_path).folder, shuffles=99)
    assert report.verdict == "no trigger beyond chance" and report.trigger is None
    assert all(rule.p_adjusted > 0.05 or rule.check_p > 0.05 for rule in report.rules)


def test_a_behaviour_of_whole_sessions_is_not_taken_for_a_trigger(tmp_path: Path) -> None:
    """Ten turns of one angry user are one observation: rows would say that his prompt is to blame."""
    rows = [dict(one) for one in turns(0)[0]]
    worst = {f"s{n}" for n in range(2)}
    for n, row in enumerate(rows):
        row["session"] = f"s{n // 40}"
        row["label_bad"] = int(row["session"] in worst)
        row["cohort"] = "angry" if row["session"] in worst else "calm"
    report = slice_case(case_of(rows, tmp_path).folder, shuffles=99)
    assert report.trigger is None


@pytest.mark.parametrize(
    ("label", "why"),
    [
        (None, "No row has a label"),
        (0, "None of .* labelled rows is bad; up to"),
        (1, "All of .* labelled rows are bad"),
    ],
)
def test_too_little_to_tell_is_said(tmp_path: Path, label: int | None, why: str) -> None:
    """No labels, no bad ones, only bad ones: each is a verdict of its own, not an error."""
    rows = [{**one, "label_bad": label} for one in turns(0)[0]]
    report = slice_case(case_of(rows, tmp_path).folder, shuffles=20)
    assert report.verdict == "not enough evidence"
    assert re.match(why, report.why)


def test_one_session_is_not_enough(tmp_path: Path) -> None:
    """There is nothing to hold it against."""
    rows = [{**one, "session": "only"} for one in turns(1)[0]]
    assert "sessions" in slice_case(case_of(rows, tmp_path).folder, shuffles=20).why


def test_the_rate_is_corrected_for_labels_that_err(tmp_path: Path) -> None:
    """A reviewer who finds half of the bad ones: there are twice as many."""
    rows = turns(1)[0]
    half = BehaviourQuality(failing=RulingCounts(shown=500, absent=500), sound=RulingCounts(absent=1000))
    report = slice_case(case_of(rows, tmp_path).folder, shuffles=20, labels=half)
    assert report.true_rate is not None
    assert report.true_rate.value == pytest.approx(2 * report.rate.value, rel=0.01)


def test_a_slice_is_made_once_and_sealed(tmp_path: Path) -> None:
    """The same command prints the stored result; the seal holds it."""
    case = case_of(turns(1)[0], tmp_path)
    first = slice_case(case.folder, shuffles=40)
    assert slice_case(case.folder, shuffles=999) == first
    seal = json.loads((case.folder / "seal.json").read_text())
    assert seal["links"][-1]["file"] == "slice.json"
