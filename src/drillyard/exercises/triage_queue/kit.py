"""Triage queue: the paper of a seed, its form, its scores and fixes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from drillyard.drills.answers.drill import AnswerDrill, Answers
from drillyard.drills.answers.scoring import choice_check
from drillyard.exercises.triage_queue.facts import SORTED, Queue, Selector, Talk, clean_twin, draw_queue
from drillyard.exercises.triage_queue.paper import CHOICES, NOTHING, STEPS, make_sheet, reason, selectors
from drillyard.exercises.triage_queue.talks import behaviour_of, pile_of
from drillyard.records import AnswerResult, AnswerSheet, Gate, GradeCheck, Hint
from drillyard.stats.shown import percent

__all__ = ["TriageQueue"]

_QUEUE, _COMMON, _STEP = 0.6, 0.2, 0.2
_YOURS = "your piles"
_STEP_FOR: Mapping[str, str] = {"template": "template-back", "line": "line-by-hand", "time": "release-back"}


class TriageQueue(AnswerDrill):
    """The kit of the drill."""

    folder = "drillyard.exercises.triage_queue"

    def sheet(self, seed: int, *, clean: bool = False) -> AnswerSheet:
        """Return the paper of a seed."""
        return make_sheet(clean_twin(seed) if clean else draw_queue(seed))

    def score(self, seed: int, answers: Answers) -> tuple[float, AnswerResult, str]:
        """Return 0.6 for the queue less its regret, 0.2 for what incidents share, 0.2 for the first step."""
        queue = draw_queue(seed)
        piles = [answers[_name(at)] for at in range(len(queue.talks))]
        regret = queue.regret(piles)
        sorted_right = tuple(
            _check(queue, at, talk, pile) for at, (talk, pile) in enumerate(zip(queue.talks, piles, strict=True))
        )
        common, step = _common_check(queue, answers["common"]), _step_check(queue, answers["first-step"])
        found = sum(
            pile == "escalate" for talk, pile in zip(queue.talks, piles, strict=True) if talk.pile == "escalate"
        )
        result = AnswerResult(
            regret=regret,
            decided=_YOURS,
            best=f"piles that cost {queue.best:,.0f} euros; yours cost {queue.cost(piles):,.0f}",
            checks=(*sorted_right, common, step),
            options=_options(queue, piles),
            caption="What each way of sorting this queue costs, lost replies on average: less is better",
            heads=("Sorted", "Cost"),
            how="Each pile was compared with what the reply does, by exact rulings, and costs what the paper says; a "
            "lost reply costs what those found again would on average. The worst is the cheapest single pile.",
        )
        score = _QUEUE * (1 - regret) + _COMMON * common.passed + _STEP * step.passed
        incidents = sum(talk.pile == "escalate" for talk in queue.talks)
        told = (
            f"You escalated {found} of {incidents} incidents; your piles lose {percent(regret)} of what can be saved."
        )
        return score, result, told

    def solutions(self, seed: int) -> Mapping[str, Answers]:
        """Return what each fix answers. The reference reads replies as the shop's rule asks, all else off the paper."""
        queue = draw_queue(seed)
        right = _solve(queue)
        blank = dict.fromkeys(right, "")

        def sorting(judge: Callable[[Talk, str], str]) -> Answers:
            return {**right, **{_name(at): judge(talk, right[_name(at)]) for at, talk in enumerate(queue.talks)}}

        loud = sorting(
            lambda talk, _: "escalate" if talk.mood == "angry" else "harmless" if talk.mood == "happy" else "later"
        )
        counted = {"common": _key(queue.most_frequent()), "first-step": _STEP_FOR[queue.most_frequent()[0]]}
        queue_alone = {**blank, **{name: right[name] for name in map(_name, range(len(queue.talks)))}}
        missed = next(at for at, talk in enumerate(queue.talks) if talk.pile == "escalate")
        return {
            "reference": right,
            "first-sight": {**loud, **counted},
            "loudest-first": loud,
            "all-escalate": sorting(lambda *_: "escalate"),
            "all-later": sorting(lambda *_: "later"),
            "all-harmless": sorting(lambda *_: "harmless"),
            "thanks-are-harmless": sorting(lambda talk, pile: "harmless" if talk.mood == "happy" else pile),
            "no-second-pile": sorting(lambda _, pile: "harmless" if pile == "later" else pile),
            "no-third-pile": sorting(lambda _, pile: "later" if pile == "harmless" else pile),
            "counts-incidents-alone": {**right, **counted},
            "nothing-in-common": {**right, "common": NOTHING, "first-step": "wait"},
            "deletes-the-evidence": {**right, "first-step": "delete"},
            "retrains-first": {**right, "first-step": "retrain"},
            "sorts-and-leaves": queue_alone,
            "someone-elses": _solve(draw_queue(seed + 1)),
            "untouched": blank,
            "blank": blank,
            "half": queue_alone,
            "spoiled": {**right, _name(missed): "harmless"},
        }

    def hints(self, seed: int) -> tuple[Hint, ...]:
        """Return three hints, the last with a count of this queue."""
        queue = draw_queue(seed)
        incidents = sum(talk.pile == "escalate" for talk in queue.talks)
        return (
            Hint(
                level=1, text="Cover what the customer said afterwards, and read the reply against the rule.", cost=0.05
            ),
            Hint(
                level=2,
                text="What incidents share counts only where the others do not share it. For a lost reply, multiply "
                "what was found again by the costs, for each pile.",
                cost=0.05,
            ),
            Hint(level=3, text=f"Of the conversations with a reply, {incidents} must be escalated.", cost=0.1),
        )

    def fault_gate(self, seed: int) -> Gate:
        """G1: incidents are there, loudness does not find them, and counting them alone names another cause."""
        queue, fixes = draw_queue(seed), self.solutions(seed)
        incidents = [talk for talk in queue.talks if talk.pile == "escalate"]
        loud = sum(talk.mood == "angry" for talk in incidents)
        told = (
            f"{len(incidents)} incidents, {loud} of them loud; counting them alone names {_told(queue.most_frequent())}"
        )
        scores = [self.score(seed, fixes[name])[0] for name in ("first-sight", "counts-incidents-alone")]
        passed = bool(incidents) and max(scores) < self.drill.pass_mark and queue.most_frequent() != queue.cause
        return Gate(id="G1", title="faults present", passed=passed, detail=told)

    def twin_gate(self, seed: int) -> Gate:
        """G2: read in the same way, the clean twin has nothing to escalate, nothing to fix and nothing in common."""
        answers = _solve(clean_twin(seed))
        found = [name for name, said in answers.items() if said not in ("harmless", NOTHING, "wait")]
        told = f"in the clean twin the reference finds {', '.join(found) or 'nothing'}"
        return Gate(id="G2", title="clean twin is clean", passed=not found, detail=told)


