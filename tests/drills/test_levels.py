"""Levels: each drill has three, what differs is data and is told, and the gates hold at each of them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import get_args

import pytest
import yaml

from drillyard import registry
from drillyard.drills import load_drill, load_kit
from drillyard.drills.levels import at_level, kit_of, levels_of, tell_levels
from drillyard.drills.prove import prove
from drillyard.errors import BadInput
from drillyard.planning.brief import load_brief
from drillyard.planning.plan import make_plan
from drillyard.records import Drill, Level

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = [name for name in registry.cards("drills") if name != "plugin-hunt"]
LEVELS = get_args(Level)
QUICK = ("launch-gate-memo", "investment-case", "interview-executive", "interview-root-cause")
SLOW = ("too-permissive-too-censored",)  # half a minute of one core per instance
HINTS = ("free", "priced", "none")


@pytest.mark.parametrize("name", NAMES)
def test_every_drill_has_three_levels_that_say_what_they_give(name: str) -> None:
    """Each gives something else and says so; no level gives more help, or a lower mark, than an easier one."""
    kit = load_kit(name)
    assert levels_of(kit.drill) == LEVELS and len(set(tell_levels(kit.drill).values())) == 3
    drills = [at_level(kit, level).drill for level in LEVELS]
    assert [one.level for one in drills] == list(LEVELS)
    marks, hints = [one.pass_mark for one in drills], [HINTS.index(one.hints) for one in drills]
    assert marks == sorted(marks) and hints == sorted(hints)
    assert "steps" not in drills[2].task[len(kit.drill.task) + 20 :] and drills[0].minutes > 0
    for one in drills:
        assert one.model_copy(update={"levels": {}}) == Drill.from_data(one.model_copy(update={"levels": {}}).to_data())


def _tier(name: str) -> list[pytest.MarkDecorator]:
    return [] if name in QUICK else [pytest.mark.long] if name in SLOW else [pytest.mark.walk]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", [pytest.param(name, marks=_tier(name)) for name in NAMES])
def test_the_gates_hold_at_every_level(name: str, level: str) -> None:
    """The reference passes and no wrong fix does, on a draw that the gates let through at once or at the second try."""
    kit, failed = at_level(load_kit(name), level), []
    for draw in range(2):
        exam = kit.materialise("levelled", "engineer", random.Random(f"{name} {draw}").getrandbits(61))
        report, _ = prove(kit, exam, lambda one, exam=exam: kit.grade(exam, one))
        assert exam.instance.level == level and kit_of(exam.instance).drill.pass_mark == kit.drill.pass_mark
        costs = [hint.cost for hint in exam.truth.hints]
        assert {"free": not any(costs), "priced": all(costs), "none": not costs}[kit.drill.hints]
        if report.released:
            return
        failed.append([(gate.id, gate.detail) for gate in report.gates if not gate.passed])
    pytest.fail(f"{failed}")


def test_looks_and_words_are_those_of_the_level() -> None:
    """As many looks as the task says, on the paper that is sealed; the stated form is untouched."""
    for name, told in (("read-the-models-mind", ("48", "36", "31")), ("root-cause", ("sixteen", "twelve", "nine"))):
        kits = [at_level(load_kit(name), level) for level in LEVELS]
        assert [f"{words} looks" in kit.drill.task for kit, words in zip(kits, told, strict=True)] == [True] * 3
    papers = [at_level(load_kit("read-the-models-mind"), level).given(5) for level in LEVELS]
    assert [paper.bench.budget for paper in papers] == [48, 36, 31]
    assert load_drill("root-cause").level == "intermediate"


def test_a_level_that_is_none_is_one_line() -> None:
    """With the nearest; and words to be replaced that the task does not have."""
    kit = load_kit("investment-case")
    with pytest.raises(BadInput, match="beginner or intermediate or advanced; did you mean 'advanced'"):
        at_level(kit, "advancd")
    data = kit.drill.to_data()
    data["levels"]["beginner"]["words"] = {"ninety looks": "two"}
    kit.drill = Drill.from_data(data)
    with pytest.raises(BadInput, match="ninety looks"):
        at_level(kit, "beginner")


def test_whom_an_older_drill_was_for_is_still_told() -> None:
    """A `level` in words, as drills of other packages may have it, is the audience."""
    data = {name: held for name, held in load_drill("investment-case").to_data().items() if name != "audience"}
    old = Drill.from_data({**data, "level": "treasurers"})
    assert old.audience == "treasurers" and old.level == "intermediate"


def test_the_brief_chooses_the_level(tmp_path: Path) -> None:
    """The plan takes the minutes of that level and names it; another role keeps the stated forms."""
    brief = yaml.safe_load((EXAMPLES / "everyone" / "brief.yaml").read_text())
    brief["policies"] = []
    brief["roles"] = [{"id": name, "head_count": 1, "hours": 9} for name in ("executive", "support-lead")]
    brief["roles"][0]["level"] = "beginner"
    (tmp_path / "brief.yaml").write_text(yaml.safe_dump(brief))
    executive, lead = make_plan(load_brief(tmp_path / "brief.yaml")).roles
    minutes = {step.activity.drill: step.activity.minutes for step in executive.activities if step.activity.drill}
    assert minutes == {"investment-case": 30, "interview-executive": 35} and executive.level == "beginner"
    assert lead.level == "" and all(
        step.activity.minutes == load_drill(step.activity.drill).minutes
        for step in lead.activities
        if step.activity.drill
    )
    brief["roles"][0]["level"] = "easy"
    (tmp_path / "brief.yaml").write_text(yaml.safe_dump(brief))
    with pytest.raises(BadInput, match="'easy' at roles.0..level, expected one of: beginner, intermediate, advanced"):
        load_brief(tmp_path / "brief.yaml")
