"""The scorer against scikit-learn, whatever the pieces; thresholds of whole replies; bad input in one line."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from guards.conftest import PRESSING, SOUND, TODAY
from hypothesis import given, settings
from hypothesis import strategies as st

from drillyard.errors import BadInput
from drillyard.guards.calibration import Calibration, calibrate, open_calibration, save_calibration
from drillyard.guards.check import check_replies
from drillyard.guards.examples import Example, from_world, read_examples
from drillyard.guards.features import WIDTH, window_rows
from drillyard.guards.fit_sklearn import GuardFitter
from drillyard.guards.guard import Guard, open_guard
from drillyard.guards.learn import check_place, learn_guard
from drillyard.guards.report import verdict, write_report
from drillyard.guards.taxonomy import load_taxonomy
from drillyard.guards.words import read_words
from drillyard.organisms.worlds.world import load_world


def test_scores_are_those_of_scikit_learn(guard: Guard, examples: list[Example]) -> None:
    """At every word the running score is the largest decision function of the last words, by scikit-learn itself."""
    linear = pytest.importorskip("sklearn.linear_model")
    for one in examples[:20]:
        rows, _ = window_rows([one.text], window=guard.window)
        theirs = []
        for column in guard.weights.T:
            model = linear.LogisticRegression()
            model.classes_, model.coef_ = np.array([0, 1]), column[None, :WIDTH].astype(float)
            model.intercept_ = column[WIDTH:].astype(float)
            theirs.append(model.decision_function(rows))
        peaks = np.max(theirs, axis=0)
        for place, (_, _, end) in enumerate(read_words(one.text)):
            scorer = guard.follow()
            scorer.feed(one.text[:end])
            scorer.end()
            assert scorer.running == pytest.approx(peaks[place], abs=1e-6)
        assert scorer.score == pytest.approx(peaks.max(), abs=1e-6)


@given(st.lists(st.integers(0, 400), max_size=10))
@settings(max_examples=25)
def test_score_does_not_depend_on_the_cuts(guard: Guard, places: list[int]) -> None:
    """A reply scores the same in tokens, in lines and in one."""
    text = f"{SOUND} {PRESSING} Good evening. {SOUND}"
    scorer, at = guard.follow(), 0
    for place in [*sorted(one % len(text) for one in places), len(text)]:
        scorer.feed(text[at:place])
        at = place
    scorer.end()
    assert scorer.peak == guard.score(text)
    assert PRESSING[10:40] in text[scorer.peak.begin : scorer.peak.end]


def test_score_of_a_failure_does_not_fade_in_a_long_reply(guard: Guard, calibration: Calibration) -> None:
    """The window sees some words, so that a sales pitch at the end of a long reply is seen like one alone."""
    late = guard.score(" ".join([SOUND] * 50) + " " + PRESSING)
    assert late.score > calibration.tau() > guard.score(" ".join([SOUND] * 50)).score
    assert late.behaviour == "pressure-selling"


def test_guard_round_trips_through_its_folder(guard: Guard, tmp_path: Path) -> None:
    """The file holds all that decides a score; a broken one is one line."""
    guard.save(tmp_path)
    read = open_guard(tmp_path)
    assert read.digest == guard.digest and read.score(PRESSING) == guard.score(PRESSING)
    (tmp_path / "model.safetensors").write_bytes(b"not a guard")
    with pytest.raises(BadInput, match="drillyard guard train"):
        open_guard(tmp_path)


def test_realised_false_blocks_follow_the_beta_law(guard: Guard) -> None:
    """Over 100 calibrations of 199 of one pool, blocked shares are those of Beta(2, 198), as the law says."""
    from scipy import stats

    sound = [one for one in from_world(load_world("helpdesk"), 700, 9) if not one.shown]
    rng, base = np.random.default_rng(0), np.array([guard.score(one.text).score for one in sound])
    blocked = []
    for _ in range(100):
        # A little noise makes scores of equal replies differ, as the law wants it.
        drawn = rng.choice(base, 4199) + rng.normal(0, 0.5, 4199)
        tau = np.sort(drawn[:199])[198 - 1]
        blocked.append((drawn[199:] > tau).mean())
    assert stats.kstest(blocked, stats.beta(2, 198).cdf).pvalue > 0.01
    assert np.mean(blocked) == pytest.approx(0.01, abs=0.003)


def test_calibration_says_how_many_replies_it_takes(guard: Guard) -> None:
    """Also of a group, and also where some of them are no sound ones."""
    few = [Example(text=SOUND)] * 40
    with pytest.raises(BadInput, match="at least 99; add 59 more"):
        calibrate(guard, few, 0.01, "r")
    with pytest.raises(BadInput, match="group 'de': found 40 calibration scores .* at least 99"):
        calibrate(guard, [*few * 3, *(replace(one, group="de") for one in few)], 0.01, "r")
    with pytest.raises(BadInput, match="found 1 replies that show a behaviour"):
        calibrate(guard, [*few, Example(text=PRESSING, shown=("pressure-selling",))], 0.05, "r")


def test_groups_have_thresholds_of_their_own(guard: Guard) -> None:
    """A cohort with higher scores gets a higher threshold; who is in none gets everybody's."""
    rows = [Example(text=SOUND)] * 99 + [Example(text=f"{SOUND} {PRESSING}", group="loud")] * 99
    made = calibrate(guard, rows, 0.01, "r", today=TODAY)
    assert made.tau("loud") > made.tau("quiet") or made.tau("loud") == made.tau()
    assert Calibration.from_json(made.to_json()) == made


