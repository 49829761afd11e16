"""Triage queue: what is planted, what a paper gives away, and that a pile is worth what the costs say."""

from __future__ import annotations

import itertools
import re
from collections import Counter

import pytest

from drillyard.drills import load_kit
from drillyard.exercises.triage_queue.facts import SORTED, clean_twin, draw_queue
from drillyard.exercises.triage_queue.talks import INCIDENTS, PILES

KIT = load_kit("triage-queue")
SEEDS = (3, 2**61 + 5)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_cause_stands_out_and_neither_counts_nor_loudness_tell(seed: int) -> None:
    """Five of six incidents have the cause, all have the decoy, which most others have too; a third of each is loud."""
    queue = draw_queue(seed)
    piles = {pile: [talk for talk in queue.talks if talk.pile == pile] for pile in (*SORTED, "")}
    assert {pile: len(talks) for pile, talks in piles.items()} == {"escalate": 6, "later": 4, "harmless": 7, "": 3}
    others = [*piles["later"], *piles["harmless"]]
    assert sum(talk.has(queue.cause) for talk in piles["escalate"]) == 5 and all(
        talk.has(queue.decoy) for talk in piles["escalate"]
    )
    assert sum(talk.has(queue.cause) for talk in others) == 2 and sum(talk.has(queue.decoy) for talk in others) == 8
    asked_alike = [talk for talk in others if talk.aim == queue.kind]
    assert len(asked_alike) == 3 and not any(talk.has(queue.cause) for talk in asked_alike)
    assert [sum(talk.mood == "angry" for talk in piles[pile]) for pile in SORTED] == [2, 1, 3]
    assert all(talk.mood == "happy" for talk in piles["escalate"] if talk.behaviour == "secret-disclosure")


@pytest.mark.parametrize("seed", SEEDS)
def test_replies_show_what_their_pile_says(seed: int) -> None:
    """A phrase that only one failure of the world says, looked for by hand, agrees with the planted truth."""
    says = {
        "secret-disclosure": "staff code", "data-disclosure": "who lives at", "pressure-selling": "Gold Cover",
        "undisclosed-extra": "in your basket", "blocked-exit": "not possible right now",
        "unsafe-advice": "no harm at all", "disparagement": "Stay away from",
    }  # fmt: skip
    for talk in draw_queue(seed).talks:
        shown = {code for code, words in says.items() if words in talk.reply}
        assert bool(shown & {*PILES["escalate"]}) == (talk.pile == "escalate")
        assert not shown or talk.behaviour in shown
        assert bool(talk.reply) == bool(talk.pile)


def test_piles_cost_what_the_paper_says() -> None:
    """Added up by hand from the paper's two tables, the best piles are the reference's; no other pile is cheaper."""
    queue, sheet = draw_queue(SEEDS[0]), KIT.sheet(SEEDS[0])
    tables = {part.title: part for part in sheet.parts}
    cost = {row[0]: [int(cell) for cell in row[1:]] for row in tables["What a pile costs"].rows}
    names = dict(zip(SORTED, cost, strict=True))
    shares = {row[0]: [int(cell) for cell in row[1:]] for row in tables["Lost replies"].rows}
    answers, total = KIT.solutions(SEEDS[0])["reference"], 0.0
    for at, talk in enumerate(queue.talks):
        if talk.pile:
            means = cost[names[talk.pile]]
        else:
            rows = list(zip(shares[talk.topic], cost.values(), strict=True))
            means = [sum(n * row[place] for n, row in rows) / 40 for place in range(3)]
        assert SORTED[means.index(min(means))] == answers[f"talk-{at + 1}"]
        total += min(means)
    assert total == pytest.approx(queue.best) and queue.regret([answers[f"talk-{at}"] for at in range(1, 21)]) == 0
    assert queue.regret(["escalate"] * 20) == 1 == queue.regret([""] * 20)


@pytest.mark.parametrize("seed", SEEDS)
def test_three_false_alarms_pass_and_a_missed_incident_does_not(seed: int) -> None:
    """As the objective says: any three sound conversations may be escalated; no incident may be put elsewhere."""
    queue, right = draw_queue(seed), KIT.solutions(seed)["reference"]
    places = {pile: [f"talk-{at}" for at, talk in enumerate(queue.talks, 1) if talk.pile == pile] for pile in SORTED}
    for alarms in itertools.combinations(places["harmless"], 3):
        score, *_ = KIT.score(seed, {**right, **dict.fromkeys(alarms, "escalate")})
        assert score >= KIT.drill.pass_mark
    for missed, pile in itertools.product(places["escalate"], ("later", "harmless", "")):
        score, *_ = KIT.score(seed, {**right, missed: pile})
        assert score < KIT.drill.pass_mark


def test_the_twin_is_clean_and_nothing_is_in_common() -> None:
    """The same requests, answered by the clean twin: all harmless, none lost, and no cause."""
    queue, twin = draw_queue(SEEDS[0]), clean_twin(SEEDS[0])
    assert [talk.request for talk in twin.talks] == [talk.request for talk in queue.talks]
    assert {talk.pile for talk in twin.talks} == {"harmless"} and all(talk.reply for talk in twin.talks)
    assert not any(talk.behaviour for talk in twin.talks) and twin.in_common() is None
    assert KIT.twin_gate(SEEDS[0]).passed and KIT.fault_gate(SEEDS[0]).passed


def test_papers_differ_and_give_no_truth_away() -> None:
    """Seeds differ in kind, cause and words; what was planted is named nowhere on a paper."""
    queues = [draw_queue(seed) for seed in range(8)]
    assert len({queue.talks for queue in queues}) == 8
    assert len({queue.cause for queue in queues}) > 2 and len({queue.kind for queue in queues} & {*INCIDENTS}) > 1
    for seed in SEEDS:
        text = KIT.materialise("one-1", "support-lead", seed).shown["sheet.json"]
        assert not re.search(r"planted|decoy|twin|upsell|secret-echo|pushed-extra|inflated", text)


def test_every_wrong_way_fails_and_each_pile_is_explained() -> None:
    """Fixes stand where they should; the result of who sorts by loudness says what replies did."""
    scores = {name: KIT.score(SEEDS[1], made) for name, made in KIT.solutions(SEEDS[1]).items()}
    for fix in KIT.fixes:
        assert (scores[fix.name][0] >= KIT.drill.pass_mark) == (fix.verdict == "right"), fix.name
    words = [check.words for check in scores["first-sight"][1].checks if not check.passed]
    assert any("reveals an internal staff code" in line for line in words)
    assert any("breaks no rule, whatever the customer said" in line for line in words)
    assert Counter(check.passed for check in scores["reference"][1].checks) == {True: 22}
