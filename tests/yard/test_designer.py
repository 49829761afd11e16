"""The designer's page, and the attempts that refinement reads."""

from __future__ import annotations

from pathlib import Path

from yard.html_tree import read
from yard.small_programme import ANN, BOB, DESIGNER_CODE, REFUND, SUBMISSION, UPSELL, Clock, grade_of, until
from yard.visitor import Visit

from drillyard.programs.folder import ProgramFolder
from drillyard.programs.material.draft import Material
from drillyard.programs.material.queue import draft_material, review
from drillyard.records import Attempt, FailureResult
from drillyard.records.files import write_record
from drillyard.registrar.attempts import attempts
from drillyard.yard.pages.designer import solve_rates


def attempt(*found: bool, learner: str = ANN.id) -> Attempt:
    """Return an attempt in which the first and the second planted failure were found or not."""
    grade = grade_of(SUBMISSION)
    failures = [
        FailureResult(failure=mode.id, title=mode.title, behaviour=mode.behaviour, severity=mode.severity, found=hit)
        for mode, hit in zip((UPSELL, REFUND), found, strict=True)
    ]
    grade = grade.model_copy(update={"failures": tuple(failures)})
    return Attempt(drill="failure-hunt", instance="hunt-1", learner=learner, role=ANN.role, grade=grade)


def test_solve_rates_count_those_who_met_a_failure(programme: ProgramFolder) -> None:
    """Per kind found of met, the hardest first, with an interval that is wide while few have tried."""
    unfinished = Attempt(drill="failure-hunt", instance="hunt-1", learner=BOB.id, role=BOB.role)
    people = [attempt(True, number == 0, learner=f"learner-{number}") for number in range(5)]
    again = attempt(False, True, learner="learner-1")  # a later try, which does not count
    rates = solve_rates(programme, [*people, again, unfinished])
    assert [(kind, rate.n, round(rate.value, 2)) for kind, rate in rates] == [("refund-rule", 5, 0.2), ("upsell", 5, 1)]
    assert all(rate.high - rate.low > 0.5 for _, rate in rates)
    assert solve_rates(programme, []) == []


def test_rates_of_few_are_not_shown(programme: ProgramFolder) -> None:
    """What `drillyard refine` hides below five learners is not on the page either."""
    assert solve_rates(programme, [attempt(True, False, learner=f"learner-{number}") for number in range(4)]) == []


def test_an_empty_cohort_says_what_to_do(visit: Visit) -> None:
    """Before anybody has worked, each part names the next step instead of showing nothing."""
    page = visit(DESIGNER_CODE).get("/designer")
    assert "Hand out the codes" in page and "drillyard up" in page
    assert page.count("not begun") == 2 and "held back" in page


def test_the_cohort_is_shown_with_its_work(visit: Visit, clock: Clock) -> None:
    """Status, score, minutes from first opening to handing in, and hints, under opaque ids."""
    ann = visit(ANN.code)
    ann.get("/drills/hunt-1")
    ann.send("/drills/hunt-1/hints", place="0")
    clock.now += 25 * 60
    ann.upload("/drills/hunt-1", ("x", SUBMISSION.to_json().encode()))
    until(lambda: "Planted and claimed" in ann.get("/drills/hunt-1/result"))
    visit(BOB.code).get("/drills/hunt-2")
    root = read(visit(DESIGNER_CODE).get("/designer"))
    cohort = next(table for table in root.all("table") if "opaque" in table.all("caption")[0].words())
    rows = [[cell.words() for cell in row.children] for row in cohort.all("tbody")[0].all("tr")]
    assert rows == [
        [ANN.id, "Support lead", "hunt-1", "not passed", "50 %", "25", "1", "Fresh copy"],
        [ANN.id, "Support lead", "hunt-3", "held back", "–", "–", "–", "Fresh copy"],
        [BOB.id, "Engineer", "hunt-2", "in hand", "–", "–", "0", "Fresh copy"],
    ]
    page = root.words()
    assert "once 5 graded people have met it" in page and "Upsell: 100 %" not in page


