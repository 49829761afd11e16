"""`drillyard design` and `drillyard refine`: exit codes, one JSON document, one line per mistake."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import pytest
import yaml

from drillyard.cli.app import main
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.refine import RefineReport
from drillyard.records import Attempt, Plan

EXAMPLE = Path(str(resources.files("drillyard.programs") / "examples" / "helpdesk" / "brief.yaml"))


@pytest.fixture
def programme(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A designed programme."""
    assert main(["design", str(EXAMPLE), "-o", str(tmp_path / "prog")]) == 0
    capsys.readouterr()
    return tmp_path / "prog"


def test_design_prints_the_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The verdict comes first, the next command last; progress goes to stderr."""
    out = tmp_path / "prog"
    assert main(["design", str(EXAMPLE), "-o", str(out)]) == 0
    shown = capsys.readouterr()
    assert shown.out.splitlines()[0].endswith("The programme fits: 4 roles, 11 people, 39 hours of training in all.")
    assert shown.out.splitlines()[-1] == f"next: drillyard create {out}"
    assert "planning 4 roles" in shown.err and "planning" not in shown.out


def test_design_prints_one_json_document(programme: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json, and on a finished folder, stdout is the stored plan and nothing else."""
    assert main(["design", str(EXAMPLE), "-o", str(programme), "--json"]) == 0
    assert Plan.from_data(json.loads(capsys.readouterr().out)) == ProgramFolder(programme).plan()


def test_design_exits_1_on_a_clash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Hours that cannot hold the plan are a finding, not bad input."""
    data = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    data |= {"roles": [{"id": "executive", "head_count": 2, "hours": 0.8}], "policies": []}
    (tmp_path / "brief.yaml").write_text(yaml.safe_dump(data))
    assert main(["design", str(tmp_path / "brief.yaml"), "-o", str(tmp_path / "prog")]) == 1
    shown = capsys.readouterr().out
    assert "Executives: 3 objectives do not fit in 48 min (55 min needed)" in shown
    assert "give 1 h 20 min per person" in shown


def test_design_exits_2_on_a_wrong_brief(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line on stderr, nothing on stdout, no folder."""
    (tmp_path / "brief.yaml").write_text("title: x\n")
    assert main(["design", str(tmp_path / "brief.yaml"), "-o", str(tmp_path / "prog"), "--json"]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and len(shown.err.splitlines()) == 1
    assert "found no 'organisation'" in shown.err
    assert not (tmp_path / "prog").exists()


def test_refine_says_what_is_missing(programme: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anybody has tried, the answer is unknown, which is not success."""
    assert main(["refine", str(programme)]) == 1
    assert "Not enough evidence: no learner has tried a drill yet." in capsys.readouterr().out


def test_refine_reads_rehearsals(programme: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is stored in the folder is in the report, in words and as data."""
    one = Attempt(drill="failure-hunt", instance="hunt-1", learner="r", role="", rehearsal="reference")
    ProgramFolder(programme).write_attempts([one])
    assert main(["refine", str(programme)]) == 1
    assert "reference" in capsys.readouterr().out
    assert main(["refine", str(programme), "--json"]) == 1
    (drill,) = RefineReport.from_data(json.loads(capsys.readouterr().out)).drills
    assert [(r.solver, r.attempts) for r in drill.rehearsals] == [("reference", 1)]


def test_refine_refuses_a_folder_that_is_no_programme(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty folder has no attempts, but it is no programme either."""
    assert main(["refine", str(tmp_path)]) == 2
    assert "expected a programme folder" in capsys.readouterr().err
