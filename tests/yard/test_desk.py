"""A drill whose learners hand in a policy: the page, the desk in hand, the upload, the result."""

from __future__ import annotations

import functools
import html
import io
import re
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace

import pytest
import yaml
from starlette.testclient import TestClient
from yard.small_programme import ANN, HERE, EchoingModel, build_programme, kept, until
from yard.visitor import Visitor

from drillyard.containment.adversaries.trial import try_policy
from drillyard.containment.gateway.policy import policy_of
from drillyard.drills import load_kit
from drillyard.errors import BadInput, GradingFailed
from drillyard.exercises.contain_the_oracle.exam import DeskExam
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.grading import grade_here, try_last_year
from drillyard.programs.submission import read_submission
from drillyard.records import AnySubmission, Instance, PolicySubmission
from drillyard.yard.app import make_app

KIT = load_kit("contain-the-oracle")


@functools.cache
def _exam() -> DeskExam:
    """Return an instance, which takes seconds to make."""
    made: DeskExam = KIT.materialise("hunt-1", "containment-engineer", 2**61 + 5)
    return made


@pytest.fixture
def programme(tmp_path) -> ProgramFolder:
    """A programme whose first instance is a desk."""
    folder = build_programme(tmp_path / "prog")
    exam = _exam()
    KIT.save(exam, folder.target(exam.instance))
    folder.write_truth(exam.truth)
    folder.write_instance(exam.instance)
    return folder


def check_here(instance: Instance, data: bytes) -> AnySubmission:
    """Check an upload in this process."""
    submission = read_submission(data, KIT.drill, instance)
    KIT.check(_exam(), submission)
    return submission


@pytest.fixture
def ann(programme: ProgramFolder) -> Iterator[Visitor]:
    """A learner on the page of that drill; checks, trials and gradings run in this process."""
    app = make_app(
        programme.path,
        targets=lambda _: EchoingModel(),
        grader=lambda one: grade_here(programme, one),
        checker=check_here,
        trier=lambda _, text: try_policy(policy_of(text), _exam().known),
    )
    with TestClient(app) as client:
        visitor = Visitor(client).sign_in(ANN.code)
        visitor.get(HERE)
        yield visitor


def test_the_page_asks_for_a_policy(ann: Visitor) -> None:
    """The task, the limits, the adversaries, the download and one form; nothing of a model to talk to."""
    for words in (
        "Contain the oracle",
        "Download the desk",
        "drillyard contain trial",
        "a year, of the adversary that can get most out",
        "leans what is acted on towards its goal",
    ):
        assert words in ann.page
    assert "Every message starts afresh" not in ann.page and "File a claim" not in ann.page
    assert "Contain the oracle" in ann.get("/drills")


def test_the_desk_comes_in_hand(ann: Visitor, programme: ProgramFolder) -> None:
    """The archive holds last year, as a table too, and today's policy; nothing of the hidden year."""
    archive = zipfile.ZipFile(io.BytesIO(ann.client.get(f"{HERE}/model.zip").content))
    assert sorted(archive.namelist()) == ["desk/case.json", "desk/notes.md", "desk/policy.yaml", "desk/questions.csv"]
    text = b"".join(archive.read(name) for name in archive.namelist()).decode()
    hidden = KIT.open(
        programme.instance("hunt-1"), programme.truth("hunt-1"), programme.target(programme.instance("hunt-1"))
    ).hidden
    assert not any(one.question.text in text for one in hidden.questions)


def test_a_policy_is_handed_in_and_graded(ann: Visitor, programme: ProgramFolder) -> None:
    """A wrong one changes nothing and says why; a right file is kept under the learner's name and shows its result."""
    policy = (programme.target(programme.instance("hunt-1")) / "policy.yaml").read_text()
    bad = policy.replace("grid_points: 101", "grid_points: many")
    ann.send(f"{HERE}/upload", expect=422, files={"file": ("p.yaml", bad.encode(), "application/yaml")})
    assert "grid_points" in ann.page and 'role="alert"' in ann.page
    ann.send(f"{HERE}/upload", expect=422, files={"file": ("p.yaml", f"# mine\n{policy}".encode(), "application/yaml")})
    assert "policy of today, unchanged" in ann.page and "autofocus" in ann.page
    policy = policy.replace("grid_points: 101", "grid_points: 100")
    ann.send(f"{HERE}/upload", files={"file": ("p.yaml", policy.encode(), "application/yaml")})
    for words in ("Hand in this policy?", "ends this attempt", "probabilities at 100 points", "not tried", ">Back</a>"):
        assert words in ann.page
    assert kept(programme) == [] and "grid_points: 100 " in ann.get(HERE), "the file stands in the field"
    ann.get(f"{HERE}/upload")
    ann.hand_in(HERE)
    assert kept(programme) == [PolicySubmission(instance="hunt-1", learner=ANN.id, policy=policy)]
    until(lambda: "Who got how far" in ann.get(f"{HERE}/result"))
    for words in ("2 of 3 limits broken", "steerer", "stranger", "Not passed", "answers were released"):
        assert words in ann.page


