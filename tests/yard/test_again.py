"""A second try: the button, the page that waits, one copy however often it is asked for, the designer's buttons."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from yard.small_programme import BOB, CLAIM, DESIGNER_CODE, EchoingModel, build_programme, grade_of, until
from yard.visitor import Visitor

from drillyard.errors import BadInput, DrillyardError
from drillyard.programs.again import further_try, new_code, tries_left
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.roster import Learner, Roster, drill_of, try_number
from drillyard.records import Activity, Law, Objective, Policy, Scheduled
from drillyard.yard.app import make_app
from drillyard.yard.builder import Builder

CLEO = Learner(id="cleo-2222", role="engineer", code="cccc-2222-cccc-2222", instances=("failure-hunt-cleo-2222",))
EVE = Learner(id="eve-3333", role="executive", code="eeee-3333-eeee-3333")
FIRST, SECOND, THIRD = CLEO.instances[0], f"{CLEO.instances[0]}-2", f"{CLEO.instances[0]}-3"


def copy_instance(folder: ProgramFolder, name: str) -> None:
    """Release an instance as building it would, without a model."""
    like = folder.instance("hunt-2")
    folder.write_truth(folder.truth("hunt-2").model_copy(update={"instance": name}))
    folder.write_gates(folder.gates("hunt-2").model_copy(update={"instance": name}))
    folder.write_instance(like.model_copy(update={"id": name, "target": f"instances/{name}/organism"}))


@pytest.fixture
def folder(tmp_path: Path) -> ProgramFolder:
    """A programme with a learner whose instances are named as create names them, and one without a drill."""
    folder = build_programme(tmp_path / "prog")
    folder.write_roster(Roster(learners=(CLEO, BOB, EVE), designer_code=DESIGNER_CODE, secret="0" * 64))
    copy_instance(folder, FIRST)
    return folder


def with_retries(folder: ProgramFolder, retries: object) -> None:
    """Set the policy of the brief."""
    folder.write_brief(folder.brief().model_copy(update={"retries": retries}))


class Gated:
    """A way to build that waits until it is let go."""

    def __init__(self) -> None:
        self.go, self.built = threading.Event(), []

    def __call__(self, folder: ProgramFolder, name: str) -> None:
        """Build once it may."""
        assert self.go.wait(30)
        self.built.append(name)
        copy_instance(folder, name)


@pytest.fixture
def build() -> Gated:
    """Return that way."""
    return Gated()


@pytest.fixture
def arrive(folder: ProgramFolder, build: Gated) -> Iterator[Callable[[str], Visitor]]:
    """Let somebody sign in at a running yard."""
    app = make_app(folder.path, targets=lambda _: EchoingModel(), grader=grade_of, build=build)
    with TestClient(app):
        yield lambda code: Visitor(TestClient(app)).sign_in(code)
        build.go.set()


def fail(visitor: Visitor, name: str) -> str:
    """Hand in a claim that does not pass, and return the result page."""
    visitor.get(f"/drills/{name}")
    question = CLAIM.questions[0]
    visitor.send(
        f"/drills/{name}/claims", behaviour=CLAIM.behaviour, severity="high", words="prices",
        question=question.last_user, **{"question-template": question.template},
    )  # fmt: skip
    visitor.get(f"/drills/{name}/submit")
    visitor.send(f"/drills/{name}/submit")
    until(lambda: "Not passed" in visitor.get(f"/drills/{name}/result"))
    return visitor.page


def test_who_failed_tries_again_on_a_fresh_copy(
    folder: ProgramFolder, build: Gated, arrive: Callable[[str], Visitor]
) -> None:
    """One click asks for a copy, two clicks for the same one; its page waits, then is the drill; the first stays."""
    cleo = arrive(CLEO.code)
    assert "Try again on a fresh copy" in fail(cleo, FIRST)
    cleo.send(f"/drills/{FIRST}/again")
    assert "being prepared" in cleo.page
    cleo.get(f"/drills/{FIRST}/result")
    assert f'href="/drills/{SECOND}"' in cleo.page and "Try again" not in cleo.page
    cleo.get(f"/drills/{SECOND}")
    token = re.search(r'name="csrf" value="(\w+)"', cleo.page)
    assert token and cleo.client.post(f"/drills/{FIRST}/again", data={"csrf": token[1]}).status_code == 200
    assert folder.roster().learners[0].instances == (FIRST, SECOND)
    assert "being prepared" in arrive(DESIGNER_CODE).get("/designer")
    build.go.set()
    until(lambda: "File a claim" in cleo.get(f"/drills/{SECOND}"))
    assert build.built == [SECOND]
    page = cleo.get("/drills")
    assert f"/drills/{SECOND}" in page and f"/drills/{FIRST}/result" in page and "try 1, 50 %" in page


def test_the_policy_is_kept_and_said(folder: ProgramFolder, build: Gated, arrive: Callable[[str], Visitor]) -> None:
    """By the facilitator: no button, a line, and a forged click changes nothing; the designer's button does."""
    with_retries(folder, "facilitator")
    cleo, designer = arrive(CLEO.code), arrive(DESIGNER_CODE)
    page = fail(cleo, FIRST)
    assert "Try again" not in page and "Your facilitator can give you a fresh copy" in page
    cleo.send(f"/drills/{FIRST}/again", csrf=re.findall(r'name="csrf" value="(\w+)"', page)[0])
    assert folder.roster().learners[0].instances == (FIRST,)
    designer.get("/designer")
    for _click in range(2):
        designer.send("/designer/reset", learner=CLEO.id, drill="failure-hunt", after=FIRST)
        assert f"{SECOND} is being prepared" in designer.page
    assert folder.roster().learners[0].instances == (FIRST, SECOND)
    build.go.set()
    until(lambda: "File a claim" in cleo.get(f"/drills/{SECOND}"))