def test_calibration_is_of_one_guard_one_release_and_some_days(guard: Guard, tmp_path: Path) -> None:
    """Each mismatch is one line that says what to type."""
    made = calibrate(guard, [Example(text=SOUND)] * 99, 0.01, "shop-3", today=TODAY, days=30)
    save_calibration(made, tmp_path)
    assert open_calibration(tmp_path, guard, "shop-3", TODAY) == made
    last = TODAY + datetime.timedelta(days=29)
    open_calibration(tmp_path, guard, today=last)
    with pytest.raises(BadInput, match=r"ended on 2026-12-29.*drillyard guard calibrate"):
        open_calibration(tmp_path, guard, today=last + datetime.timedelta(days=1))
    with pytest.raises(BadInput, match="calibration of release 'shop-3', expected one of 'shop-4'"):
        open_calibration(tmp_path, guard, "shop-4", TODAY)
    other = Guard(behaviours=guard.behaviours, weights=guard.weights * 2, fitted_on="")
    with pytest.raises(BadInput, match="another guard"):
        open_calibration(tmp_path, other, today=TODAY)


def test_check_sees_planted_failures_and_spares_their_twins(
    guard: Guard, calibration: Calibration, tmp_path: Path
) -> None:
    """What is planted is caught in held-out phrasings, sound replies pass, and the report is one page."""
    drawn = [one for one in from_world(load_world("helpdesk"), 300, 11, held_out=True)]
    mine = [one for one in drawn if not one.shown or set(one.shown) & set(guard.behaviours)]
    made = check_replies(guard, calibration, mine)
    assert made.recall.low > 0.8 and made.holds and not made.drifted
    write_report(made, tmp_path)
    page = (tmp_path / "check.html").read_text(encoding="utf-8")
    assert "<script" not in page and "Gold Cover" in page


def test_check_alarms_where_replies_are_of_another_kind(guard: Guard, calibration: Calibration) -> None:
    """Unlabelled replies that all press are a drift, and the promise is void."""
    made = check_replies(guard, calibration, [Example(text=PRESSING, shown=None)] * 100)
    assert made.drifted and not made.holds


def test_check_says_which_labels_it_leaves_out(guard: Guard, calibration: Calibration) -> None:
    """A misspelt code is neither failing nor sound, and that is said with the nearest that the guard was taught."""
    told = [Example(text=PRESSING, shown=("pressure-seling",)), Example(text=SOUND, shown=())]
    made = check_replies(guard, calibration, told)
    assert made.recall.n == 0 and made.unknown == {"pressure-seling": 1}
    assert verdict(made).endswith("which the guard was not taught; did you mean 'pressure-selling'?")


def test_fitting_says_what_it_lacks() -> None:
    """Two replies teach nothing."""
    pytest.importorskip("sklearn")
    with pytest.raises(BadInput, match="at least 8 sound ones and 8 of a behaviour"):
        GuardFitter().update([Example(text="a"), Example(text="b", shown=("x",))]).fit()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("[]", "line 1: found \\[\\], expected a transcript"),
        ('{"reply": 3}', "line 1: .*an object such as"),
        ('{"reply": "a", "shown": "b"}', "a list of behaviour codes"),
        ('{"reply": "a", "group": 3}', "group: 3"),
        ("{", "line 1: .{., expected replies, one a line"),
        ("It costs 49 euros.", "line 1: .It costs 49 euros.., expected replies"),
        ("", "without a line"),
    ],
)
def test_broken_files_of_replies_name_the_line(line: str, words: str, tmp_path: Path) -> None:
    """One line says what was found and what was expected."""
    (tmp_path / "replies.jsonl").write_text(line)
    with pytest.raises(BadInput, match=words):
        read_examples(tmp_path / "replies.jsonl")


def test_taxonomy_names_sources_and_is_not_two_things_at_once() -> None:
    """Every source that a behaviour names is listed, nothing is both seen and unseen, no example is a look-alike."""
    taxonomy = load_taxonomy()
    assert not taxonomy.behaviours.keys() & taxonomy.unseen.keys()
    for one in taxonomy.behaviours.values():
        assert one.sources.keys() <= taxonomy.sources.keys()
        assert not {text for texts in one.tactics.values() for text in texts} & set(one.lookalikes)


def test_another_guard_is_not_written_over(guard: Guard, tmp_path: Path) -> None:
    """The same guard may be written again; another one, whose calibration would be void, keeps its folder."""
    guard.save(tmp_path)
    check_place(guard, tmp_path)
    with pytest.raises(BadInput, match="another guard in .* -o with another name"):
        check_place(replace(guard, weights=guard.weights + 1), tmp_path)


def test_labels_that_teach_nothing_are_refused() -> None:
    """Replies without any label, and a behaviour that too few show, such as a slip of the pen."""
    worlds = [load_world("helpdesk")]
    with pytest.raises(BadInput, match="1 replies without a label"):
        learn_guard(worlds, [Example(text=SOUND, shown=None)])
    with pytest.raises(BadInput, match="did you mean 'pressure-selling'"):
        learn_guard(worlds, [Example(text=PRESSING, shown=("presure-selling",))])


@pytest.mark.parametrize("spoil", [{"alpha": 7.0}, {"groups": {}}])
def test_a_spoiled_calibration_is_one_line(spoil: dict[str, object], guard: Guard, tmp_path: Path) -> None:
    """An impossible share, or no threshold of everybody, is refused where it is read."""
    made = calibrate(guard, [Example(text=f"{SOUND} {n}") for n in range(120)], 0.01, "r")
    (tmp_path / "calibration.json").write_text(json.dumps({**json.loads(made.to_json()), **spoil}))
    with pytest.raises(BadInput, match="calibration"):
        open_calibration(tmp_path, guard)
