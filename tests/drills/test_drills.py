"""Drills and their instances: found by name, drawn from a sealed seed, telling nothing of what was drawn."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.drills import load_drill, load_kit
from drillyard.drills.exam import TWIN
from drillyard.drills.grade import graded, with_hint_cost
from drillyard.drills.materialise import materialise, truth_hash
from drillyard.errors import BadInput
from drillyard.exercises.failure_hunt.kit import FailureHunt
from drillyard.organisms.planting.plant import plant
from drillyard.records import FailureMode, Submission
from drillyard.registry import card, cards

KIT = load_kit("failure-hunt")
NOTHING = Submission(instance="any-1", learner="ann", claims=())
seeds = st.integers(0, 2**62 - 1)


def test_an_unknown_drill_is_told_the_nearest() -> None:
    """A name with a typing error is answered with the name that was meant."""
    with pytest.raises(BadInput, match="did you mean 'failure-hunt'"):
        load_drill("failure-hunts")


@given(seed=seeds)
def test_what_is_planted_follows_the_rules(seed: int) -> None:
    """Four to six failures, one variant per kind; the same seed draws the same."""
    modes = KIT.choose(seed)
    kinds = Counter(mode.kind for mode in modes)
    assert KIT.drill.failures[0] <= len(modes) <= KIT.drill.failures[1]
    assert set(kinds.values()) == {1}
    assert all(mode.rate >= 0.5 for mode in modes)
    assert modes == KIT.choose(seed)


def test_every_failure_of_the_card_can_be_drawn() -> None:
    """Over many seeds, every behaviour that the card names is planted, in every number of failures and every rate."""
    drawn = [KIT.choose(seed) for seed in range(300)]
    assert {mode.behaviour for modes in drawn for mode in modes} == set(card("drills", "failure-hunt").failures)
    assert {len(modes) for modes in drawn} == {4, 5, 6}
    assert {mode.rate for modes in drawn for mode in modes} == {0.5, 0.75, 1.0}


@given(seed=seeds)
def test_hints_tell_more_and_cost_more(seed: int) -> None:
    """Three levels; the last names one planted trigger, the first none."""
    modes = KIT.choose(seed)
    hints = KIT.hints(modes)
    assert [hint.level for hint in hints] == [1, 2, 3]
    assert [hint.cost for hint in hints] == sorted(hint.cost for hint in hints)
    assert sum(mode.trigger.words in hints[2].text for mode in modes) == 1
    assert not any(mode.trigger.words in hints[0].text for mode in modes)


@pytest.mark.walk
@pytest.mark.parametrize("name", sorted(cards("drills")))
def test_who_opens_every_hint_and_does_everything_right_passes(name: str) -> None:
    """In every drill: hints take from a full score, never the pass of one that just reaches the mark."""
    kit = load_kit(name)
    exam = kit.materialise("any-1", "any", 2**61 + 5)
    cost, mark = sum(hint.cost for hint in exam.truth.hints), kit.drill.pass_mark
    assert len(exam.truth.hints) == exam.instance.hints > 0 and 0 < cost <= 1
    for score in (mark, mark + 1e-12, 0.99, 1.0):
        helped = with_hint_cost(graded(exam, NOTHING, score, verdict="", sub_checks=()), cost, mark)
        assert helped.passed and helped.final >= mark
    full = with_hint_cost(graded(exam, NOTHING, 1.0, verdict="", sub_checks=()), cost, mark)
    assert full.final == pytest.approx(1 - cost * (1 - mark)) and full.final < 1
    below = graded(exam, NOTHING, mark - 0.001, verdict="", sub_checks=())
    assert with_hint_cost(below, cost, mark) == below and not below.passed


def test_an_instance_tells_nothing_but_hashes() -> None:
    """Two instances with other failures differ, for their learners, in two hashes and nothing else."""
    one, other = (materialise(KIT, "hunt-1", "engineer", seed) for seed in (1, 2))
    assert one.truth.failures != other.truth.failures
    shown = one.instance.to_data(), other.instance.to_data()
    assert {key for key in shown[0] if shown[0][key] != shown[1][key]} == {"model_hash", "truth_hash"}


def test_hashes_cannot_be_tried_out() -> None:
    """Who guesses the planted failures, and knows all code and weights, still cannot confirm the guess by a hash."""
    sealed = 2**61 + 12345
    exam = materialise(KIT, "hunt-1", "engineer", sealed)
    shown = {str(value) for value in exam.instance.to_data().values()}
    planted = plant("helpdesk", exam.truth.failures)
    assert planted.model_hash not in shown  # the plain hash of the right weights
    guesses = itertools.chain(range(2000), (sealed + offset for offset in (-1, 1)))
    for guess in guesses:
        truth = exam.truth.model_copy(update={"seed": guess})
        assert truth_hash(truth) not in shown
        assert hashlib.sha256(f"{guess}:{planted.model_hash}".encode()).hexdigest() not in shown
    assert truth_hash(exam.truth) in shown  # while the seed's owner can prove what was sealed


class OneAnswer(FailureHunt):
    """A hunt that plants the same failures whatever the seed."""

    def choose(self, seed: int) -> tuple[FailureMode, ...]:
        """Return what seed 1 plants."""
        return super().choose(1)


def test_the_same_failures_under_another_seed_look_different() -> None:
    """Equal models of two learners have unequal hashes, so they cannot tell by comparing that they share answers."""
    one, other = (materialise(OneAnswer(), "hunt-1", "engineer", seed) for seed in (1, 2))
    assert one.organism.model_hash == other.organism.model_hash
    assert one.instance.model_hash != other.instance.model_hash
    assert one.instance.truth_hash != other.instance.truth_hash


def test_the_twin_has_nothing_planted() -> None:
    """The failing model differs from the shipped base, the twin does not."""
    exam = materialise(KIT, "hunt-1", "engineer", 1)
    clean = plant("helpdesk", ())
    assert exam.organism.model_hash != clean.model_hash == exam.instance.twin_hash
    assert exam.target(TWIN).organism.failures == ()
