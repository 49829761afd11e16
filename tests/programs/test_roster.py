"""The roster: one opaque learner per head, with codes nobody can guess."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.errors import BadInput
from drillyard.programs.roster import enlarge, fresh_code, make_roster
from drillyard.records import Activity, Plan, RolePlan, Scheduled

SECRET = "ab" * 32
DRILL = Scheduled(
    activity=Activity(id="hunt", title="H", kind="drill", minutes=1, objectives=(), drill="failure-hunt"), start=0
)


def plan_for(**heads: int) -> Plan:
    """Return a plan of roles with some heads; every role but executives takes a drill."""
    return Plan(
        title="T",
        status="fits",
        roles=tuple(
            RolePlan(
                role=role,
                title=role,
                head_count=count,
                hours=1,
                competencies=(),
                objectives=(),
                activities=() if role == "executive" else (DRILL,),
            )
            for role, count in heads.items()
        ),
    )


def test_one_learner_per_head_of_every_role() -> None:
    """Executives take no drill here and have no instance, but a code to see their plan with."""
    roster = make_roster(plan_for(engineer=4, lead=3, executive=2), seed=1)
    assert Counter(learner.role for learner in roster.learners) == {"engineer": 4, "lead": 3, "executive": 2}
    for learner in roster.learners:
        assert learner.code and learner.drills == (() if learner.role == "executive" else ("failure-hunt",))
    assert roster.note == ""


def test_who_was_there_stays_when_more_come() -> None:
    """Codes that were given anew and later tries are kept; new people get places of their own."""
    before = make_roster(plan_for(engineer=2), seed=1, secret=SECRET)
    first = before.learners[0].model_copy(update={"code": fresh_code(), "instances": ("a", "b")})
    stored = before.model_copy(update={"learners": (first, *before.learners[1:])})
    roster = enlarge(stored, make_roster(plan_for(engineer=3), seed=1, secret=SECRET))
    assert roster.learners[:2] == stored.learners and len(roster.learners) == 3
    assert roster.designer_code == before.designer_code


def test_a_limit_goes_round_the_roles_and_says_why() -> None:
    """With four places for seven heads, both roles get two, and the note tells who has none and why."""
    roster = make_roster(plan_for(engineer=4, lead=3), seed=1, limit=4)
    assert Counter(learner.role for learner in roster.learners) == {"engineer": 2, "lead": 2}
    assert roster.note == "4 of 7 learners, because of --learners 4: engineer 2 of 4, lead 2 of 3"
    assert make_roster(plan_for(engineer=4, lead=3), seed=1, limit=9).note == ""
    with pytest.raises(BadInput, match="found 0 learners, expected at least 1"):
        make_roster(plan_for(engineer=4), seed=1, limit=0)


def test_a_limit_keeps_the_learners_that_it_keeps() -> None:
    """Under the same secret a learner has the same id and code with a limit as without."""
    everybody = set(make_roster(plan_for(engineer=4, lead=3), seed=1, secret=SECRET).learners)
    assert set(make_roster(plan_for(engineer=4, lead=3), seed=1, secret=SECRET, limit=3).learners) < everybody


def test_codes_follow_from_secret_and_seed_only_together() -> None:
    """The same secret and seed give the same roster again; another seed or a fresh secret share nothing with it."""
    plan = plan_for(engineer=20)
    again = [make_roster(plan, seed=1, secret=SECRET) for _ in range(2)]
    assert again[0] == again[1]
    words = [
        {roster.designer_code, *(word for learner in roster.learners for word in (learner.id, learner.code))}
        for roster in (again[0], make_roster(plan, 2, secret=SECRET), make_roster(plan, 1), make_roster(plan, 1))
    ]
    assert len(set().union(*words)) == sum(map(len, words)) == 4 * 41


@given(st.integers(1, 300), st.integers(0, 10**6))
def test_ids_and_codes_are_readable_and_unlike(count: int, seed: int) -> None:
    """No letter that is read wrong over a phone, no word twice, and no role or number inside."""
    roster = make_roster(plan_for(engineer=count), seed=seed)
    ids = [learner.id for learner in roster.learners]
    codes = [*(learner.code for learner in roster.learners), roster.designer_code]
    assert len({*ids, *codes}) == 2 * count + 1
    assert all(re.fullmatch(r"([2-9a-hjkmnp-z]{4}-){2}[2-9a-hjkmnp-z]{4}", word) for word in ids)
    assert all(re.fullmatch(r"([2-9a-hjkmnp-z]{4}-){3}[2-9a-hjkmnp-z]{4}", word) for word in codes)
