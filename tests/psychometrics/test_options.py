"""Choice questions with planted misconceptions and a planted wrong key."""

from __future__ import annotations

import numpy as np
import pytest

from drillyard.psychometrics.options import Choices, propose_for_choices

OPTIONS = ("right", "wrong a", "wrong b", "wrong c")


def asked(chances: list[float], people: int, rng: np.random.Generator, name: str = "q") -> Choices:
    """Draw what people choose first."""
    counts = rng.multinomial(people, chances)
    return Choices(question=name, options=OPTIONS, right=0, counts=tuple(counts.tolist()))


def test_a_planted_misconception_is_found_and_guessing_is_none() -> None:
    """Of ten questions one has a misconception that a third share; 80 people find it, and hardly anything else."""
    rng, found, wrong = np.random.default_rng(1), [], []
    for _ in range(100):
        plain = [asked([0.55, 0.15, 0.15, 0.15], 80, rng, f"q{i}") for i in range(9)]
        told = propose_for_choices([*plain, asked([0.45, 0.35, 0.1, 0.1], 80, rng, "planted")])
        found.append(any(one.target == "planted" and "misconception: 'wrong a'" in one.hypothesis for one in told))
        wrong.append(any(one.target != "planted" for one in told))
    assert np.mean(found) >= 0.8 and np.mean(wrong) <= 0.05, (np.mean(found), np.mean(wrong))


def test_a_wrong_key_is_told_from_a_misconception() -> None:
    """Most people choose what is counted as wrong."""
    rng = np.random.default_rng(2)
    told = [propose_for_choices([asked([0.15, 0.75, 0.05, 0.05], 60, rng)]) for _ in range(20)]
    assert all(len(one) == 1 and "the key is wrong" in one[0].hypothesis for one in told)
    assert all(one[0].learners_needed > 0 and "n = 60" in one[0].evidence for one in told)


@pytest.mark.parametrize("counts", [(0, 0, 0, 0), (19, 0, 0, 0), (0, 19, 0, 0), (80, 0, 0, 0)])
def test_few_answers_and_right_ones_propose_nothing(counts: tuple[int, ...]) -> None:
    """Below twenty answers, and where all are right."""
    assert propose_for_choices([Choices(question="q", options=OPTIONS, right=0, counts=counts)]) == ()


def test_two_options_have_no_favourite_wrong_one() -> None:
    """Whoever is wrong has no choice; only the key can be disputed."""
    assert propose_for_choices([Choices(question="q", options=("a", "b"), right=0, counts=(60, 40))]) == ()
    assert propose_for_choices([Choices(question="q", options=("a", "b"), right=0, counts=(20, 80))])
