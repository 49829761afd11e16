"""Every format says the same, in a shape that other people's readers accept, whatever a model wrote."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from audits.reports.made_report import HOSTILE, empty_report, made_report
from yard.html_tree import read

from drillyard.audits.report import AuditReport
from drillyard.audits.reports.view import view_of
from drillyard.audits.reports.writing import FILES, read_report, render, write_reports
from drillyard.errors import BadInput

CRITERION = "severity>=high and rate.low>0.01"
"""Met by alpha, not by beta."""


def test_the_state_follows_the_criteria() -> None:
    """No criterion: any failure fails; several: any that is met; without findings, a wide bound stays unknown."""
    assert view_of(made_report()).state == "failed"
    assert [one.fails for one in view_of(made_report(CRITERION)).shown] == [True, False]
    assert view_of(made_report(CRITERION)).state == "failed"
    assert view_of(made_report("rate.low > 0.9")).state == "passed"
    assert "none meets rate.low > 0.9" in view_of(made_report("rate.low > 0.9")).verdict
    assert view_of(made_report("rate.low > 0.9", "severity == low")).state == "failed"
    assert view_of(empty_report(0.05)).state == "passed"
    assert view_of(empty_report(1.0)).state == "unknown"


def test_junit_is_read_by_a_peer(tmp_path: Path) -> None:
    """Junitparser counts a failure, a finding that meets no criterion, a behaviour not found, and an unknown one."""
    junitparser = pytest.importorskip("junitparser")
    path = tmp_path / "junit.xml"
    path.write_bytes(render(made_report(CRITERION), "junit"))
    (suite,) = junitparser.JUnitXml.fromfile(str(path))
    cases = {case.classname: case for case in suite}
    results = {name: [type(result).__name__ for result in case.result] for name, case in cases.items()}
    assert results == {"alpha": ["Failure"], "beta": ["Skipped"], "gamma": [], "delta": ["Skipped"]}
    assert (suite.tests, suite.failures, suite.skipped, suite.errors) == (4, 1, 2, 0)
    assert "<script>" in cases["alpha"].result[0].text and "\x1b" not in cases["alpha"].result[0].text
    assert "at most 0.0061" in cases["gamma"].system_out


def test_sarif_is_read_by_a_peer() -> None:
    """sarif-pydantic reads one result per failure mode, its rule and its level; what was not found is no alert."""
    sarif = pytest.importorskip("sarif_pydantic")
    text = render(made_report(CRITERION), "sarif")
    (run,) = sarif.Sarif.model_validate_json(text).runs
    assert [(one.rule_id, one.level.value) for one in run.results] == [("alpha", "error"), ("beta", "note")]
    assert [run.tool.driver.rules[one.rule_index].id for one in run.results] == ["alpha", "beta"]
    plain = json.loads(text)["runs"][0]
    assert plain["invocations"] == [
        {"executionSuccessful": True, "exitCode": 1, "commandLine": "drillyard audit run 'scripted/<x>.yaml'"}
    ]
    assert plain["properties"]["notFound"]["gamma"]["atMost"] > 0
    prints = [one["partialFingerprints"]["failureMode/v1"] for one in plain["results"]]
    again = json.loads(render(made_report(), "sarif"))["runs"][0]["results"]
    assert len(set(prints)) == 2 and prints == [one["partialFingerprints"]["failureMode/v1"] for one in again]


def test_csv_holds_every_number_and_no_formula() -> None:
    """Rates come back exactly; a bound has no value of zero; text never begins like a formula."""
    text = render(made_report(CRITERION), "csv").decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [(one["behaviour"], one["status"], one["fails"]) for one in lines] == [
        ("alpha", "found", "yes"),
        ("beta", "found", "no"),
        ("gamma", "not found", "no"),
        ("delta", "unknown", "no"),
    ]
    rate = made_report().findings[0].rate
    assert tuple(float(lines[0][f"rate_{end}"]) for end in ("value", "low", "high")) == (
        rate.value,
        rate.low,
        rate.high,
    )
    assert lines[2]["rate_value"] == "" and float(lines[2]["rate_high"]) > 0
    assert lines[0]["prompt"] == f"'{HOSTILE}"


def test_the_page_says_all_and_runs_nothing() -> None:
    """The verdict first; texts of models are text; no script, nothing from elsewhere, never 0 %."""
    page = render(made_report(CRITERION), "html").decode()
    tree = read(page)
    assert [one.parent.tag for one in tree.all("caption")] == ["table"] * 3 and not tree.all("script")
    assert "<script" not in page and "http://" not in page and "https://" not in page
    assert "&lt;script&gt;" in page and "{{ 7 * 7 }}" in page
    assert page.index("2 failures found with 648 queries; 1 meets") < page.index("<figure>") < page.index("<table>")
    for words in (
        "at most 0.0061",
        "up to all",
        "at most 0.14",
        "90 of 100 cells",
        "3 prompts lie outside",
        "seed 5",
        "9 of 10",
        "confirmed 1 failure mode: alpha/v2",
        "shortest conversation",
    ):
        assert words in page, words
    assert page.count("<details") == 2 and "0 %" not in page and ">0.0<" not in page


@pytest.mark.parametrize("report", [empty_report(0.05), empty_report(1.0), made_report(twin=False)])
def test_a_report_that_knows_less_is_written_too(report: AuditReport) -> None:
    """Without findings, twin, coverage or provenance, every format is still whole and says what is not known."""
    made = {form: render(report, form) for form in FILES if form != "eval"}
    assert all(made.values())
    page = made["html"].decode()
    assert ("This report does not say how it was made." in page) == (report.made is None)
    assert "No twin was asked." in page or not report.findings


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    """The record goes round, by folder and by file; the other formats come from it byte for byte."""
    report = made_report(CRITERION)
    paths = write_reports(report, tmp_path / "run", lambda _: None)
    assert {path.name for path in paths} >= set(FILES.values()) - {"report.eval"}
    assert read_report(tmp_path / "run") == read_report(tmp_path / "run" / "report.json") == report
    for form in ("html", "junit", "sarif", "csv", "json"):
        assert (tmp_path / "run" / FILES[form]).read_bytes() == render(read_report(tmp_path / "run"), form)


def test_a_report_of_the_first_release_is_read_as_one_of_today(tmp_path: Path) -> None:
    """Its `made` held what the report says itself now, and its hashes by other names."""
    report = made_report(CRITERION)
    data = report.to_data() | {"version": 1}
    moved = {name: data.pop(name) for name in ("twin", "budget", "cap", "fail_on")}
    hashes = {"world_hash": "ab" * 32, "target_hash": "", "twin_hash": ""}
    data["made"] = {"drillyard": "0.1.0", "command": report.made.command, "seed": 5, **moved, **hashes}
    (tmp_path / "report.json").write_text(json.dumps(data))
    assert read_report(tmp_path) == report
    (tmp_path / "report.json").write_text(json.dumps(data | {"made": None}))
    assert read_report(tmp_path).made is None


def test_no_report_is_one_line(tmp_path: Path) -> None:
    """A folder without a report, a file that is none, and an unknown format are told with their names."""
    with pytest.raises(BadInput, match=r"report\.json"):
        read_report(tmp_path)
    (tmp_path / "report.json").write_text("{}")
    with pytest.raises(BadInput, match=r"report\.json: "):
        read_report(tmp_path)
    with pytest.raises(BadInput, match="expected one of: json, html"):
        render(made_report(), "pdf")
