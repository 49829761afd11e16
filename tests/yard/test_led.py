"""Activities that a facilitator leads: read, recorded with a note, seen by learners, told in exports."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from yard.course import URL, build_course
from yard.small_programme import ANN, BOB, DESIGNER_CODE, EchoingModel, grade_of
from yard.visitor import Visit, Visitor

from drillyard.exports.evidence import check_pack, make_pack
from drillyard.exports.writing import export
from drillyard.planning.catalogue import load_catalogue
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.joining import appoint
from drillyard.programs.roster import Learner
from drillyard.records import Scheduled
from drillyard.registrar.led import Led
from drillyard.registrar.located import open_store
from drillyard.registrar.retention import forget
from drillyard.yard.app import make_app

TALK, SHEET, READ = "correction-talk", "interval-sheet", "read-the-policies"


@pytest.fixture
def programme(tmp_path: Path) -> ProgramFolder:
    """A programme whose roles have a discussion, a work sample and a reading too, each with its aims."""
    folder, catalogue = build_course(tmp_path / "prog"), load_catalogue()
    more = [one for one in catalogue.activities if one.id in (TALK, SHEET, READ)]
    aims = [one for one in catalogue.objectives if one.id in ("correct-a-promise", "read-an-interval")]
    skills = [one for one in catalogue.competencies if one.id in {aim.competency for aim in aims}]
    plan = folder.plan()
    roles = tuple(
        role.model_copy(
            update={
                "activities": (*role.activities, *(Scheduled(activity=one, start=0) for one in more)),
                "objectives": (*role.objectives, *aims),
                "competencies": (*role.competencies, *skills),
            }
        )
        for role in plan.roles
    )
    folder.write_plan(plan.model_copy(update={"roles": roles}))
    return folder


@pytest.fixture
def visit(programme: ProgramFolder) -> Iterator[Visit]:
    """A running yard."""
    app = make_app(programme.path, targets=lambda _: EchoingModel(), grader=grade_of, url=URL)
    with TestClient(app):
        yield lambda code: Visitor(TestClient(app)).sign_in(code)


@pytest.fixture
def fay(programme: ProgramFolder, visit: Visit) -> Visitor:
    """The facilitator."""
    return visit(appoint(programme, "facilitator", "Fay").code)


def record(fay: Visitor, activity: str, learner: Learner, outcome: str, note: str = "", expect: int = 200) -> str:
    """Record something, on the page of the activity."""
    page = fay.get(f"/live/led/{activity}")
    seen = re.findall(f'name="seen {learner.id}" value="([^"]*)"', page)
    fields = {f"outcome {learner.id}": outcome, f"note {learner.id}": note, f"seen {learner.id}": (*seen, "")[0]}
    return fay.send(f"/live/led/{activity}", expect=expect, **fields)


def test_a_facilitator_reads_all_that_they_lead(fay: Visitor, visit: Visit) -> None:
    """The plan, what each activity is for and brings, the texts and keys of lessons, the policies; learners do not."""
    page = fay.get("/live/led")
    assert "Putting a wrong promise right" in page and "0 of 1 recorded" in page and "they take it here" in page
    page = fay.get(f"/live/led/{TALK}")
    assert "In pairs, customer and support lead" in page and "It is shown when" in page and "Annabel Quist" in page
    page = fay.get("/live/led/watch-it-fail")
    assert "What they are asked" in page and "right</span>" in page and "Nothing has to be recorded" in page
    assert "To read" in fay.get("/reading")
    fay.get("/live/led/nothing", expect=404)
    ann = visit(ANN.code)
    ann.get("/live/led", expect=403)
    ann.get(f"/live/led/{TALK}", expect=403)


def test_what_is_recorded_closes_a_learner_s_aim(fay: Visitor, visit: Visit) -> None:
    """Open, then not shown yet, then shown, with the note; of a reading only that somebody took part."""
    ann = visit(ANN.code)
    before = ann.get("/progress")
    assert "not shown yet: Putting a wrong promise right" in before
    record(fay, TALK, ANN, "not-yet", "Promised a refund again")
    assert "took part, not shown yet, recorded by Fay: Promised a refund again" in ann.get("/progress")
    record(fay, TALK, ANN, "shown", "Second go, all right")
    assert "shown, recorded by Fay: Second go, all right" in ann.get("/progress")
    assert "Second go, all right" in ann.get("/drills")
    record(fay, READ, ANN, "took-part")
    assert "Read it again" in ann.get("/drills")
    assert "1 of 1 recorded" in fay.get("/live/led")
    record(fay, TALK, ANN, "")
    assert "not shown yet: Putting a wrong promise right" in ann.get("/progress"), "it can be taken back"
    assert "Second go" not in ann.page


def test_two_pages_do_not_erase_each_other(fay: Visitor, visit: Visit) -> None:
    """A page changes those whom it changes; what came since it was opened is seen before it is replaced."""
    designer = visit(DESIGNER_CODE)
    designer.get(f"/live/led/{TALK}")
    record(fay, TALK, ANN, "shown", "Very well")
    fields = {f"{part} {one.id}": "" for one in (ANN, BOB) for part in ("seen", "outcome", "note")}
    designer.send(f"/live/led/{TALK}", **{**fields, f"outcome {BOB.id}": "shown"})
    assert "Very well" in fay.get(f"/live/led/{TALK}") and fay.page.count('value="shown" selected') == 2
    late = {**fields, f"outcome {ANN.id}": "not-yet", f"outcome {BOB.id}": "shown", f"seen {BOB.id}": "shown"}
    page = designer.send(f"/live/led/{TALK}", expect=409, **late)
    assert "Somebody recorded something else of Annabel Quist" in page and "Very well" in page
    stale = {**late, f"seen {BOB.id}": "", f"outcome {BOB.id}": ""}
    page = designer.send(f"/live/led/{TALK}", expect=409, **stale)
    assert page.count('value="shown" selected') == 1, "a row that was left alone is shown as it is by now"
    assert page.count('value="not-yet" selected') == 1
    assert "Very well" in fay.get(f"/live/led/{TALK}")
    designer.send(f"/live/led/{TALK}", **{**late, f"seen {ANN.id}": "shown Very well"})
    assert "Very well" not in fay.get(f"/live/led/{TALK}")


def test_bad_records_change_nothing(fay: Visitor, programme: ProgramFolder) -> None:
    """Another outcome, a long note, somebody else's id, an activity that people take alone."""
    record(fay, READ, ANN, "shown", expect=400)
    assert "expected at most 500" in record(fay, TALK, ANN, "shown", "x" * 501, expect=422)
    assert "x" * 501 in fay.page, "what was typed is still there"
    record(fay, TALK, Learner(id="eve", role="engineer", code=""), "shown")
    fay.get(f"/live/led/{TALK}")
    fay.send("/live/led/watch-it-fail", expect=404, **{f"outcome {ANN.id}": "took-part"})
    store = open_store(programme)
    assert Led(store).all() == []
    store.close()


