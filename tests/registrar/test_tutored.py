"""Asking the tutor: each hint once, so many asks at a copy, a minute apart, silence counted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from yard.small_programme import ANN, SUBMISSION, Clock

from drillyard.drills.tutoring.rules import Advice
from drillyard.registrar.store import Refused, Store
from drillyard.registrar.submissions import Submissions
from drillyard.registrar.tutored import MOST_ASKS, SECONDS_BETWEEN, Tutored

HUNT = SUBMISSION.instance


def hint(rule: str) -> Advice:
    """Return a hint by a rule."""
    return Advice(rule=rule, words=f"words of {rule}")


def test_one_page_sent_many_times_at_once_is_charged_once(store: Store) -> None:
    """Eight threads with the same form, each with another hint to give: one is kept, the others change nothing."""
    tutored = Tutored(store)
    with ThreadPoolExecutor(8) as pool:
        came = list(pool.map(lambda n: tutored.ask(ANN.id, HUNT, "0", hint(f"rule-{n}"), 0.05), range(8)))
    assert sorted(came) == ["advice"] + ["stale"] * 7
    (kept,) = store.hints(ANN.id, HUNT)
    assert kept.cost == 0.05 and kept.rule == f"rule-{came.index('advice')}"
    assert tutored.left(ANN.id, HUNT) == MOST_ASKS - 1


def test_silence_is_counted_and_comes_once_a_minute(store: Store, clock: Clock) -> None:
    """A second ask within the minute takes nothing; after the last one there is none, also no hint."""
    tutored = Tutored(store)
    for n in range(MOST_ASKS):
        assert tutored.left(ANN.id, HUNT) == MOST_ASKS - n
        assert tutored.ask(ANN.id, HUNT, "0", None, 0.05) == "silence"
        clock.now += SECONDS_BETWEEN - 1
        if n < MOST_ASKS - 1:
            assert tutored.ask(ANN.id, HUNT, "0", hint("late"), 0.05) == "soon"
        clock.now += 1
    assert tutored.ask(ANN.id, HUNT, "0", hint("late"), 0.05) == "spent"
    assert tutored.left(ANN.id, HUNT) == 0 and not store.hints(ANN.id, HUNT)
    assert tutored.ask(ANN.id, "another copy", "0", hint("first"), 0) == "advice", "each copy has its own asks"
    assert tutored.ask("bob", HUNT, "0", None, 0) == "silence", "and each learner"


def test_a_clock_that_was_set_back_locks_nobody_out(store: Store, clock: Clock) -> None:
    """An ask that lies in the future is no ask of this minute."""
    tutored = Tutored(store)
    tutored.ask(ANN.id, HUNT, "0", None, 0)
    clock.now -= 3600
    assert tutored.ask(ANN.id, HUNT, "0", None, 0) == "silence"


def test_nothing_is_asked_of_work_that_was_handed_in(store: Store) -> None:
    """Neither a hint nor silence."""
    Submissions(store).hand_in(SUBMISSION)
    for advice in (hint("late"), None):
        with pytest.raises(Refused, match="handed in"):
            Tutored(store).ask(ANN.id, HUNT, "0", advice, 0.05)