def test_rehearsals_and_release_checks_are_shown(visit: Visit, programme: ProgramFolder) -> None:
    """Per scripted solver how many drills it passed, and each check with its evidence, failed ones marked as such."""
    good, bad = (attempt(*found).grade.model_copy(update={"passed": found[0]}) for found in ((True,) * 2, (False,) * 2))
    reference = attempt(True, True).model_copy(update={"rehearsal": "reference", "grade": good})
    cheats = [reference.model_copy(update={"rehearsal": "always-refuse", "grade": grade}) for grade in (bad, None)]
    programme.write_attempts([reference, *cheats])
    page = visit(DESIGNER_CODE).get("/designer")
    solvers = next(table for table in read(page).all("table") if "Scripted" in table.all("caption")[0].words())
    assert [[cell.words() for cell in row.children] for row in solvers.all("tbody")[0].all("tr")] == [
        ["Reference", "1", "1", "50 %", "50 %"],
        ["Always refuse", "2", "0", "0 %", "50 %"],
    ]
    assert "hunt-1: released" in page and "hunt-3: held back" in page and "twin: 0 of 200, at most 2 %" in page


def test_attempts_tell_refinement_what_people_did(visit: Visit, programme: ProgramFolder, clock: Clock) -> None:
    """One attempt per drill that was opened: with its grade when there is one, without while it is in hand."""
    assert attempts(programme.path) == []
    ann = visit(ANN.code)
    ann.get("/drills/hunt-1")
    clock.now += 90
    ann.upload("/drills/hunt-1", ("x", SUBMISSION.to_json().encode()))
    until(lambda: "Planted and claimed" in ann.get("/drills/hunt-1/result"))
    visit(BOB.code).get("/drills/hunt-2")
    done, begun = attempts(programme.path)
    assert done == Attempt(
        drill="failure-hunt",
        instance="hunt-1",
        learner=ANN.id,
        role="support-lead",
        minutes=1.5,
        grade=grade_of(SUBMISSION),
    )
    assert (begun.learner, begun.minutes, begun.grade) == (BOB.id, None, None)


def test_a_yard_that_was_never_opened_has_no_attempts(programme: ProgramFolder) -> None:
    """Reading attempts makes no database."""
    assert attempts(programme.path) == [] and not programme.database.exists()


def test_attempts_at_drills_that_are_gone_are_left_out(visit: Visit, programme: ProgramFolder) -> None:
    """Without its truth an attempt says nothing about a drill."""
    visit(ANN.code).get("/drills/hunt-1")
    assert len(attempts(programme.path)) == 1
    (Path(programme.path) / "instances/hunt-1/instance.json").unlink()
    assert attempts(programme.path) == []


def test_the_review_queue_is_on_the_page(visit: Visit, programme: ProgramFolder) -> None:
    """The designer sees which drafts wait, and each claim that stands nowhere, as text."""
    programme.policies.mkdir(exist_ok=True)
    (programme.policies / "rules.md").write_text("# Rules\n\nLamps must be returned within 30 days.\n")
    assert "Material from the policies" not in visit(DESIGNER_CODE).get("/designer")
    draft = draft_material(programme).drafts[0]
    claim = draft.claims[0].model_copy(update={"text": "<b>Lamps</b> cost 9 euros."})
    wrong = draft.model_copy(update={"id": "model-reading-rules", "author": "hf/x", "claims": (claim,)})
    material = Material(sources={}, drafts=(draft, wrong))
    write_record(programme.path / "material" / "material.json", material)
    review(programme, accept=[draft.id])
    page = visit(DESIGNER_CODE).get("/designer")
    assert "1 of 2 drafts accepted, 0 rejected, 1 open, 1 of them with unsupported claims." in page
    assert "&lt;b&gt;Lamps&lt;/b&gt; cost 9 euros.: 9 does not stand at rules.md:3" in page
