"""Drills on a paper: read and answered in the browser, looked at once more, graded."""

from __future__ import annotations

import html
import io
import itertools
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

import pytest
from starlette.testclient import TestClient
from yard.small_programme import ANN, DESIGNER_CODE, EchoingModel, build_programme, until
from yard.visitor import Visitor

from drillyard.drills import load_kit
from drillyard.drills.levels import at_level
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.grading import check_upload, grade_here
from drillyard.records import AnswerSheet, Level
from drillyard.yard.app import make_app

HERE = "/drills/hunt-1"
SEED = 2**61 + 5
GRADED = re.compile("<h2>(What you read|Line by line)</h2>")

PAPERS = (
    "benchmark-builder",
    "guard-duty", "interview-executive", "interview-root-cause", "investment-case", "judge-a-debate",
    "launch-gate-memo", "read-the-models-mind", "triage-queue",
    pytest.param("root-cause", marks=pytest.mark.walk),
    "write-the-policy",
)  # fmt: skip
DECISIONS = ("decision", "threshold", "first-step")


@pytest.fixture(params=PAPERS)
def kit(request: pytest.FixtureRequest):
    """Each drill on a paper, one after the other at another level."""
    return at_level(load_kit(request.param), get_args(Level)[request.param_index % 3])


@pytest.fixture
def programme(tmp_path: Path, kit) -> ProgramFolder:
    """A programme whose first instance is a paper."""
    folder = build_programme(tmp_path / "prog")
    exam = kit.materialise("hunt-1", "executive", SEED)
    kit.save(exam, folder.target(exam.instance))
    folder.write_truth(exam.truth)
    folder.write_instance(exam.instance)
    return folder


@pytest.fixture
def ann(programme: ProgramFolder) -> Iterator[Visitor]:
    """A learner on the page of that drill."""
    app = make_app(programme.path, targets=lambda _: EchoingModel(), grader=lambda one: grade_here(programme, one))
    with TestClient(app) as client:
        visitor = Visitor(client).sign_in(ANN.code)
        visitor.get(HERE)
        yield visitor


def take_looks(ann: Visitor, sheet: AnswerSheet, answers: Mapping[str, str], here: str = HERE) -> None:
    """Take the looks that answers name, where the paper has a bench."""
    for field in sheet.fields:
        if field.kind == "look" and answers[field.id]:
            model, kind, *chosen = answers[field.id].split(".")
            counted = {axis for one in sheet.bench.kinds if one.id == kind for axis in one.axes}
            axes = [f"look-{axis.id}" for axis in sheet.bench.axes if axis.id in counted]
            ann.send(
                f"{here}/looks", **{"look-model": model, "look-kind": kind}, **dict(zip(axes, chosen, strict=True))
            )


def test_a_paper_is_read_answered_and_graded(ann: Visitor, kit) -> None:
    """The paper and every field are on the page; right ones pass, and the result says what decisions are worth."""
    exam = kit.materialise("hunt-1", "executive", SEED)
    assert f"{kit.drill.level.capitalize()} form." in ann.page and exam.instance.level == kit.drill.level
    for part in exam.sheet.parts:
        assert part.title in ann.page
    for field in exam.sheet.fields:
        assert f'name="{field.id}"' in ann.page
    take_looks(ann, exam.sheet, kit.solutions(SEED)["reference"])
    ann.send(f"{HERE}/upload", **dict(kit.solutions(SEED)["reference"]))
    assert "Hand in these answers?" in ann.page and "You cannot change them afterwards" in ann.page
    ann.hand_in(HERE)
    assert "Your claims" not in ann.get(f"{HERE}/result")  # whether it is being graded, or was
    until(lambda: GRADED.search(ann.get(f"{HERE}/result")))
    assert "Passed" in ann.page and "Not passed" not in ann.page
    assert ("Regret: 0" in ann.page) == any(field.id in DECISIONS for field in exam.sheet.fields)


def test_a_wrong_form_says_why_and_keeps_what_was_typed(ann: Visitor, kit) -> None:
    """An empty form, a word, a negative number: one line, nothing is handed in, and what was typed stays."""
    ann.send(f"{HERE}/upload", expect=422)
    assert "The form is empty" in ann.page
    fields = sorted(kit.sheet(SEED).fields, key=lambda field: ("number", "choice", "look", "words").index(field.kind))
    if fields[0].kind == "words":  # whatever is typed is an answer
        return
    ann.send(f"{HERE}/upload", expect=422, **{fields[0].id: "a lot"})
    if fields[0].kind == "number":
        assert "expected a number" in ann.page and 'value="a lot"' in ann.page
        if fields[0].unit == "points":  # which may lie below 0
            return
        ann.send(f"{HERE}/upload", expect=422, **{fields[0].id: "-3"})
        assert "expected a number" in ann.page and "such as 12.5" not in ann.page
    else:
        assert "expected one of the choices" in ann.page