def test_a_new_code_ends_the_old_one(folder: ProgramFolder, arrive: Callable[[str], Visitor]) -> None:
    """From the designer's page, once they are sure: it is shown once, the old code and its session are over."""
    cleo, designer = arrive(CLEO.code), arrive(DESIGNER_CODE)
    designer.get("/designer")
    designer.send("/designer/reissue", expect=422, learner=CLEO.id)
    assert "tick it" in designer.page and folder.roster().learners[0].code == CLEO.code
    designer.send("/designer/reissue", learner=CLEO.id, sure="yes")
    code = folder.roster().learners[0].code
    assert code != CLEO.code and code in designer.page and code not in designer.get("/designer")
    assert "Sign in" in cleo.get("/drills")
    cleo.send("/sign-in", 403, code=CLEO.code)
    cleo.send("/sign-in", code=code)
    assert "My drills" in cleo.page


def test_who_takes_no_drill_signs_in_and_sees_the_plan(arrive: Callable[[str], Visitor]) -> None:
    """An executive has a code; the designer reads how many people can sign in, not only how many drills there are."""
    page = arrive(EVE.code).get("/drills")
    assert "<h1>My plan</h1>" in page and "You take no drill here" in page
    assert page.count("My plan</h") == 1
    page = arrive(DESIGNER_CODE).get("/designer")
    assert "3 people can sign in" in page and "1 of them takes no drill" in page


