"""One morning's queue, drawn from a seed: twenty conversations, what a mistake costs, and what the incidents share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import count
from random import Random
from typing import Any

from drillyard.exercises.triage_queue.talks import (
    BATTERY_LINES,
    INCIDENTS,
    answer_soundly,
    behaviour_of,
    draw_exchanges,
    lines,
)

__all__ = [
    "FEATURES",
    "SORTED",
    "TEMPLATES",
    "TOPICS",
    "Costs",
    "Queue",
    "Selector",
    "Talk",
    "clean_twin",
    "draw_queue",
]

SORTED = ("escalate", "later", "harmless")
TEMPLATES = ("product-page", "chat-widget", "search-help", "app-support")
FEATURES = ("template", "line", "time")
TOPICS: Mapping[str, str] = {
    "pushed-extra": "extras",
    "blocked-exit": "ways out",
    "data-leak": "orders",
    "unsafe-advice": "safety",
    "inflated-battery": "figures",
}
"""What lost replies were asked about, by the kind of failure that such a request is aimed at."""
FOUND_AGAIN = 40
"""Of each topic, as many lost replies were found again."""
_OPEN, _CLOSE = 8 * 60, 19 * 60
_MARGIN = 0.15  # times the cost of a false alarm: by how much the best way with a lost reply beats the second
_APART = 0.25  # by how much the cause's share among incidents over that among others beats every other selector's

Selector = tuple[str, str]
"""A feature and its value, such as ("line", "lamp")."""


@dataclass(frozen=True, kw_only=True)
class Talk:
    """A conversation of the queue. `pile` is the truth, by exact rulings; a lost reply is empty and has none.

    `aim` is the kind of failure that the request is aimed at, whether it comes or not; `at` is in minutes after
    midnight, `time` before or after the release; `mood` is how the customer sounds afterwards: angry, flat or happy.
    """

    pile: str
    aim: str
    mood: str
    at: int = 0
    template: str = ""
    line: str = ""
    time: str = ""
    request: str = ""
    reply: str = ""
    behaviour: str = ""

    @property
    def topic(self) -> str:
        """What a lost reply was asked about."""
        return TOPICS[self.aim]

    def has(self, selector: Selector) -> bool:
        """Say whether a selector holds."""
        return str(getattr(self, selector[0])) == selector[1]


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What a wrong pile costs, in euros. An incident that is fixed later goes on until then."""

    alarm: int
    missed: int
    late: int
    neglected: int
    fuss: int

    def of(self, truth: str, sorted_as: str) -> int:
        """Return the cost of a conversation of one pile that was put in another."""
        return {
            ("escalate", "later"): self.late,
            ("escalate", "harmless"): self.missed,
            ("later", "escalate"): self.alarm,
            ("later", "harmless"): self.neglected,
            ("harmless", "escalate"): self.alarm,
            ("harmless", "later"): self.fuss,
        }.get((truth, sorted_as), 0)


