"""Refining a folder: real attempts, experiments by lot, simulated learners, and the page."""

from __future__ import annotations

import csv
import html
import json
import random
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from drillyard.cli.app import main
from drillyard.errors import BadInput
from drillyard.planning.brief import load_brief
from drillyard.programs.examples import example_brief
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.learned import Answered, points_of, responses_of
from drillyard.programs.refine import refine
from drillyard.programs.refine_page import refine_page
from drillyard.programs.refinement import refine_programme, simulate_programme
from drillyard.programs.roster import instance_name, make_roster
from drillyard.programs.simulated import SimulatedRefinement
from drillyard.programs.trials import begin, experiments, form_of, weigh
from drillyard.psychometrics.analysis import analyse
from drillyard.psychometrics.options import Choices
from drillyard.records import Activity, Attempt, Grade, Plan, RolePlan, Scheduled, SubCheck

DRILL = "failure-hunt"
CHECKS = tuple(f"{kind}/{what}" for kind in ("upsell", "refund") for what in ("found", "located")) + tuple(
    f"part-{i}" for i in range(6)
)


def attempt(learner: str, passed: bool, checks: dict[str, bool], rehearsal: str = "") -> Attempt:
    """Return a graded attempt."""
    grade = Grade(
        instance="i-1", submission_hash="", grader_hash="", passed=passed, score=0.5, final=0.5, verdict="",
        sub_checks=tuple(SubCheck(id=name, passed=held) for name, held in checks.items()),
    )  # fmt: skip
    return Attempt(
        drill=DRILL, instance="i-1", learner=learner, role="engineer", rehearsal=rehearsal, minutes=5.0, grade=grade
    )


@pytest.fixture
def folder(tmp_path: Path) -> ProgramFolder:
    """A planned programme of 400 engineers with one drill, whose instance was rehearsed."""
    made = ProgramFolder(tmp_path / "prog")
    made.write_brief(load_brief(example_brief()))
    hunt = Activity(id="hunt", title="Hunt", kind="drill", minutes=60, objectives=(), drill=DRILL)
    role = RolePlan(
        role="engineer", title="Engineer", head_count=400, hours=2, competencies=(), objectives=(),
        activities=(Scheduled(activity=hunt, start=0),),
    )  # fmt: skip
    plan = Plan(title="A plan", status="fits", roles=(role,))
    made.write_plan(plan)
    roster = make_roster(plan, 1, secret="5eed" * 16)
    given = [one.model_copy(update={"instances": (instance_name(DRILL, one.id),)}) for one in roster.learners]
    made.write_roster(roster.model_copy(update={"learners": tuple(given)}))
    made.write_attempts([attempt("script", True, dict.fromkeys(CHECKS, True), "reference")])
    return made


def test_dependent_parts_are_one_item_and_the_first_graded_try_counts() -> None:
    """Found and located make one item of two points; rehearsals, later and ungraded tries do not count."""
    made = [
        attempt("b", True, {"upsell/found": True, "upsell/located": False, "x": True}),
        attempt("a", True, {"upsell/found": True, "upsell/located": True}),
        attempt("b", True, {"upsell/found": False, "upsell/located": False, "x": False}),
        attempt("r", True, {"x": True}, "reference"),
        Attempt(drill=DRILL, instance="i", learner="c", role="engineer"),
    ]
    found = responses_of(made)
    assert found.items == (f"{DRILL}: upsell", f"{DRILL}: x") and found.steps.tolist() == [2, 1]
    assert found.scores[0].tolist()[0] == 2 and np.isnan(found.scores[0][1])
    assert found.scores[1].tolist() == [1, 1]
    doubled = attempt("d", True, {"x": True}).grade
    assert doubled is not None
    twice = doubled.model_copy(update={"sub_checks": (SubCheck(id="x", passed=True), SubCheck(id="x", passed=False))})
    assert points_of(twice) == {"x": (0, 1)}


def test_three_learners_are_told_that_they_are_three(folder: ProgramFolder) -> None:
    """No number of theirs is on the page or in the report, and the count that is missing is."""
    made = [attempt(f"learner-{i}", True, dict.fromkeys(CHECKS, i > 0)) for i in range(3)]
    report = refine_programme(folder.path, lambda _: made, lambda _: Answered())
    assert report.report.parts is not None and not report.report.parts.enough
    assert "17 more needed" in report.report.parts.verdict
    text = report.page.read_text()
    assert "17 more needed" in text and "learner-0" not in text and "fewer than 5" in text
    assert report.page.stat().st_mode & 0o777 == 0o600


def test_a_misconception_in_a_lesson_is_proposed(folder: ProgramFolder) -> None:
    """What most of those who are wrong chose first is on the page, with what to try."""
    asked = Choices(question="lesson: q1", options=("yes", "no", "<never>"), right=0, counts=(40, 2, 38))
    made = refine_programme(folder.path, lambda _: [], lambda _: Answered(choices=(asked,)))
    (proposal,) = made.report.questions
    assert "misconception" in proposal.hypothesis and "n = 80" in proposal.evidence
    text = made.page.read_text()
    assert "worked example" in text and "&lt;never&gt;" in text and "<never>" not in text


def test_nobody_yet_is_a_page_that_says_what_to_do(folder: ProgramFolder) -> None:
    """An empty cohort."""
    text = refine_programme(folder.path, lambda _: [], lambda _: Answered()).page.read_text()
    assert "drillyard yard serve" in text and "Not enough evidence" in text


