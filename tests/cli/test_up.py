"""`drillyard up`: the whole walk in one command, its exit codes, and a server that stops when told to."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import yaml
from created_programme import LEARNERS
from processes import until

from drillyard.cli.app import main
from drillyard.planning.graph import EVIDENCE
from drillyard.planning.lessons import has_lesson, load_lesson
from drillyard.programs.create import TRIES, open_roster
from drillyard.programs.design import design
from drillyard.programs.examples import default_brief, example_brief
from drillyard.programs.folder import ProgramFolder
from drillyard.records import GateReport
from drillyard.records.files import write_record


@pytest.fixture
def programme(created: ProgramFolder, tmp_path: Path) -> Path:
    """A copy of the created programme: `up` goes on with it instead of making it again."""
    return Path(shutil.copytree(created.path, tmp_path / "prog"))


def brief_with(path: Path, **changes: object) -> Path:
    """Write the example brief, without its policies and with some fields changed."""
    data = {**yaml.safe_load(example_brief().read_text(encoding="utf-8")), "policies": [], **changes}
    path.write_text(yaml.safe_dump(data))
    return path


def test_up_prints_every_gate_report(programme: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--no-serve --json exits 0 with one document of gate reports."""
    assert main(["up", str(example_brief()), "--no-serve", "--json", "-o", str(programme)]) == 0
    shown = capsys.readouterr()
    reports = [GateReport.from_data(one) for one in json.loads(shown.out)["instances"]]
    assert len(reports) == LEARNERS
    assert all(report.released and len(report.gates) == 14 for report in reports)
    assert "is designed already" in shown.err


def test_up_exits_1_when_the_plan_does_not_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A clash is a result, not bad input: its reason is printed and nothing is built."""
    given_up = ["interview-executive", "answer-the-board", "decide-with-a-stop-rule"]
    roles = [{"id": "executive", "head_count": 2, "hours": 0.8, "without": given_up}]
    arguments = ["up", str(brief_with(tmp_path / "brief.yaml", roles=roles)), "-o", str(tmp_path / "prog")]
    assert main([*arguments, "--no-serve"]) == 1
    assert "Executives: 4 objectives do not fit in 48 min" in capsys.readouterr().out
    assert main([*arguments, "--json"]) == 1  # nor is anything served
    assert json.loads(capsys.readouterr().out)["status"] == "clash"
    assert not (tmp_path / "prog" / "instances").exists()


def test_up_exits_1_when_an_instance_is_held_back(programme: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The report is printed, with why."""
    folder = ProgramFolder(programme)
    held = folder.instances()[0].id
    gates = tuple(gate.model_copy(update={"passed": gate.id != "G3"}) for gate in folder.gates(held).gates)
    report = folder.gates(held).model_copy(update={"gates": gates})
    folder.write_gates(report)
    write_record(programme / "rejected" / f"{held}-{TRIES}.json", report)
    (programme / "instances" / held / "instance.json").unlink()
    assert main(["up", str(example_brief()), "--no-serve", "-o", str(programme)]) == 1
    assert "1 of 2 instances passed every gate" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"roles": [{"id": "wizard", "head_count": 1, "hours": 2}]}, "wizard"),
        ({"roles": [{"id": "engineer", "head_count": 1, "hours": -1}]}, "hours"),
        ({"policies": [{"path": "policies/none.md", "title": "None"}]}, "policies/none.md"),
        ({"title": None}, "title"),
    ],
)
def test_up_refuses_a_wrong_brief(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, object], message: str
) -> None:
    """One line, exit 2, no folder."""
    path = brief_with(tmp_path / "brief.yaml", **changes)
    assert main(["up", str(path), "-o", str(tmp_path / "prog"), "--json"]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and len(shown.err.splitlines()) == 1 and message in shown.err
    assert not (tmp_path / "prog").exists()


@pytest.mark.parametrize("arguments", [["none.yaml"], ["--port", "70000"], ["--learners", "0"]])
def test_up_refuses_wrong_arguments(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A brief that is not there, a port that is none, no learners: one line, exit 2."""
    monkeypatch.chdir(tmp_path)
    assert main(["up", *arguments]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.walk
def test_up_serves_until_interrupted(programme: Path, tmp_path: Path) -> None:
    """The page is there, and Ctrl+C ends the server without a fault."""
    said = tmp_path / "stderr"
    with said.open("wb") as stderr:
        run = subprocess.Popen(
            [sys.executable, "-m", "drillyard", "up", str(example_brief()), "-o", str(programme), "--port", "0"],
            stderr=stderr,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "BROWSER": "true"},
        )
    address = until(lambda: [line.split()[-1] for line in said.read_text().splitlines() if "open at" in line])[0]
    with urllib.request.urlopen(address) as page:
        assert page.status == 200 and b"code" in page.read()
    run.send_signal(signal.SIGINT)
    assert run.wait() == 0
    assert "2 of 2 drills are made" in said.read_text()


@pytest.mark.parametrize("brief", [example_brief(), default_brief()], ids=lambda path: path.parent.name)
def test_the_example_is_the_one_of_the_checkout(brief: Path) -> None:
    """The brief that ships inside the package and the one under examples/ are the same, policies included."""
    shipped = brief.parent
    checkout = Path(__file__).parents[2] / "examples" / shipped.name
    files = sorted(file.relative_to(shipped) for file in shipped.rglob("*") if file.is_file())
    assert files == sorted(file.relative_to(checkout) for file in checkout.rglob("*") if file.is_file())
    assert all((shipped / file).read_bytes() == (checkout / file).read_bytes() for file in files)


def test_the_default_programme_holds_what_six_roles_need(tmp_path: Path) -> None:
    """Each of the six has lessons, items that are answered in the yard, and assessments by performance."""
    plan = design(default_brief(), tmp_path / "prog")
    assert plan.status == "fits" and len(plan.roles) == 6
    for role in plan.roles:
        activities = [item.activity for item in role.activities]
        assert sum(EVIDENCE.get(one.kind) == "performance" for one in activities) >= 2, role.role
        taken = [load_lesson(one.id) for one in activities if has_lesson(one)]
        assert len(taken) >= 3 and sum(len(lesson.questions) for lesson in taken) >= 9, role.role
    assert open_roster(tmp_path / "prog") == (0, sum(len(role.drills) for role in plan.roles))
    assert ProgramFolder(tmp_path / "prog").roster().served_at_once
