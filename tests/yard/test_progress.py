"""The catalogue, a learner's progress, recall cards, and the credential of a passed drill."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from yard.course import URL, build_course
from yard.small_programme import ANN, BOB, DESIGNER_CODE, Clock, EchoingModel, grade_of
from yard.visitor import Visit, Visitor

from drillyard.exports.badges import read_credential
from drillyard.planning.catalogue import load_catalogue
from drillyard.planning.finding import entries_of, find, nearest
from drillyard.planning.lessons import load_lesson
from drillyard.programs.folder import ProgramFolder
from drillyard.yard.app import make_app

DAY = 86400


@pytest.fixture
def course(tmp_path: Path) -> ProgramFolder:
    """A programme in which Ann passed and Bob did not."""
    return build_course(tmp_path / "prog")


@pytest.fixture
def late() -> Clock:
    """A clock some time after that work."""
    clock = Clock()
    clock.now += DAY
    return clock


@pytest.fixture
def visit(course: ProgramFolder, late: Clock) -> Iterator[Visit]:
    """A yard that knows its address."""
    app = make_app(course.path, targets=lambda _: EchoingModel(), grader=grade_of, clock=late, url=URL)
    with TestClient(app):
        yield lambda code: Visitor(TestClient(app)).sign_in(code)


def test_the_catalogue_is_searched_by_words_role_and_skill() -> None:
    """Every word counts, whatever its case; filters narrow; a slip of the pen leads to a word that is there."""
    catalogue = load_catalogue()
    entries = entries_of(catalogue)
    assert find(entries) == entries and len(entries) > 20
    hunt = find(entries, "FAILURE hunt")
    assert [one.activity.drill for one in hunt if one.activity.drill] == ["failure-hunt"]
    skill = next(iter(hunt[0].skills))
    assert hunt[0] in find(entries, skill=skill) and len(find(entries, skill=skill)) < len(entries)
    for role in catalogue.roles:
        listed = {one.activity.id for one in find(entries, role=role.id)}
        assert listed == {one.id for one in catalogue.open_to(role)}
    assert all(one.activity.kind == "drill" for one in find(entries, kind="drill"))
    assert find(entries, "falure") == [] and "failure" in nearest(entries, "falure")
    assert nearest(entries, "zzzqq") == [], "nothing is like it, so nothing is offered"


def test_nothing_found_says_what_to_try(visit: Visit) -> None:
    """Learners and staff search; what is in the plan is marked."""
    ann = visit(ANN.code)
    assert ann.get("/catalogue").count("<h3>") > 40, "the whole of it, lessons and drills"
    page = ann.get("/catalogue?words=falure")
    assert "Did you mean" in page and 'href="/catalogue?words=failure"' in page
    assert "in your plan" in ann.get("/catalogue?words=failure+hunt")
    assert "Catalogue</h1>" in visit(DESIGNER_CODE).get("/catalogue?role=engineer&kind=drill&skill=nothing")
    assert "What we missed" in ann.get("/catalogue"), "what is no drill is listed too"


def test_progress_counts_evidence_of_the_right_kind(visit: Visit) -> None:
    """A passed drill shows what asks for performance, a failed one does not; a lesson alone shows nothing."""
    ann, bob = visit(ANN.code).get("/progress"), visit(BOB.code).get("/progress")
    assert "Failure hunt: passed" in ann and "Failure hunt: not passed" in bob
    shown = [int(re.findall(r"You have shown (\d+) of", page)[0]) for page in (ann, bob)]
    assert shown[0] > shown[1] == 0
    assert "/credential/failure-hunt" in ann and "/credential" not in bob


def test_facts_come_back_when_they_are_due(visit: Visit, late: Clock) -> None:
    """Only what was answered is a card; “Good” sends it away, later it is due again; a second click changes nothing."""
    lesson = load_lesson("watch-it-fail")
    question = lesson.questions[0]
    right = question.words(question.key)
    learner = visit(ANN.code)
    page = learner.get("/recall")
    assert right in page.replace("&#39;", "'").replace("&#34;", '"') and "1 of 1 are due" in page
    for _click in range(2):
        learner.get("/recall")
        token = re.findall(r'name="csrf" value="(\w+)"', page)[0]
        key = f"{lesson.id}/{question.id}"
        sent = {"csrf": token, "card": key, "recalled": "3", "seen": "0"}
        assert learner.client.post("/recall", data=sent).status_code == 200
    assert "Nothing is due" in learner.get("/recall")
    late.now += 30 * DAY
    learner.sign_in(ANN.code)
    assert "1 of 1 are due" in learner.get("/recall")
    learner.send("/recall", expect=404, card="other/question", recalled="3", seen="1")
    learner.get("/recall")
    learner.send("/recall", expect=400, card=key, recalled="9", seen="1")
    stranger = visit(BOB.code)
    assert "No cards yet" in stranger.get("/recall")


def test_who_passed_has_a_credential_that_checks(visit: Visit, late: Clock) -> None:
    """Signed by the keys that the yard tells, and said in words; nobody else has it, nor who did not pass."""
    ann = visit(ANN.code)
    page = ann.get("/credential/failure-hunt")
    assert "Passed" in page and "90 %" in page and f"{URL}/x/issuer" in page and "does not hold" not in page
    token = ann.client.get("/credential/failure-hunt.jwt")
    issuer, revoked = (ann.client.get(f"/x/{name}").json() for name in ("issuer", "revoked"))
    body = read_credential(token.content, issuer, revoked, late.now)
    assert body["credentialSubject"]["identifier"][0]["identityHash"] == ANN.id
    assert "ann-2345" not in str(issuer) and issuer["id"] == f"{URL}/x/issuer"
    for path in ("/credential/failure-hunt", "/credential/failure-hunt.jwt"):
        visit(BOB.code).get(path, expect=404)
    ann.get("/credential/other", expect=404)


def test_a_yard_without_an_address_signs_nothing(course: ProgramFolder) -> None:
    """A name from a request's Host header, which anybody sets, would stand in what is signed."""
    app = make_app(course.path, targets=lambda _: EchoingModel(), grader=grade_of)
    with TestClient(app):
        ann = Visitor(TestClient(app)).sign_in(ANN.code)
        assert "--url" in ann.get("/credential/failure-hunt", expect=404)
        assert "/credential" not in ann.get("/progress")