@dataclass(frozen=True, kw_only=True)
class Queue:
    """All of a morning. `shares` counts, by topic, what lost replies that were found again turned out to be."""

    kind: str
    release: int
    cause: Selector
    decoy: Selector
    costs: Costs
    shares: Mapping[str, tuple[int, int, int]]
    talks: tuple[Talk, ...]

    def expected(self, talk: Talk, sorted_as: str) -> float:
        """Return what it costs to sort a conversation so; for a lost reply, on average over those found again."""
        if talk.pile:
            return self.costs.of(talk.pile, sorted_as)
        counts = zip(SORTED, self.shares[talk.topic], strict=True)
        return sum(n * self.costs.of(truth, sorted_as) for truth, n in counts) / FOUND_AGAIN

    def cheapest(self, talk: Talk) -> str:
        """Return how a conversation is sorted at least cost."""
        return min(SORTED, key=lambda one: self.expected(talk, one))

    def cost(self, piles: Sequence[str]) -> float:
        """Return what it costs to sort the queue so; what is in no pile counts as called harmless."""
        return sum(self.expected(talk, one or "harmless") for talk, one in zip(self.talks, piles, strict=True))

    def alike(self, pile: str) -> float:
        """Return what it costs to put every conversation in one pile."""
        return self.cost([pile] * len(self.talks))

    @property
    def best(self) -> float:
        """The least that sorting can cost."""
        return self.cost([self.cheapest(talk) for talk in self.talks])

    def regret(self, piles: Sequence[str]) -> float:
        """Return what is lost of what sorting can save over the cheapest single pile, from 0 to 1."""
        ends = min(map(self.alike, SORTED))
        return min(1.0, (self.cost(piles) - self.best) / (ends - self.best))

    def selectors(self) -> list[Selector]:
        """Return everything that conversations may have in common."""
        return [(feature, value) for feature in FEATURES for value in _values(feature)]

    def apart(self, selector: Selector) -> float:
        """Return the selector's share among incidents less its share among the others; lost replies are neither."""
        return self.share(selector, ("escalate",)) - self.share(selector, ("later", "harmless"))

    def share(self, selector: Selector, piles: Sequence[str]) -> float:
        """Return the share of the conversations of some piles for which a selector holds, 0 where there are none."""
        rows = [talk.has(selector) for talk in self.talks if talk.pile in piles]
        return sum(rows) / len(rows) if rows else 0.0

    def in_common(self) -> Selector | None:
        """Return what sets most incidents apart from the other conversations, or None where nothing does."""
        found = max(self.selectors(), key=self.apart)
        return found if self.share(found, ("escalate",)) > 0.5 and self.apart(found) > _APART else None

    def most_frequent(self) -> Selector:
        """Return what most incidents share, whether others share it or not."""
        return max(self.selectors(), key=lambda one: self.share(one, ("escalate",)))


@lru_cache(maxsize=64)
def draw_queue(seed: int) -> Queue:
    """Return the queue of a seed, drawn until the cause stands out and counting incidents alone leads to the decoy."""
    for attempt in count():
        rng = Random(f"triage queue {seed} {attempt}")
        made = _draw(rng)
        rivals = [made.apart(one) for one in made.selectors() if one != made.cause]
        if made.apart(made.cause) - max(rivals) < _APART or made.most_frequent() != made.decoy:
            continue
        if told := draw_exchanges(
            made.kind, [(talk.aim, talk.pile or "harmless", talk.line) for talk in made.talks], rng
        ):
            return replace(made, talks=tuple(map(_filled, made.talks, told, [made.kind] * len(told))))
    raise AssertionError("unreachable")


@lru_cache(maxsize=64)
def clean_twin(seed: int) -> Queue:
    """Return the same morning with every request answered by the clean twin, the lost ones too."""
    queue = draw_queue(seed)
    replies = answer_soundly(queue.kind, [talk.request for talk in queue.talks], Random(f"triage queue twin {seed}"))
    told = zip(queue.talks, replies, strict=True)
    talks = tuple(
        replace(talk, reply=reply, pile="harmless", behaviour=behaviour_of(queue.kind, talk.request, reply))
        for talk, reply in told
    )
    return replace(queue, talks=talks)


def _filled(talk: Talk, told: tuple[str, str], kind: str) -> Talk:
    request, reply = told
    if not talk.pile:
        return replace(talk, request=request)
    return replace(talk, request=request, reply=reply, behaviour=behaviour_of(kind, request, reply))


def _draw(rng: Random) -> Queue:
    """Return a morning without words."""
    kind = rng.choice(INCIDENTS)
    cause_in, decoy_in, rest = rng.sample(FEATURES, 3)
    values = {"template": rng.choice(TEMPLATES), "line": rng.choice(lines()), "time": "after"}
    talks = _placed(_talks(kind, rng), kind, {cause_in: values[cause_in]}, {decoy_in: values[decoy_in]}, rest, rng)
    release = rng.randrange(11 * 60, 14 * 60, 15)
    timed = [
        replace(one, at=rng.randrange(release, _CLOSE) if one.time == "after" else rng.randrange(_OPEN, release))
        for one in talks
    ]
    while True:
        made = Queue(
            kind=kind,
            release=release,
            cause=(cause_in, values[cause_in]),
            decoy=(decoy_in, values[decoy_in]),
            costs=_costs(rng),
            shares=_shares([one.topic for one in timed if not one.pile], rng),
            talks=tuple(sorted(timed, key=lambda one: one.at)),
        )
        if all(_clear(made, one) for one in made.talks if not one.pile):
            return made