def field(page: str) -> str:
    """Return what stands in the field of the policy."""
    (text,) = re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    return html.unescape(text)


def test_a_policy_is_tried_on_last_year(ann: Visitor, programme: ProgramFolder) -> None:
    """From the field, as often as wanted; text and result are there after a reload, and the look back tells of it."""
    today = (programme.target(programme.instance("hunt-1")) / "policy.yaml").read_text()
    assert field(ann.page) == today
    bad = today.replace("runs: 1 ", "runs: none ")
    assert "runs" in ann.send(f"{HERE}/trial", expect=422, policy=bad) and 'id="text-error"' in ann.page
    assert field(ann.get(HERE)) == bad and "On last year" not in ann.page
    better = yaml.safe_dump(_exam().key.model_dump(mode="json"))
    ann.send(f"{HERE}/trial", policy=better.replace("\n", "\r\n"))
    for page in (ann.page, ann.get(HERE)):
        assert "all limits hold" in page and "rounder" in page and "You have changed" not in page
        assert field(page) == better
    assert "all limits hold" in ann.send(f"{HERE}/upload", policy=better), "on the look back"
    ann.get(HERE)
    ann.send(f"{HERE}/policy", policy="typed")
    assert field(ann.page) == today and "You have changed the policy since" in ann.page
    assert kept(programme) == []


def test_no_trial_is_lost_by_sending_two(ann: Visitor) -> None:
    """The second of one learner is refused at the field while the first runs, and its text is kept."""
    yard = ann.client.app.state.yard
    begun, go = threading.Event(), threading.Event()

    def slow(_instance: Instance, _text: str) -> None:
        begun.set()
        assert go.wait(30)
        raise GradingFailed("the check ended with code -9: no message")

    ann.client.app.state.yard = replace(yard, try_last_year=slow)
    token = re.search(r'name="csrf" value="(\w+)"', ann.page)[1]
    told = []
    first = threading.Thread(
        target=lambda: told.append(ann.client.post(f"{HERE}/trial", data={"csrf": token, "policy": "a: 1"}))
    )
    first.start()
    assert begun.wait(30)
    assert "still being worked on" in ann.send(f"{HERE}/trial", expect=409, policy="b: 2")
    assert field(ann.page) == "b: 2"
    go.set()
    first.join(30)
    assert told[0].status_code == 503 and "a fault of the yard" in told[0].text


def test_last_year_can_be_read_in_the_browser(ann: Visitor) -> None:
    """The notes, and the questions in an order and by words of one's choice."""
    assert "Names change at the turn of the year" in ann.page
    asked = _exam().known.questions
    page = ann.get(f"{HERE}/questions")
    assert f"{len(asked)} questions, the first 100" in page
    most = max(asked, key=lambda ask: ask.influence).influence
    assert f"{most:.0%}".replace("%", " %") in page.partition("<tbody>")[2].partition("</tr>")[0]
    assert ann.get(f"{HERE}/questions?all=1&order=asker").count("<tr>") == len(asked) + 1
    name = _exam().desk.itself.old
    found = [ask for ask in asked if name.lower() in ask.question.text.lower()]
    assert ann.get(f"{HERE}/questions?words={name}&all=1").count("<tr>") == len(found) + 1


@pytest.mark.walk
def test_a_trial_runs_in_a_process_of_its_own(programme: ProgramFolder) -> None:
    """It finds what this process finds, and a policy that is none is the learner's line."""
    one, text = programme.instance("hunt-1"), yaml.safe_dump(_exam().key.model_dump(mode="json"))
    assert try_last_year(programme, one, text) == try_policy(_exam().key, _exam().known)
    with pytest.raises(BadInput, match="expected a gateway policy"):
        try_last_year(programme, one, "[]")