def test_simulated_learners_recover_what_was_planted(folder: ProgramFolder) -> None:
    """Of four seeds at most one misses, as by luck; the good revision is adopted, the bad one rolled back."""
    made = [simulate_programme(folder.path, 500, seed, folder.path / f"s{seed}")[0] for seed in (1, 2, 3, 4)]
    assert sum(one.holds for one in made) >= 3, [one.verdict for one in made]
    held = [x for one in made for item in one.recovered for x in item.held]
    assert 0.85 <= np.mean(held) <= 1.0
    assert all(0.9 < one.abilities_held.value < 0.98 for one in made)
    assert all(one.bad_item_found for one in made)
    actions = [tuple(revision.decision.action for revision in one.revisions) for one in made]
    assert Counter(actions)["adopt", "roll-back", "collect"] >= 3
    assert np.mean([one.solved_with - one.solved_without for one in made]) > 0.02
    again, page = simulate_programme(folder.path, 500, 1, folder.path / "again")
    assert again == made[0]
    assert SimulatedRefinement.from_json((page.parent / "simulated.json").read_text()) == again


@pytest.mark.parametrize("learners", [1, 3, 19, 40])
def test_few_simulated_learners_are_no_success(
    folder: ProgramFolder, learners: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1, and JSON that says that there were too few."""
    assert main(["refine", str(folder.path), "--simulate", str(learners), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert not told["holds"] and re.search("more needed|too few|not found", told["verdict"])


def test_a_programme_without_rehearsal_says_what_to_type(
    folder: ProgramFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing says which parts its drills have."""
    folder.write_attempts([])
    assert main(["refine", str(folder.path), "--simulate", "10"]) == 2
    assert "drillyard create" in capsys.readouterr().err


def write_revision(folder: ProgramFolder, name: str = "example", **fields: object) -> Path:
    """Write a revision beside the programme."""
    told = {"drill": DRILL, "hypothesis": "h", "edit": "e", **fields}
    file = folder.path.parent / f"{name}.yaml"
    file.write_text("\n".join(f"{key}: {json.dumps(value)}" for key, value in told.items()))
    return file


def test_an_experiment_is_drawn_by_lot_and_decided_on(folder: ProgramFolder) -> None:
    """Half get the new form, who was graded before does not count, and a planted effect is adopted."""
    ids, chance = [one.id for one in folder.roster().learners], random.Random(1)
    before = [attempt(one, False, {"x": False}) for one in ids[:30]]
    experiment = begin(folder, write_revision(folder, expected=0.3), before)
    rows = list(csv.DictReader((folder.path / "experiments/example.csv").read_text().splitlines()))
    forms = Counter(row["form"] for row in rows)
    assert len(rows) == 370 and 140 < forms["new"] < 230 and not {row["learner"] for row in rows} & set(ids[:30])
    assert experiments(folder) == (experiment,) and experiment.learners_needed > 50 and experiment.learners == 370
    later = [
        attempt(one, chance.random() < (0.75 if form_of("example", one) == "new" else 0.4), {"x": True})
        for one in ids[30:330]
    ]
    (decision,) = weigh(experiments(folder), [*before, *later])
    assert decision.action == "adopt" and decision.effect.n == 300
    (soon,) = weigh(experiments(folder), [*before, *later[:6]])
    assert soon.action == "collect"


def test_an_experiment_is_told_on_the_command_line(folder: ProgramFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """It is begun once; the same again changes nothing; another one under its name is refused."""
    file = write_revision(folder)
    assert main(["refine", str(folder.path), "--try", str(file)]) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert "who gets which form stands in" in told and "and the programme has 400" in told
    kept = (folder.path / "experiments/example.json").read_bytes()
    assert main(["refine", str(folder.path), "--try", str(file), "--json"]) == 1
    (told,) = json.loads(capsys.readouterr().out)["experiments"]
    assert told["action"] == "collect" and "at least 5 more needed" in told["words"]
    assert (folder.path / "experiments/example.json").read_bytes() == kept
    write_revision(folder, edit="another")
    assert main(["refine", str(folder.path), "--try", str(file)]) == 2
    assert "another revision under the name 'example'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("example", {"drill": "failure-hnt"}, "did you mean 'failure-hunt'?"),
        ("example", {"expected": 2}, "expected"),
        ("example", {"edit": ""}, "edit"),
        ("example", {"who": "me"}, "who"),
        ("a b", {}, "rename the file"),
    ],
)
def test_a_revision_that_is_none_is_one_line(
    folder: ProgramFolder, name: str, fields: dict[str, object], words: str
) -> None:
    """What was found, what was expected; nothing is begun."""
    with pytest.raises(BadInput, match=re.escape(words)):
        begin(folder, write_revision(folder, name, **fields), [])
    assert experiments(folder) == ()


def test_the_page_escapes_what_was_written() -> None:
    """Names of parts come from packages of strangers."""
    evil = "<script>alert(1)</script>"
    made = [attempt(f"{i:03}", i % 2 == 0, {evil: (i * 7) % 3 > 0, "x": i % 2 == 0, "y": i % 5 > 1}) for i in range(60)]
    text = refine_page(evil, "v", "unknown", refine(made), analyse(responses_of(made)))
    assert "<script" not in text and html.escape(evil) in text


def test_simulating_and_trying_at_once_is_refused(folder: ProgramFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """Simulated learners take part in no experiment on people."""
    file = write_revision(folder)
    assert main(["refine", str(folder.path), "--simulate", "30", "--try", str(file)]) == 2
    assert "one of both" in capsys.readouterr().err
    assert experiments(folder) == ()