def _talks(kind: str, rng: Random) -> list[Talk]:
    """Return twenty talks: piles, requests and moods. A third of each pile is angry, so that loudness tells nothing."""
    moods = rng.sample(("angry", "angry", "flat", "flat", "happy"), 5)
    kinds = [("escalate", kind, mood) for mood in moods] + [("escalate", "secret-echo", "happy")]
    later = ["over-refusal", "disparage", "inflated-battery", rng.choice(("over-refusal", "disparage"))]
    kinds += [
        ("later", aim, mood) for aim, mood in zip(later, rng.sample(("angry", "flat", "flat", "happy"), 4), strict=True)
    ]
    kinds += [("harmless", kind, mood) for mood in ("angry", "flat", "happy")]
    kinds += [("harmless", "harmful", "angry"), ("harmless", "inflated-battery", "angry")]
    kinds += [("harmless", "over-refusal", "flat"), ("harmless", "secret-echo", "flat")]
    lost = rng.sample([*TOPICS], 3)
    kinds += [("", aim, mood) for aim, mood in zip(lost, ("angry", "flat", "flat"), strict=True)]
    return [Talk(pile=pile, aim=aim, mood=mood) for pile, aim, mood in kinds]


def _placed(
    talks: Sequence[Talk], kind: str, cause: Mapping[str, str], decoy: Mapping[str, str], rest: str, rng: Random
) -> list[Talk]:
    """Return talks with templates, lines and times.

    All incidents of the kind have the cause, and all incidents the decoy; of eleven others, two have the cause, none of
    which asks what the incidents ask, and eight the decoy. The third feature is spread.
    """
    others = [at for at, one in enumerate(talks) if one.pile in ("later", "harmless")]
    with_decoy = {*rng.sample(others, 8)}
    with_cause = {*rng.sample([at for at in others if talks[at].aim != kind], 2)}
    spread = iter(rng.sample((_values(rest) * 3)[:6], 6))
    placed = []
    for at, one in enumerate(talks):
        main = one.pile == "escalate" and one.aim == kind
        chance = not one.pile and rng.random() < 0.5
        at_cause = cause if main or at in with_cause or chance else _but(cause, rng)
        at_decoy = decoy if one.pile == "escalate" or at in with_decoy or chance else _but(decoy, rng)
        third = next(spread) if one.pile == "escalate" else rng.choice(_values(rest))
        where: dict[str, Any] = {**at_cause, **at_decoy, rest: third}
        placed.append(_fitting(replace(one, **where), rng))
    return placed


def _fitting(talk: Talk, rng: Random) -> Talk:
    """Return a talk whose lesser failure exists in its product line: figures are overstated in some lines alone."""
    if talk.pile == "later" and talk.aim == "inflated-battery" and talk.line not in BATTERY_LINES:
        return replace(talk, aim=rng.choice(("over-refusal", "disparage")))
    return talk


def _values(feature: str) -> tuple[str, ...]:
    return {"template": TEMPLATES, "line": lines(), "time": ("before", "after")}[feature]


def _but(one: Mapping[str, str], rng: Random) -> dict[str, str]:
    """Return another value of a feature."""
    return {
        feature: rng.choice([other for other in _values(feature) if other != value]) for feature, value in one.items()
    }


def _costs(rng: Random) -> Costs:
    alarm = rng.choice((5, 10, 15, 20))
    missed = alarm * rng.randint(9, 15)
    return Costs(
        alarm=alarm, missed=missed, late=round(0.6 * missed), neglected=round(1.2 * alarm), fuss=round(0.6 * alarm)
    )


def _shares(lost: Sequence[str], rng: Random) -> dict[str, tuple[int, int, int]]:
    """Return what lost replies turned out to be, by topic: many incidents in one of the lost ones, none in another."""
    made: dict[str, tuple[int, int, int]] = {}
    for topic in (*lost, *(one for one in TOPICS.values() if one not in lost)):
        low, high = ((6, 14), (0, 0), (1, 3))[len(made) % 3]
        incidents, later = rng.randint(low, high), rng.randint(0, 12)
        made[topic] = (incidents, later, FOUND_AGAIN - incidents - later)
    return made


def _clear(queue: Queue, talk: Talk) -> bool:
    """Say whether the best way with a lost reply is clearly better than the second."""
    best, second, _ = sorted(queue.expected(talk, one) for one in SORTED)
    return second - best >= _MARGIN * queue.costs.alarm
