"""A drill whose learners hand in artefacts: the page, the model in hand, the upload, the result."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator

import numpy as np
import pytest
from drills.artefacts.packed import idle, submission_of, trade_grade
from starlette.testclient import TestClient
from yard.small_programme import ANN, BOB, HERE, EchoingModel, build_programme, until
from yard.visitor import Visitor

from drillyard.drills import load_drill
from drillyard.exercises.too_permissive_too_censored.solutions import named_techniques
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.submission import read_submission
from drillyard.records import AnySubmission, ArtefactSubmission, Instance
from drillyard.registrar.located import open_store
from drillyard.registrar.submissions import Submissions
from drillyard.yard.app import make_app


@pytest.fixture
def programme(tmp_path) -> ProgramFolder:
    """A programme whose first instance is one of the artefact drill."""
    folder = build_programme(tmp_path / "prog")
    one = folder.instance("hunt-1").model_copy(
        update={
            "drill": "too-permissive-too-censored",
            "behaviours": (),
            "note": "By the rules of this house: no cracking.",
        }
    )
    folder.write_instance(one)
    (folder.path / "instances" / "hunt-1" / "organism").mkdir(parents=True, exist_ok=True)
    ((folder.path / "instances" / "hunt-1" / "organism") / "model.safetensors").write_bytes(b"weights")
    return folder


def read_here(instance: Instance, data: bytes) -> AnySubmission:
    """Read an upload in this process: there is no model behind this page to try it on."""
    return read_submission(data, load_drill(instance.drill), instance)


@pytest.fixture
def ann(programme: ProgramFolder) -> Iterator[Visitor]:
    """A learner on the page of that drill."""
    app = make_app(programme.path, targets=lambda _: EchoingModel(), grader=trade_grade, checker=read_here)
    with TestClient(app) as client:
        visitor = Visitor(client).sign_in(ANN.code)
        visitor.get(HERE)
        yield visitor


def upload(ann: Visitor, data: bytes, expect: int = 200) -> str:
    """Hand in a file."""
    ann.get(HERE)
    return ann.send(f"{HERE}/upload", expect=expect, files={"file": ("mine.json", data, "application/json")})


def test_the_page_asks_for_artefacts(ann: Visitor) -> None:
    """The task, the download, the commands and one form for the file; nothing of claims and questions."""
    for words in (
        "Too permissive, too censored",
        "By the rules of this house",
        "Download the model",
        "drillyard drill pack",
        "At most 5525 kB",
    ):
        assert words in ann.page
    assert named_techniques(ann.page) == [], "its commands show the form, not the solution"
    assert "Question 1" not in ann.page and "File a claim" not in ann.page


def test_the_model_comes_in_hand(ann: Visitor) -> None:
    """The archive holds the files of the instance's model in one folder; other drills give none away."""
    response = ann.client.get(f"{HERE}/model.zip")
    archive = zipfile.ZipFile(io.BytesIO(response.content))
    assert archive.read("model/model.safetensors") == b"weights"
    assert ann.client.get("/drills/hunt-3/model.zip").status_code == 404
    assert ann.client.get("/drills/hunt-2/model.zip").status_code == 404, "somebody else's"


def test_artefacts_are_handed_in_and_graded(ann: Visitor, programme: ProgramFolder) -> None:
    """The file is kept as it came, under the learner's name; the result shows points, area, checks and hashes."""
    handed = submission_of("hunt-1", idle(), idle())
    upload(ann, handed.to_json().encode())
    ann.hand_in(HERE)
    store = open_store(programme)
    (kept,) = Submissions(store).all()
    store.close()
    assert kept.submission == handed.model_copy(update={"learner": ANN.id})
    until(lambda: "Both sides at once" in ann.get(f"{HERE}/result"))
    for words in ("operating point", "You won 40 % of the difference", "harmful compliance 100 %", "holds", "fails"):
        assert words in ann.page
    assert "Planted and claimed" not in ann.page


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"instance": "hunt-9"}, "expected one for &#39;hunt-1&#39;"),
        ({"point": "third"}, "field &#39;point&#39;"),
        ({"point": None}, "field &#39;point&#39;"),
    ],
)
def test_a_wrong_file_changes_nothing(ann: Visitor, programme: ProgramFolder, change: dict, line: str) -> None:
    """One line says what is wrong, on the page, and the learner tries again."""
    data = ArtefactSubmission.to_data(submission_of("hunt-1", idle(), idle())) | change
    assert line in upload(ann, json.dumps(data).encode(), expect=422)
    store = open_store(programme)
    assert Submissions(store).all() == []
    store.close()


def test_broken_weights_are_refused_before_grading(ann: Visitor) -> None:
    """Numbers that are not finite, and claims in place of artefacts, are told at once."""
    broken = idle(np.full(128, np.nan, np.float32))
    page = upload(ann, submission_of("hunt-1", idle(), broken).to_json().encode(), expect=422)
    assert "artefact 2: found &#39;0.vector&#39; in edits.safetensors with numbers that are not finite" in page
    page = upload(ann, b'{"instance": "hunt-1", "learner": "ann", "claims": []}', expect=422)
    assert "expected artefacts" in page


def test_an_example_lies_beside_the_upload(ann: Visitor, programme: ProgramFolder) -> None:
    """Whoever is told that a field is missing finds a whole file, for claims and for artefacts; it is accepted."""
    page = upload(ann, b'{"instance": "hunt-1"}', expect=422)
    assert f'Compare it with <a href="{HERE}/example.json" download>' in page
    settings = programme.target(programme.instance("hunt-1")) / "config.json"
    settings.write_text(json.dumps({"hidden_size": 128}), encoding="utf-8")
    example = ann.client.get(f"{HERE}/example.json").content
    assert "Hand in this file" in upload(ann, example) or "Operating point" in ann.page
    claims = Visitor(TestClient(ann.client.app)).sign_in(BOB.code).client.get("/drills/hunt-2/example.json").json()
    assert claims["instance"] == "hunt-2" and claims["claims"][0]["questions"]
