"""What people chose first in a yard's lessons, as refinement reads it."""

from __future__ import annotations

from pathlib import Path

from drillyard.cli.app import main
from drillyard.planning.lessons import has_lesson, load_lesson
from drillyard.programs.design import design
from drillyard.programs.examples import example_brief
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.roster import make_roster
from drillyard.registrar.attempts import choices
from drillyard.registrar.lessons import keep_answer
from drillyard.registrar.store import Store


def test_first_choices_become_a_proposal(tmp_path: Path, capsys) -> None:
    """40 people choose the same wrong option first and the right one then; only the first choice counts."""
    plan, folder = design(example_brief(), tmp_path), ProgramFolder(tmp_path)
    folder.write_roster(make_roster(plan, 1, secret="5eed" * 16))
    assert choices(tmp_path) == []
    steps = [step.activity for role in plan.roles for step in role.activities]
    lesson = load_lesson(next(one.id for one in steps if has_lesson(one)))
    question = next(one for one in lesson.questions if len(one.options) > 2)
    right = next(i for i, option in enumerate(question.options) if option.right)
    wrong = next(i for i, option in enumerate(question.options) if not option.right)
    store = Store(folder.database)
    for learner in range(40):
        keep_answer(store, f"learner-{learner}", lesson, question, wrong)
        keep_answer(store, f"learner-{learner}", lesson, question, right)
    store.close()
    (asked,) = [one for one in choices(tmp_path) if sum(one.counts)]
    assert asked.question == f"{lesson.id}: {question.id}"
    assert asked.right == right and asked.counts[wrong] == 40 == sum(asked.counts)
    assert main(["refine", str(tmp_path)]) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert asked.question in told and "the key is wrong, or two options are right" in told
