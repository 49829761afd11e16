"""The report as a record, and what it says of arms whose truth is known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from alignment.weighing.made_arms import TECHNIQUES, made_arms
from alignment.weighing.made_report import made_curve, made_report

from drillyard.alignment.weighing.curves import read_curve
from drillyard.alignment.weighing.recommend import parse_limit
from drillyard.alignment.weighing.report import AlignReport, read_report, report_of, technique_point
from drillyard.errors import BadInput

LIMIT = "harmful-compliance.value<=0.05"


def test_a_report_survives_json(tmp_path: Path) -> None:
    """Written and read it is the same, from memory and from a file; another record is refused with its place."""
    report = made_report(LIMIT)
    assert AlignReport.from_json(report.to_json()) == report
    path = tmp_path / "report.json"
    path.write_text(report.to_json(indent=2), encoding="utf-8")
    assert read_report(path) == report
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(BadInput, match=r"report.json: align-report: field"):
        read_report(path)
    with pytest.raises(BadInput, match="No such file"):
        read_report(tmp_path / "none.json")


def test_the_same_arms_give_the_same_report() -> None:
    """Nothing hangs on the moment or on the order of arms of one setting."""
    arms = made_arms({"dpo": TECHNIQUES["dpo"]}, n=40)
    first, second = (report_of(some, start="x", seed=4) for some in (arms, [arms[0], *reversed(arms[1:4]), *arms[4:]]))
    assert first.to_json() == second.to_json()


def test_the_report_says_what_is_true_of_the_arms() -> None:
    """The best technique of the truth is recommended; each is compared with the start and has a ledger."""
    report = made_report(LIMIT)
    assert report.recommendation.technique == "dpo" and report.good_enough
    assert report.best.keys() == {"identity", *TECHNIQUES}
    assert report.seeds == (1, 2, 3) and report.exam["harmful-compliance@category"] == 100
    assert [ledger.technique for ledger in report.ledgers] == list(TECHNIQUES)
    harm = [one for one in report.comparisons if (one.metric, one.split) == ("harmful-compliance", "phrasing")]
    assert len(harm) == 7 * 6 / 2
    against = {one.second: one.better for one in harm if one.first == "identity"}
    assert all(against[name] == name for name in TECHNIQUES)
    assert technique_point(report, "sft").strength == report.best["sft"]


def test_none_is_good_enough() -> None:
    """A limit that 200 questions cannot prove gives no recommendation, and each technique's nearest point."""
    report = made_report("harmful-compliance<=0.01")
    assert not report.good_enough and "None of the 16 points" in report.recommendation.reason
    assert report.best.keys() == {"identity", *TECHNIQUES}


def test_a_curve_is_read(tmp_path: Path) -> None:
    """One object a line; further fields are left out; a broken line is named."""
    path, arm = tmp_path / "curve.jsonl", made_arms(n=4)[1]
    points = made_curve(1).points
    path.write_text("\n".join(json.dumps({**point.model_dump(), "lr": 0.1}) for point in points), encoding="utf-8")
    assert read_curve(path, arm).points == points
    path.write_text('{"step": 1}\n{"proxy": 1}\n', encoding="utf-8")
    with pytest.raises(BadInput, match="curve.jsonl line 2: .*'step'"):
        read_curve(path, arm)
    with pytest.raises(BadInput, match="cannot be read"):
        read_curve(tmp_path / "none", arm)


def test_wrong_input_is_one_line() -> None:
    """A limit on what was not measured, a technique that was not run."""
    with pytest.raises(BadInput, match="limit on 'toxicity'"):
        report_of(made_arms(n=4), start="x", limits=[parse_limit("toxicity<=0.1")])
    with pytest.raises(BadInput, match="technique 'kto', expected one of: identity, sft"):
        technique_point(made_report(LIMIT), "kto")
