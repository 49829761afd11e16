"""What people chose first in a yard's lessons, as refinement reads it."""

from __future__ import annotations

from pathlib import Path

from drillyard.cli.app import main
from drillyard.planning.lessons import load_lesson
from drillyard.programs.design import design
from drillyard.programs.examples import example_brief
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.learned import Answered
from drillyard.programs.roster import make_roster
from drillyard.registrar.attempts import answered
from drillyard.registrar.lessons import keep_answer
from drillyard.registrar.located import open_store


def test_first_choices_become_a_proposal(tmp_path: Path, capsys) -> None:
    """40 people choose the same wrong option first and the right one then; only the first choice counts."""
    plan, folder = design(example_brief(), tmp_path), ProgramFolder(tmp_path)
    folder.write_roster(make_roster(plan, 1, secret="5eed" * 16))
    assert answered(tmp_path) == Answered()
    steps = [step.activity for role in plan.roles for step in role.activities]
    lesson = load_lesson(next(one.id for one in steps if one.kind == "lesson"))
    question = next(one for one in lesson.questions if one.kind == "choice" and len(one.options) > 2)
    right = int(question.key)
    wrong = next(i for i, option in enumerate(question.options) if not option.right)
    store = open_store(folder)
    for learner in range(40):
        keep_answer(store, f"learner-{learner}", lesson, question, str(wrong))
        keep_answer(store, f"learner-{learner}", lesson, question, question.key)
    store.close()
    found = answered(tmp_path)
    (asked,) = [one for one in found.choices if sum(one.counts)]
    assert len(found.scores) == 40 and not any(one.earned for one in found.scores)
    assert asked.question == f"{lesson.id}: {question.id}"
    assert asked.right == right and asked.counts[wrong] == 40 == sum(asked.counts)
    assert main(["refine", str(tmp_path)]) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert asked.question in told and "the key is wrong, or two options are right" in told
