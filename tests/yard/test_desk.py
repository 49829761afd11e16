"""A drill whose learners hand in a policy: the page, the desk in hand, the upload, the result."""

from __future__ import annotations

import functools
import io
import zipfile
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient
from yard.small_programme import ANN, EchoingModel, build_programme, until
from yard.visitor import Visitor

from drillyard.programs.drills import load_kit
from drillyard.programs.drills.contain_the_oracle.exam import DeskExam
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.grading import grade_here
from drillyard.records import PolicySubmission
from drillyard.yard.app import make_app
from drillyard.yard.store import Store
from drillyard.yard.submissions import Submissions

HERE = "/drills/hunt-1"
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


@pytest.fixture
def ann(programme: ProgramFolder) -> Iterator[Visitor]:
    """A learner on the page of that drill, graded in this process."""
    app = make_app(programme.path, targets=lambda _: EchoingModel(), grader=lambda one: grade_here(programme, one))
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
    store = Store(programme.database)
    (kept,) = Submissions(store).all()
    store.close()
    assert kept.submission == PolicySubmission(instance="hunt-1", learner=ANN.id, policy=policy)
    until(lambda: "Who got how far" in ann.get(f"{HERE}/result"))
    for words in ("2 of 3 limits broken", "steerer", "stranger", "Not passed", "answers were released"):
        assert words in ann.page
