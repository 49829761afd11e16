"""`drillyard create`: a table or one JSON document of gates, exit codes, one line per mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from drillyard.cli import create
from drillyard.cli.app import main
from drillyard.cli.show import Outcome
from drillyard.programs.create import list_rejected
from drillyard.programs.design import design
from drillyard.programs.examples import example_brief
from drillyard.programs.folder import ProgramFolder
from drillyard.records import Gate, GateReport
from drillyard.records.files import write_record


def test_create_prints_the_gates(created: ProgramFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """On a finished programme: the verdict, a row per instance, no failure, what to type next."""
    folder = created
    assert main(["create", str(folder.path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("● 2 of 2 instances passed every gate and are released.")
    assert lines[-1] == f"next: drillyard yard serve {folder.path}"
    for instance in folder.instances():
        assert any(line.startswith(instance.id) and "▲" not in line for line in lines)


def test_create_prints_one_json_document(created: ProgramFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json, stdout is the reports and nothing else, and they read back as records."""
    folder = created
    assert main(["create", str(folder.path), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["programme"] == str(folder.path)
    assert [GateReport.from_data(one) for one in data["rejected"]] == list_rejected(folder.path)
    reports = [GateReport.from_data(one) for one in data["instances"]]
    assert reports == [folder.gates(instance.id) for instance in folder.instances()]


def test_drills_with_other_gates_have_a_table_of_their_own() -> None:
    """The head of a table names the gates of its own rows, whichever drill comes first."""
    hunts = [GateReport(instance=f"hunt-{n}", gates=(_gate("G1"), _gate("G9")), seconds=1, peak_mb=1) for n in (1, 2)]
    desk = GateReport(instance="desk-1", gates=(_gate("G1"),), seconds=1, peak_mb=1)
    shown = _printed(create.report_gates([hunts[0], desk, hunts[1]], Path("prog")))
    heads = [line.split() for line in shown.splitlines() if line.startswith("instance")]
    assert heads == [["instance", "1", "9", "took"], ["instance", "1", "took"]]
    assert shown.index("hunt-2") < shown.index("desk-1")


def _printed(outcome: Outcome) -> str:
    console = Console(width=100)
    with console.capture() as shown:
        for part in outcome.body:
            console.print(part)
    return shown.get()


def _gate(number: str) -> Gate:
    return Gate(id=number, title=f"what {number} asks", detail="found", passed=True)


def test_an_instance_that_is_held_back_exits_1(tmp_path: Path) -> None:
    """One of two is released; the gates that failed, of every draw, are told with what was found."""
    gates = (_gate("G1"), _gate("G3").model_copy(update={"passed": False, "detail": "scores 0.55, below 0.60"}))
    held = GateReport(instance="hunt-2", gates=gates, seconds=1, peak_mb=1)
    released = held.model_copy(update={"instance": "hunt-1", "gates": (_gate("G1"), _gate("G3"))})
    for draw in (1, 2):
        write_record(tmp_path / "rejected" / f"hunt-2-{draw}.json", held)
    found = create.report_gates([released, held], tmp_path)
    assert found.exit_code == 1
    assert found.verdict == "1 of 2 instances passed every gate and is released. 2 draws failed a gate on the way."
    assert isinstance(found.data, dict) and found.data["rejected"] == [held, held]
    lines = _printed(found).splitlines()
    failed = lines[lines.index("Draws that were not released") + 2 :]
    assert [line.split("  ")[0] for line in failed] == ["hunt-2", "hunt-2"] and "below 0.60" in failed[0]


@pytest.mark.parametrize("arguments", [["--learners", "0"], ["--learners", "many"], ["--worker", "2"]])
def test_create_refuses_wrong_options(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """One line on stderr, exit 2."""
    assert main(["create", "nowhere", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and len(shown.err.splitlines()) == 1


def test_create_refuses_what_is_no_designed_programme(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No folder, and a plan with a clash: each says what to type."""
    assert main(["create", str(tmp_path / "none")]) == 2
    assert "drillyard design BRIEF.yaml -o" in capsys.readouterr().err
    folder = ProgramFolder(tmp_path / "prog")
    folder.write_plan(design(example_brief(), folder.path).model_copy(update={"status": "clash"}))
    assert main(["create", str(folder.path)]) == 2
    assert "found a plan that does not fit" in capsys.readouterr().err
