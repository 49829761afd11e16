"""`drillyard yard …`: who may sign in, and who joins later."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from yard.course import build_course
from yard.small_programme import ANN, BOB, build_programme

from drillyard.cli.app import main
from drillyard.programs.folder import ProgramFolder


@pytest.fixture
def folder(tmp_path: Path) -> ProgramFolder:
    """A programme of two learners."""
    return build_programme(tmp_path / "prog")


class Yard:
    """A terminal: what a command says as JSON, or its one line of error."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def forget(self) -> None:
        """Forget what was said before."""
        self._capsys.readouterr()

    def __call__(self, *words: object, code: int = 0) -> Any:
        """Run `drillyard yard …`."""
        assert main(["yard", *map(str, words), "--json"]) == code
        said = self._capsys.readouterr()
        assert said.err.count("\n") == (code == 2), said.err
        return json.loads(said.out) if code == 0 else said.err


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Yard:
    """Return that terminal."""
    return Yard(capsys)


def test_staff_come_and_go(run: Yard, folder: ProgramFolder) -> None:
    """A code for a name; the list shows them; a second time and a stranger are one line."""
    told = run("appoint", folder.path, "facilitator", "Fay Lund")
    assert told["code"] == folder.roster().staff[0].code
    assert [one["id"] for one in run("people", folder.path)][-1] == "Fay Lund"
    assert "a name that nobody has" in run("appoint", folder.path, "auditor", "fay lund", code=2)
    run("dismiss", folder.path, "Fay Lund")
    assert "nobody is appointed" in run("dismiss", folder.path, "Fay Lund", code=2)


def test_people_are_invited_by_list_or_link(run: Yard, folder: ProgramFolder, tmp_path: Path) -> None:
    """A list gives codes, a link a path; both at once, none, and a wrong role are one line."""
    people = tmp_path / "late.csv"
    people.write_text("name,role,team\nEve Harlow,engineer,Red\n")
    (eve,) = run("invite", folder.path, "--people", people)
    assert (eve["team"], eve["code"]) == ("Red", folder.roster().learners[-1].code)
    assert run("invite", folder.path, "--link", BOB.role, "--places", 3)["path"].startswith("/join/")
    assert "type --link ROLE or --people FILE" in run("invite", folder.path, code=2)
    assert "one of: support-lead, engineer" in run("invite", folder.path, "--link", "boss", code=2)
    assert "programme folder" in run("invite", tmp_path, "--link", BOB.role, code=2)
    (link,) = run("links", folder.path)
    assert (link["role"], link["places"], link["by"]) == (BOB.role, 3, "designer")
    assert run("links", folder.path, "--end", link["mark"]) == []
    assert "list them: drillyard yard links" in run("links", folder.path, "--end", link["mark"], code=2)


def test_a_programme_is_exported(run: Yard, folder: ProgramFolder, tmp_path: Path) -> None:
    """A plan without a drill has nothing to launch; a wrong address and format are one line."""
    wrong = run("export", folder.path, "--format", "scorm12", "-o", tmp_path / "out", code=2)
    assert "a plan without a drill to launch" in wrong
    build_course(tmp_path / "course")
    told = run("export", tmp_path / "course", "--format", "csv", "-o", tmp_path / "out", "--url", "https://y.org")
    assert told["checks"] == ["columns and ranges", "leaks"] and Path(told["files"][0]).read_text().count("\n") == 3
    wrong = run("export", tmp_path / "course", "--format", "csv", "-o", tmp_path / "out", "--url", "y.org", code=2)
    assert "type --url https://yard.example.org" in wrong


def test_a_programme_is_backed_up_and_brought_back(run: Yard, tmp_path: Path) -> None:
    """Through the command line, as a timer would."""
    build_course(tmp_path / "course")
    count = run("backup", tmp_path / "course", "-o", tmp_path / "a.tgz")["files"]
    assert run("restore", tmp_path / "a.tgz", "-o", tmp_path / "back")["files"] == count
    assert "choose another name" in run("restore", tmp_path / "a.tgz", "-o", tmp_path / "back", code=2)


def test_an_audit_and_a_wish_to_be_forgotten(run: Yard, tmp_path: Path) -> None:
    """A pack is made and checked; a changed one exits 1; a learner is forgotten, old messages go."""
    build_course(tmp_path / "course")
    run("evidence", tmp_path / "course", "-o", tmp_path / "pack")
    key = run("evidence-check", tmp_path / "pack")["key"]
    assert run("evidence-check", tmp_path / "pack", "--key", key)["holds"]
    assert main(["yard", "evidence-check", str(tmp_path / "pack"), "--key", "other"]) == 1
    run.forget()
    assert run("forget", tmp_path / "course", "Annabel Quist") == {"forgotten": ANN.id}
    assert run("expire", tmp_path / "course", "--chats", 0)["chats"] == 0


def test_a_person_is_renamed(run: Yard, folder: ProgramFolder) -> None:
    """By id or name, with or without another team; a name of the staff and an unknown person are one line."""
    assert run("rename", folder.path, ANN.id, "Ann Orr", "--team", "Blue")["team"] == "Blue"
    assert run("rename", folder.path, "Ann Orr", "Ann Quist") == {
        "learner": ANN.id,
        "name": "Ann Quist",
        "team": "Blue",
    }
    assert "a name of one's own" in run("rename", folder.path, ANN.id, "designer", code=2)
    assert "list them" in run("rename", folder.path, "Ann Orr", "Zoe", code=2)
