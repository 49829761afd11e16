"""Health and measures: what operators are told, and that it tells nothing of people."""

from __future__ import annotations

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient
from yard.small_programme import ANN, DESIGNER_CODE, HERE, SUBMISSION, Clock, EchoingModel, grade_of, until
from yard.visitor import Visitor

from drillyard.programs.folder import ProgramFolder
from drillyard.yard.app import make_app
from drillyard.yard.measures import Measures


def test_measures_are_read_by_prometheus_own_parser(ann: Visitor) -> None:
    """Answers by route and status, times as a histogram that adds up, what waits; no id of anybody."""
    ann.upload(HERE, ("x", SUBMISSION.to_json().encode()))
    until(lambda: "Planted and claimed" in ann.get(f"{HERE}/result"))
    ann.get("/drills/nothing", expect=404)
    here = TestClient(ann.client.app, client=("127.0.0.1", 1))
    text = here.get("/metrics").text
    found = {one.name: one for one in text_string_to_metric_families(text)}
    answers = {(s.labels["route"], s.labels["status"]): s.value for s in found["drillyard_answers"].samples}
    assert answers["/drills/{instance}", "2xx"] >= 1 and answers["/drills/{instance}", "4xx"] == 1
    buckets = [s.value for s in found["drillyard_answer_seconds"].samples if s.name.endswith("_bucket")]
    assert buckets == sorted(buckets) and buckets[-1] == sum(answers.values())
    assert found["drillyard_submissions_graded"].samples[0].value == 1
    assert ANN.id not in text and "hunt-1" not in text


def test_measures_stay_on_this_machine(ann: Visitor) -> None:
    """From elsewhere the address is not there."""
    ann.get("/metrics", expect=404)


def test_health_follows_the_database(ann: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Well while it answers; 503 in one line when it does not."""
    assert ann.client.get("/health").json() == {"status": "ok"}

    def gone(_: object) -> None:
        raise OperationalError("select", {}, Exception("gone"))

    monkeypatch.setattr("drillyard.yard.pages.operation.backlog", gone)
    answer = ann.client.get("/health")
    assert answer.status_code == 503 and "does not answer" in answer.json()["status"]


def test_a_time_falls_into_one_class() -> None:
    """Each class holds what is at most its end; sum and count are those of all."""
    measures = Measures()
    for seconds in (0.01, 0.02, 5.0, 100.0):
        measures.add("GET", "/", 200, seconds)
    text = measures.text({})
    assert re.findall(r'le="([^"]+)"} (\d+)', text) == [
        ("0.01", "1"), ("0.03", "2"), ("0.1", "2"), ("0.3", "2"), ("1", "2"), ("3", "2"), ("10", "3"), ("+Inf", "4"),
    ]  # fmt: skip
    assert "drillyard_answer_seconds_sum 105.030000" in text


def test_it_is_told_when_nobody_grades(programme: ProgramFolder, clock: Clock) -> None:
    """A yard without a worker says so to its operator, to who leads and to who waits, after a minute and not before."""
    app = make_app(programme.path, targets=lambda _: EchoingModel(), grader=grade_of, clock=clock, grading=False)
    with TestClient(app) as health:
        ann = Visitor(TestClient(app)).sign_in(ANN.code)
        lead = Visitor(TestClient(app)).sign_in(DESIGNER_CODE)
        ann.get(HERE)
        ann.upload(HERE, ("x", SUBMISSION.to_json().encode()))
        assert "Nobody grades" not in ann.get(f"{HERE}/result") + lead.get("/live")
        assert health.get("/health").json() == {"status": "ok"}
        clock.now += 61
        assert "Nobody grades" in ann.get(f"{HERE}/result") and "Nobody grades" in lead.get("/live")
        assert "start drillyard yard work" in health.get("/health").json()["grading"]