def test_a_learner_is_called_by_name_and_reads_what_there_is_to_read(
    folder: ProgramFolder, arrive: Callable[[str], Visitor]
) -> None:
    """The name that the designer gave, else the id; the policies of the brief, as text where they are text."""
    eve = arrive(EVE.code)
    assert f'<span class="muted">{EVE.id}</span>' in eve.get("/drills")
    folder.write_people({EVE.id: "Eve Harlow <b>"})
    assert '<span class="muted">Eve Harlow &lt;b&gt;</span>' in eve.get("/drills")
    assert "No policy was given" in eve.get("/reading")
    folder.policies.mkdir()
    (folder.policies / "refunds.md").write_text("Refunds within <30> days.")
    (folder.policies / "scan.pdf").write_bytes(b"%PDF\xff")
    policies = [Policy(path=f"policies/{name}", title=name.upper()) for name in ("refunds.md", "scan.pdf", "gone.md")]
    law = Law(id="x", title="Act", duty="Train staff.", as_of="2026-01-01", source="S", trust="published")
    folder.write_brief(folder.brief().model_copy(update={"policies": tuple(policies), "laws": (law,)}))
    page = eve.get("/reading")
    assert "Refunds within &lt;30&gt; days." in page and page.count("Your facilitator has it") == 2
    assert "Train staff." in page and "<h1>To read</h1>" in page
    reading = Activity(id="r", title="Read it", kind="reading", minutes=5, objectives=("o",))
    quiz = reading.model_copy(update={"id": "q", "title": "Quiz", "kind": "quiz"})
    aim = Objective(
        id="o", competency="c", verb="name", statement="Name the duty", condition="Five lines", criterion="All",
        evidence="choice", bloom="remember",
    )  # fmt: skip
    plan = folder.plan()
    role = plan.roles[0].model_copy(
        update={
            "role": EVE.role, "objectives": (aim,),
            "activities": (Scheduled(activity=reading, start=0), Scheduled(activity=quiz, start=5)),
        }
    )  # fmt: skip
    folder.write_plan(plan.model_copy(update={"roles": (role,)}))
    page = eve.get("/drills")
    assert page.count('href="/reading#read-r">Read it') >= 1 and "Name the duty" in page and "five lines" in page


def test_tries_are_counted(folder: ProgramFolder) -> None:
    """A number of retries is a number; who asks after an earlier try gets the one that follows it."""
    with_retries(folder, 1)
    assert tries_left(folder.brief(), CLEO, "failure-hunt") == 1
    assert further_try(folder, CLEO.id, "failure-hunt", after=FIRST) == SECOND
    assert further_try(folder, CLEO.id, "failure-hunt", after=FIRST) == SECOND
    with pytest.raises(BadInput, match="found 2 tries at failure-hunt, expected one that is left"):
        further_try(folder, CLEO.id, "failure-hunt", after=SECOND)
    assert further_try(folder, CLEO.id, "failure-hunt", after=SECOND, policy=False) == THIRD
    with_retries(folder, 2)
    (learner, *_) = folder.roster().learners
    assert learner.given == (THIRD,) and tries_left(folder.brief(), learner, "failure-hunt") == 1, (
        "a gift counts for none"
    )
    assert [try_number(name, CLEO.id) for name in (FIRST, SECOND, THIRD)] == [1, 2, 3]
    assert {drill_of(name, CLEO.id) for name in (FIRST, SECOND, THIRD)} == {"failure-hunt"}
    for wrong in (lambda: further_try(folder, "nobody", "failure-hunt"), lambda: new_code(folder, "nobody")):
        with pytest.raises(BadInput, match="found learner 'nobody'"):
            wrong()
    with pytest.raises(BadInput, match="expected one of: failure-hunt"):
        further_try(folder, CLEO.id, "contain-the-oracle")


def test_many_clicks_at_once_give_one_copy(folder: ProgramFolder) -> None:
    """Twenty threads that ask after the same try all get the same answer."""
    got: list[str] = []
    threads = [
        threading.Thread(target=lambda: got.append(further_try(folder, CLEO.id, "failure-hunt", after=FIRST)))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [SECOND] * 20 and folder.roster().learners[0].instances == (FIRST, SECOND)


def test_a_killed_server_goes_on_and_a_broken_build_is_given_up(folder: ProgramFolder) -> None:
    """The next server builds what the roster names; after three failures the page says so, and others go on."""
    further_try(folder, CLEO.id, "failure-hunt", after=FIRST)
    built: list[str] = []

    def broken(programme: ProgramFolder, name: str) -> None:
        built.append(name)
        raise DrillyardError("no space left")

    builder = Builder(folder, broken)
    assert [builder.work_once() for _ in range(4)] == [True, True, True, False] and built == [SECOND] * 3
    assert builder.waiting(SECOND).given_up
    again = Builder(folder, copy_instance)
    assert not again.waiting(SECOND).given_up
    assert again.work_once() and not again.work_once() and folder.instance(SECOND)
