"""Interviews: criteria read what they say, weak answers rank lower, and agreement is reckoned as others do."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from drillyard.drills import load_kit
from drillyard.errors import BadInput
from drillyard.exercises.interviews.rubric import InterviewItem, RubricCriterion, rate, worth
from drillyard.exercises.interviews.second import ask_levels, compare, given_levels
from drillyard.stats.agreement import weighted_kappa
from drillyard.targets.null import EchoTarget

NAMES = ("interview-executive", "interview-root-cause")
SEED = 2**61 + 5


def item(*criteria: RubricCriterion, words: int = 100) -> InterviewItem:
    """Return an item with nothing but criteria."""
    told = dict.fromkeys(("id", "title", "prompt", "tests", "strategy"), "-")
    return InterviewItem(words=words, evidence=(), criteria=criteria, follow_ups=(), anchors=(), **told)


def criterion(**fields: object) -> RubricCriterion:
    """Return a criterion of signs."""
    return RubricCriterion.model_validate({"id": "c", "statement": "s", "fact": "f", **fields})


@pytest.mark.parametrize(
    ("fields", "answer", "level"),
    [
        ({"signs": ["roll back", "support"]}, "First we roll back the change. Then I tell support about it.", 2),
        ({"signs": ["roll back", "support"]}, "First we roll back the whole change.", 1),
        ({"signs": ["roll back", "support"]}, "We will look into it very soon.", 0),
        ({"signs": ["roll back"]}, "roll back, support, replay, control, cause", 0),  # words, and no sentence
        ({"figures": ["1,200"]}, "It will cost us about 1,250 euros a year.", 2),
        ({"figures": ["1,200"]}, "It will cost us about 1,400 euros a year.", 0),
        ({"signs": ["roll back"], "before": "cause"}, "We roll back the new change. The cause comes after.", 2),
        ({"signs": ["roll back"], "before": "cause"}, "The cause is quite clear now. We roll back the change.", 1),
        ({"signs": ["template", "flag", "tool"], "least": 2}, "It is the template or the flag, I think.", 2),
        ({"signs": ["flag"], "figures": ["20"], "together": True}, "With the flag 20 % of replies press.", 2),
        (
            {"signs": ["flag"], "figures": ["20"], "together": True},
            "The flag is on for us. With the tool 20 % press.",
            1,
        ),
    ],
)
def test_a_criterion_reads_as_it_says(fields: dict[str, object], answer: str, level: int) -> None:
    """Signs in sentences, figures within a tenth, what comes first, so many of several."""
    assert rate(item(criterion(**fields)), answer) == (level,)


def test_what_stands_behind_the_last_word_is_not_read() -> None:
    """A page of remarks before what is right leaves nothing of it."""
    one = item(criterion(signs=["roll back"]), words=20)
    assert rate(one, "We roll back the change now. " + "And so it goes on and on. " * 9) == (2,)
    assert rate(one, "And so it goes on and on. " * 9 + "We roll back the change now.") == (0,)


def test_without_what_is_needed_no_answer_passes() -> None:
    """All of the rest is worth 0.6 of itself."""
    one = item(criterion(signs=["roll back"]), criterion(id="d", signs=["template"], needed=True))
    assert worth(one, (2, 2)) == 1 and worth(one, (2, 1)) == pytest.approx(0.75 * 0.6)


@pytest.mark.parametrize("name", NAMES)
def test_weak_answers_rank_below_good_ones(name: str) -> None:
    """On twelve cases the sample passes, no weak answer does, and each ranks below the middling one."""
    kit = load_kit(name)
    for seed in range(SEED, SEED + 12):
        scores = {fix: kit.score(seed, answers)[0] for fix, answers in kit.solutions(seed).items()}
        assert all(low < high for low, high in pairwise(scores[fix] for fix in ("blank", "half", "reference")))
        wrong = [scores[fix.name] for fix in kit.fixes if fix.verdict == "wrong"]
        assert max(wrong) < kit.drill.pass_mark <= scores["reference"]
        assert kit.fault_gate(seed).passed and kit.twin_gate(seed).passed


@pytest.mark.parametrize("name", NAMES)
def test_every_fact_of_a_criterion_is_on_the_paper(name: str) -> None:
    """The figures that are asked for are those of the case, and no fact is left unfilled."""
    kit = load_kit(name)
    one = kit.item(SEED)
    assert "$" not in one.to_json() and len(one.criteria) >= 5 and sum(anchor.weak for anchor in one.anchors) == 3
    assert all(len(anchor.levels) == len(one.criteria) for anchor in one.anchors)
    assert kit.facts(SEED) != kit.facts(SEED + 1)


def test_weighted_kappa_is_that_of_others() -> None:
    """Against scikit-learn's on random ratings; perfect agreement is 1, and so is agreement on one level alone."""
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(3)
    for _ in range(20):
        one, noise = rng.integers(0, 3, 40), rng.integers(-1, 2, 40)
        other = np.clip(one + noise, 0, 2)
        theirs = metrics.cohen_kappa_score(one, other, weights="quadratic", labels=[0, 1, 2])
        assert weighted_kappa(list(one), list(other), 3) == pytest.approx(theirs)
    assert weighted_kappa([1, 1], [1, 1], 3) == weighted_kappa([0, 1, 2], [0, 1, 2], 3) == 1


def test_two_scorers_are_compared() -> None:
    """A model that says no level, one that agrees, a person's levels; what they rate apart goes to a person."""
    kit = load_kit(NAMES[1])
    one, answers = kit.item(SEED), kit.solutions(SEED)["reference"]
    mute = ask_levels(EchoTarget(), one, answers["answer"])
    found = compare(kit, SEED, answers, mute)
    assert set(mute) == {-1} and found.kappa is None and found.adjudicate == found.criteria
    theirs = given_levels(one, {criterion.id: 2 for criterion in one.criteria} | {"rivals": 0})
    found = compare(kit, SEED, answers, theirs)
    assert found.adjudicate == ("rivals",) and found.rule == (2,) * len(one.criteria)
    for wrong in ({"nothing": 1}, {"rivals": 3}, {"rivals": True}, {"rivals": "2"}):
        with pytest.raises(BadInput, match="expected"):
            given_levels(one, wrong)