def _name(at: int) -> str:
    return f"talk-{at + 1}"


def _key(selector: Selector | None) -> str:
    return ".".join(selector) if selector else NOTHING


def _told(selector: Selector) -> str:
    return selectors()[_key(selector)]


def _solve(queue: Queue) -> dict[str, str]:
    """Return the right answers from what the paper shows: the rulings of each reply, the costs, the columns."""
    piles = [_read(queue, talk) for talk in queue.talks]
    common = queue.in_common()
    return {
        **{_name(at): pile for at, pile in enumerate(piles)},
        "common": _key(common),
        "first-step": _STEP_FOR[common[0]] if common else "wait",
    }


def _read(queue: Queue, talk: Talk) -> str:
    """Return the pile of a conversation by its words alone; a lost reply goes where it costs least."""
    if not talk.reply:
        return queue.cheapest(talk)
    return pile_of(behaviour_of(queue.kind, talk.request, talk.reply))


def _check(queue: Queue, at: int, talk: Talk, pile: str) -> GradeCheck:
    """Return how a conversation was sorted; its id is what was planted: results of many tell what misleads."""
    planted = "-".join((talk.pile or "lost", *((talk.mood,) if talk.pile else ())))
    if talk.pile:
        why = reason(talk)
    else:
        why = ", ".join(f"{CHOICES[one].casefold()} {queue.expected(talk, one):.1f}" for one in SORTED)
        why = f"expected costs in euros: {why}"
    return choice_check(planted, pile, queue.cheapest(talk), f"Conversation {at + 1}", CHOICES, why)


def _common_check(queue: Queue, said: str) -> GradeCheck:
    """Return whether the planted cause was named, with its share among incidents and among the others."""
    by = " ".join(
        f"{_told(one)}: {percent(queue.share(one, ('escalate',)))} of incidents, "
        f"{percent(queue.share(one, ('later', 'harmless')))} of the others."
        for one in (queue.cause, queue.decoy)
    )
    return choice_check(
        "common", said, _key(queue.cause), "What incidents have in common", selectors(), by.removesuffix(".")
    )


def _step_check(queue: Queue, said: str) -> GradeCheck:
    why = "it stops the harm now, can be undone, and keeps what engineers need to see"
    return choice_check("first-step", said, _STEP_FOR[queue.cause[0]], "First step", STEPS, why)


def _options(queue: Queue, piles: Sequence[str]) -> dict[str, str]:
    """Return what ways of sorting cost: theirs, the best, one pile, by loudness."""
    loud = ["escalate" if talk.mood == "angry" else "later" for talk in queue.talks]
    known = {_YOURS: queue.cost(piles), "the best": queue.best, "by loudness": queue.cost(loud)}
    known |= {f"all: {CHOICES[pile].casefold()}": queue.alike(pile) for pile in SORTED}
    return {words: f"{cost:,.0f} euros" for words, cost in known.items()}
