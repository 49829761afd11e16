"""`drillyard audit label`: from an audit's folder to rates, in a terminal and in a browser; `audit agent`."""

from __future__ import annotations

import io
import json
import re
import threading
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from audits.free_clerk import Clerk, lamps
from rich.console import Console

from drillyard.audits.audit import audit
from drillyard.audits.reports.writing import read_report, write_reports
from drillyard.cli.app import main
from drillyard.cli.audit import _shown
from drillyard.judges.reference import open_judge


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Return the folder of an audit of a clerk who is often wrong about weights."""
    folder = tmp_path / "run"
    judge = open_judge("claims", lamps())
    report = audit(Clerk({"weight": 0.8}), world=lamps(), budget=300, judge=judge, replies=folder / "replies.jsonl")
    write_reports(report, folder)
    return folder


def test_labels_are_typed_and_told(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan, a session with a slip of the finger, its rates; q ends, and the next session goes on."""
    assert main(["audit", "label", str(run), "--plan"]) == 0
    assert re.search(r"0 of \d+ replies are labelled for wrong-fact. .*25: ± \d+", capsys.readouterr().out)
    monkeypatch.setattr("sys.stdin", io.StringIO("a\nx\ns\nu\nq\n"))
    assert main(["audit", "label", str(run), "-n", "10", "--rater", "ada"]) == 0
    shown = capsys.readouterr()
    assert "found 'x', expected s, a, u or q" in shown.err and "fact: " in shown.err
    assert re.search(r"wrong-fact is in \d+ % \[\d+, \d+\] of the replies, by \d labels? of", shown.out)
    lines = [json.loads(line) for line in (run / "labels.jsonl").read_text().splitlines()]
    assert [line["word"] for line in lines] == ["absent", "shown", "unsure"] and {line["rater"] for line in lines} == {
        "ada"
    }
    assert len((run / "labelled.jsonl").read_text().splitlines()) == 2  # unsure is no label of a judge's measurement
    assert "What people say of wrong-fact" in (run / "report.html").read_text()


def test_labels_measure_a_judge(run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What was labelled is what `audit judge measure` takes."""
    monkeypatch.setattr("sys.stdin", io.StringIO("a\ns\n"))
    assert main(["audit", "label", str(run), "-n", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["behaviour"] == "wrong-fact"
    out = run / "claims.json"
    words = [
        "audit",
        "judge",
        "measure",
        "claims",
        "--scope",
        lamps().reference,
        "--labels",
        str(run / "labelled.jsonl"),
    ]
    assert main([*words, "-o", str(out)]) == 0
    assert json.loads(out.read_text())["targets"] == ["clerk/"]


def test_the_page_is_served_until_all_is_labelled(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The address is told, the form is filled in over HTTP, and the command ends by itself with the rates."""
    ended: list[int] = []
    thread = threading.Thread(target=lambda: ended.append(main(["audit", "label", str(run), "-n", "2", "--web"])))
    thread.start()
    told = ""
    while thread.is_alive() and "http://" not in told:
        told += capsys.readouterr().err
        thread.join(0.05)
    address = re.search(r"http://127\.0\.0\.1:\d+/\S+/", told)
    assert address
    for _ in range(2):
        page = urllib.request.urlopen(address[0]).read().decode()
        reply = re.search(r'name="reply" value="(\w+)"', page)
        assert reply
        data = urllib.parse.urlencode({"reply": reply[1], "word": "absent"}).encode()
        page = urllib.request.urlopen(address[0], data).read().decode()  # follows to the next one
    assert "All 2 replies are labelled" in page
    thread.join(10)
    assert ended == [0] and len((run / "labels.jsonl").read_text().splitlines()) == 2


def test_a_folder_without_replies_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is missing, and what to type."""
    assert main(["audit", "label", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "no replies.jsonl" in said and "type: drillyard audit TARGET -o DIR" in said and said.count("\n") == 1


def test_an_agent_is_tried(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A target that only talks misses its goal; the run is resumed, and another file is refused."""
    tasks = tmp_path / "tasks.yaml"
    tasks.write_text(
        "tools: {close: {sets: {closed: true}}}\ntasks: {shut: {says: [Close it.], goal: {closed: true}}}\n"
    )
    words = ["audit", "agent", "echo/", str(tasks), "-k", "2", "-o", str(tmp_path / "run")]
    assert main(words) == 1
    assert "All of 2 trials in a row reach the goal in 0 % of the tasks" in capsys.readouterr().out
    assert main(words) == 1
    tasks.write_text(tasks.read_text().replace("Close it.", "Shut it."))
    assert main(words) == 2
    assert "another agent audit" in capsys.readouterr().err


def test_leads_are_told_with_what_to_type(run: Path) -> None:
    """No finding and no bound: a state of unknown, the leads in a table, and the labels as the next step."""
    outcome = _shown(read_report(run), run)
    assert (outcome.state, outcome.exit_code, outcome.next_command) == ("unknown", 1, f"drillyard audit label {run}")
    console = Console(file=io.StringIO(), width=100)
    console.print(*outcome.body)
    told = console.file.getvalue()
    assert "Leads, as the judge saw them" in told and "requests about weight" in told and "Judge, measured" not in told