def test_exports_tell_of_it_without_the_note(
    fay: Visitor, programme: ProgramFolder, visit: Visit, tmp_path: Path
) -> None:
    """A row of activities.csv, a statement `completed`, a number on the board; no note, no facilitator."""
    record(fay, SHEET, ANN, "shown", "Quick with the bound")
    record(fay, READ, BOB, "took-part")
    export(programme.path, "csv", tmp_path / "csv")
    rows = list(csv.DictReader((tmp_path / "csv" / "activities.csv").read_text().splitlines()))
    assert [(row["learner"], row["activity"], row["outcome"]) for row in rows] == [
        (ANN.id, SHEET, "shown"), (BOB.id, READ, "took-part"),
    ]  # fmt: skip
    export(programme.path, "xapi", tmp_path / "xapi", url=URL)
    told = [
        one
        for one in json.loads((tmp_path / "xapi" / "statements.json").read_text())
        if "completed" in one["verb"]["id"]
    ]
    assert [one["result"] for one in told] == [{"completion": True, "success": True}, {"completion": True}]
    for file in tmp_path.rglob("*.*"):
        if file.parent.name in ("csv", "xapi"):
            assert "Quick" not in file.read_text() and "Fay" not in file.read_text()
    ann = visit(ANN.code)
    ann.get("/board")
    ann.send("/board", shown_as="Comet")
    assert '<td class="n" data-label="led">1</td>' in ann.page


def test_a_pack_tells_of_five_people_on_and_survives_forgetting(programme: ProgramFolder, tmp_path: Path) -> None:
    """A cell per activity that gives evidence; below five nothing; a forgotten learner's note is gone."""
    roster = programme.roster()
    more = tuple(Learner(id=f"eve-{n}", role="engineer", code=f"code-{n}") for n in range(5))
    programme.write_roster(roster.model_copy(update={"learners": (*roster.learners, *more)}))
    store = open_store(programme)
    led = Led(store)
    for learner in more[:4]:
        led.record(learner.id, SHEET, "shown", "well done", "Fay")
    cells = {
        (cell.role, cell.drill): cell for role in make_pack(programme.path, tmp_path / "a").roles for cell in role.cells
    }
    assert cells["engineer", SHEET].passed is None and ("engineer", READ) not in cells
    led.record(more[4].id, SHEET, "not-yet", "", "Fay")
    pack = make_pack(programme.path, tmp_path / "b")
    (cell,) = [cell for role in pack.roles for cell in role.cells if (cell.role, cell.drill) == ("engineer", SHEET)]
    assert cell.people == 5 and cell.passed is not None and cell.passed.value == 0.8
    assert check_pack(tmp_path / "b")[2] == []
    store.close()
    forget(programme, "eve-0")
    store = open_store(programme)
    assert [(row.learner, row.note) for row in Led(store).all()][0] == ("eve-0", "")
    store.close()


def test_designers_lead_too(visit: Visit) -> None:
    """A designer may do what a facilitator may."""
    assert "What you lead" in visit(DESIGNER_CODE).get("/live/led")
