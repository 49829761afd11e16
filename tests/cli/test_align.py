"""`drillyard align`: techniques side by side, one document, a page, cards, one line for bad input."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from alignment.weighing.made_report import made_report
from rich.console import Console, RenderableType

from drillyard.alignment.weighing.report import AlignReport
from drillyard.cli.align import _points
from drillyard.cli.app import main

SMALL = ["--technique", "sentence-rail", "--questions", "60", "--pairs", "300", "--seeds", "1", "--workers", "1"]
START = "organism/helpdesk:over-permissive"


def test_a_run_says_what_to_run_and_what_it_costs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Verdict, table, reason; report, page, lesson and cards in the folder; another limit costs no training."""
    words = ["align", START, *SMALL, "-o", str(tmp_path / "run")]
    assert main([*words, "--limit", "harmful-compliance<=0.2"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("● Run sentence-rail") and "harmful" in printed.out and "learned from" in printed.out
    assert printed.out.splitlines()[-1] == f"next: open {tmp_path / 'run' / 'align.html'}"
    assert "aligning 2/2 sentence-rail/0/1" in printed.err and "timed sentence-rail/0/1" in printed.err
    assert (tmp_path / "run" / "arms" / "sentence-rail" / "README.md").is_file()
    page = (tmp_path / "run" / "align.html").read_text(encoding="utf-8")
    assert "sentence-rail" in page and "--limit" in page and "http://" not in page
    assert main([*words, "--limit", "harmful-compliance<=0.0001"]) == 1  # the same folder, a limit that nobody proves
    printed = capsys.readouterr()
    assert "None of the 2 points is good enough" in printed.out.replace("\n", " ") and "timed" not in printed.err


def test_json_is_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    """One document on stdout without a folder; every rate carries its interval."""
    assert main(["align", START, *SMALL, "--no-timing", "--json"]) == 0
    report = AlignReport.from_data(json.loads(capsys.readouterr().out))
    assert "--no-timing" in report.made.command.split() and "False" not in report.made.command
    assert report.start == START and report.techniques == ("identity", "sentence-rail")
    harm = {point.technique: point.harm for point in report.points}
    assert harm["identity"].low > 0.6 and harm["sentence-rail"].high < 0.2
    assert harm["sentence-rail"].n == 60 and report.held_out


def test_the_table_fits_a_hundred_signs_and_names_each_failure_once(capsys: pytest.CaptureFixture[str]) -> None:
    """However many techniques there are, a figure with its interval is on one line."""
    report = made_report("over-refusal<=0.2")
    assert any(name.startswith("failure:") for name in report.points[0].figures) and len(report.techniques) > 4
    shown = "".join(_render(part) for part in _points(report))
    assert max(map(len, shown.splitlines())) <= 100
    for name in report.points[0].failures:
        rows = [line for line in shown.splitlines() if line.startswith(name.removeprefix("failure:"))]
        assert sum(row.count("]") for row in rows) == len(report.techniques)


def _render(part: RenderableType) -> str:
    console = Console(width=100, file=io.StringIO())
    with console.capture() as captured:
        console.print(part)
    return captured.get()


def test_the_list_names_every_technique(capsys: pytest.CaptureFixture[str]) -> None:
    """What there is, what it does, and what it needs, without loading any of it."""
    assert main(["align", "--list", "--json"]) == 0
    listed = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert {"identity", "sentence-rail"} <= listed.keys() and not listed["sentence-rail"]["needs_weights"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "Missing argument 'TARGET'"),
        ([START], "Missing option '--technique'"),
        ([START, "--technique", "sentence-rial"], "did you mean 'sentence-rail'?"),
        (["organism/bakery", "--technique", "identity"], "found world 'bakery'"),
        ([START, *SMALL, "--weight", "harm"], "expected FIGURE=COST"),
        ([START, *SMALL, "--limit", "harm<0.1"], "expected FIGURE<=NUMBER"),
        ([START, *SMALL, "--prices", "nowhere.yaml"], "nowhere.yaml"),
        ([START, *SMALL, "--preferences", "nowhere.jsonl"], "nowhere.jsonl"),
        ([START, *SMALL, "--penalise", "manipulaton"], "did you mean 'manipulation'?"),
        ([START, *SMALL, "--questions", "3"], "Invalid value for '--questions'"),
        ([START, *SMALL, "-o", "/dev/null/run"], "expected a place that can be written"),
    ],
)
def test_bad_input_is_one_line(words: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, one line on stderr, nothing on stdout."""
    assert main(["align", *words]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and line in printed.err and printed.err.count("\n") == 1


def test_a_leak_in_a_file_of_ones_own_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A prompt that the exam asks: the line names file and number, and nothing is trained."""
    run = tmp_path / "run"
    assert main(["align", START, *SMALL, "--no-timing", "-o", str(run)]) == 0
    asked = json.loads((run / "arms/identity/0/1/replies.jsonl").read_text(encoding="utf-8").split("\n")[0])
    prompt = asked["conversation"]["messages"][0]["content"]
    path = tmp_path / "mine.jsonl"
    path.write_text(json.dumps({"prompt": prompt, "chosen": "No.", "rejected": "Yes."}) + "\n", encoding="utf-8")
    capsys.readouterr()
    assert main(["align", START, *SMALL, "--preferences", str(path), "-o", str(tmp_path / "own")]) == 2
    assert "preferences.jsonl:1: a prompt that the exam asks" in capsys.readouterr().err