def test_wrong_answers_are_shown_with_the_right_ones(ann: Visitor, kit) -> None:
    """Whoever believes the paper's loudest words does not pass, and reads what would have been right.

    Where a later copy may ask the same, they read how near they came instead.
    """
    name = next(
        fix.name
        for fix in kit.fixes
        if fix.name in ("first-sight", "believes-the-headline", "believes-the-guard", "fluent-wrong")
    )
    take_looks(ann, kit.sheet(SEED), kit.solutions(SEED)[name])
    ann.send(f"{HERE}/upload", **dict(kit.solutions(SEED)[name]))
    ann.hand_in(HERE)
    until(lambda: GRADED.search(ann.get(f"{HERE}/result")))
    told = "do not tell the failing replies from the sound ones" if kit.drill.id == "benchmark-builder" else "right is"
    assert "Not passed" in ann.page and told in ann.page


def test_what_is_read_from_a_file_is_read_the_same_way(programme: ProgramFolder, kit) -> None:
    """The same answers as JSON, from a terminal, get the same grade; a field of another form is refused."""
    from drillyard.errors import BadInput
    from drillyard.records import AnswerSubmission

    instance = programme.instance("hunt-1")
    answers = dict(kit.solutions(SEED)["reference"])
    handed = AnswerSubmission(instance="hunt-1", learner="me", answers=answers)
    assert grade_here(programme, check_upload(programme, instance, handed.to_json().encode())).score > 0.999
    with pytest.raises(BadInput, match="an answer to 'colour', expected one of"):
        other = handed.model_copy(update={"answers": {"colour": "red"}})
        check_upload(programme, instance, other.to_json().encode())


@pytest.mark.walk
@pytest.mark.parametrize("kit", ["root-cause"], indirect=True)
def test_the_log_is_downloaded_and_the_prompt_begins_as_it_is_served(ann: Visitor, kit) -> None:
    """A zip with paper and log; the text field holds today's prompt, and to hand it in unchanged is an empty form."""
    sheet = kit.sheet(SEED)
    start = next(field for field in sheet.fields if field.kind == "words").start
    assert html.escape(start.splitlines()[-1], quote=False) in ann.page and "Download log.csv" in ann.page
    files = zipfile.ZipFile(io.BytesIO(ann.client.get(f"{HERE}/model.zip").content))
    assert {"paper/log.csv", "paper/sheet.json"} == set(files.namelist())
    assert files.read("paper/log.csv").decode() == kit.files(SEED)["log.csv"]
    ann.send(f"{HERE}/upload", expect=422, prompt=start)
    assert "The form is empty" in ann.page
    ann.send(f"{HERE}/upload", cause="prompt", prompt=f"{start}\nBe kind.")
    assert "Be kind." in ann.page and "Hand in these answers?" in ann.page


@pytest.mark.parametrize("kit", ["read-the-models-mind"], indirect=True)
def test_a_bench_shows_what_was_asked_for_and_no_more(ann: Visitor, kit) -> None:
    """A look is measured, kept and counted once; what was typed stays; what was not asked for is not on the page."""
    bench = kit.given(SEED).bench
    asked = {"look-model": "B", "look-kind": "bob", "look-layer": "3", "look-method": "lda", "look-position": "end"}
    ann.send(f"{HERE}/looks", **asked, **{"verdict-A": "errs"})
    found = kit.look(SEED, "B.bob.3.lda.end").found
    cell = f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"
    assert cell in ann.page and f"{bench.budget - 1} of {bench.budget} looks left" in ann.page
    assert '<option value="errs" selected>' in ann.page and ann.page.count('value="B.bob.3.lda.end"') == 2
    ann.send(f"{HERE}/looks", **asked)
    assert f"{bench.budget - 1} of {bench.budget}" in ann.page
    ann.send(f"{HERE}/looks", expect=422, **{"look-model": "Z", "look-kind": "bob"})
    assert "Choose a model" in ann.page
    ann.send(f"{HERE}/upload", expect=422, **{"verdict-A": "errs", "first-A": "A.said.4.logistic.end"})
    assert "a look that you did not take" in ann.page
    layers, methods = ([value for value, _ in axis.choices] for axis in bench.axes[:2])
    choices = itertools.product("AC", ("alice", "back", "said"), layers, methods, ["end"])
    for choice in itertools.islice(choices, bench.budget - 1):
        ann.send(f"{HERE}/looks", **dict(zip(asked, map(str, choice), strict=True)))
    assert f"0 of {bench.budget} looks left" in ann.page
    ann.send(f"{HERE}/looks", **{**asked, "look-model": "D"})
    assert 'value="D.bob' not in ann.page


@pytest.mark.parametrize("kit", ["investment-case"], indirect=True)
def test_the_facilitator_reads_what_is_typed(programme: ProgramFolder, ann: Visitor, kit) -> None:
    """While it stands in the form, in the words of its questions."""
    sheet = kit.materialise("hunt-1", "executive", SEED).sheet
    field = next(one for one in sheet.fields if one.kind in ("number", "words"))
    assert "can read along" in ann.get(HERE), "the page says so"
    ann.send(f"{HERE}/drafts/answers", expect=204, **{field.id: "4321"})
    fay = Visitor(TestClient(ann.client.app)).sign_in(DESIGNER_CODE)
    page = html.unescape(fay.get("/live/at/hunt-1"))
    assert field.label in page and "4321" in page and "No message yet." in page and "may be reading" not in page
