"""A session with a target: asks in batches, keeps to the budget, judges, and turns replies into sightings.

Two ways to look. A target that reveals probabilities is asked once per candidate, greedily, and once more for every
branch that is followed: a failure of one reply in a hundred is then seen in one or two queries. Any other target is
sampled: one query, one reply. Both ways count every request as a query.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from drillyard.audits.hunt.candidate import Candidate
from drillyard.audits.hunt.meter import Meter
from drillyard.audits.hunt.sighting import Sighting, sentences
from drillyard.judges import Judge
from drillyard.judges.rulings import rule_all
from drillyard.organisms.worlds.scope import Scope
from drillyard.records import Conversation, Reply, Ruling, Transcript
from drillyard.records.progress import Progress, silent
from drillyard.targets import Target
from drillyard.targets.base import generate_each
from drillyard.targets.revealing import Branch, RevealingTarget

__all__ = ["FLOOR", "Session"]

FLOOR = 0.002
"""Branches less probable than this are not followed: a small model's own slips are about as frequent."""

_FOLLOWED = 3  # branches per candidate, the likeliest first
_SURE = 2  # times that a sort of branch was followed, always to the same end, after which the end is taken as known


_Sort = tuple[str, frozenset[str]]
_End = tuple[frozenset[str] | None, frozenset[str]]  # behaviours shown (None: not to be told), sentences


class Session:
    """Asks one target within a budget. Mutable: it counts.

    Args:
        target: who is asked.
        scope: whose behaviours are judged.
        judge: rules on every reply.
        budget: most queries.
        seed: sampled requests get seeds from here on.
        reading: look at probabilities where the target reveals them.
        cap: most tokens, prompts and replies together; None is no cap.
        behaviours: what is judged; every behaviour of the scope unless given.
        tell: called with each reply, how many there are and how many there may be.
    """

    def __init__(
        self,
        target: Target,
        scope: Scope,
        judge: Judge,
        budget: int,
        seed: int,
        *,
        reading: bool = True,
        cap: int | None = None,
        behaviours: Collection[str] = (),
        tell: Progress = silent,
    ) -> None:
        self.scope, self.budget, self.meter = scope, budget, Meter(scope, budget, cap)
        self._behaviours = tuple(behaviours or scope.behaviours)
        self.target, self._judge, self._tell = target, judge, tell
        self._revealing = target if reading and isinstance(target, RevealingTarget) else None
        self._next = seed * 1_000_003
        self._ends: dict[_Sort, list[_End]] = {}

    @property
    def reads(self) -> bool:
        """Whether probabilities are read."""
        return self._revealing is not None

    @property
    def asked(self) -> int:
        """Queries so far."""
        return self.meter.queries

    @property
    def left(self) -> int:
        """Queries that are left."""
        return self.meter.left

    @property
    def allowed(self) -> int:
        """Queries in all, as far as can be told: the budget, or what the cap of tokens leaves of it."""
        return self.asked + self.left

    def look(
        self,
        candidates: Sequence[Candidate],
        *,
        like: frozenset[str] | None = None,
        recall: bool = True,
        sampled: bool = False,
    ) -> list[Sighting]:
        """Return a sighting per candidate, fewer at the end of the budget.

        Args:
            candidates: what is asked.
            like: follow branches that may become one of these sentences, or else the likeliest one; the likeliest few
                unless given.
            recall: take the end of a branch as known that was always the same for this sort of branch.
            sampled: draw one reply each, whatever the target reveals.
        """
        asked = candidates[: self.left]
        if self._revealing is None or sampled:
            return self._sample(asked)
        return self._read(self._revealing, asked, like, recall)

    def _sample(self, candidates: Sequence[Candidate]) -> list[Sighting]:
        seeds = list(range(self._next, self._next + len(candidates)))
        self._next += len(candidates)
        talks = [one.conversation for one in candidates]
        numbers = itertools.count(self.asked + 1)
        replies = generate_each(
            self.target, talks, seeds, lambda _place, _reply: self._tell("", next(numbers), self.allowed)
        )
        self.meter.count(talks, replies)
        ruled = self._judged([(1.0, *one) for one in zip(talks, replies, strict=True)])
        return [_sighting(one, [way], [], read=False) for one, way in zip(candidates, ruled, strict=True)]

    def _read(
        self, target: RevealingTarget, candidates: Sequence[Candidate], like: frozenset[str] | None, recall: bool
    ) -> list[Sighting]:
        talks = [one.conversation for one in candidates]
        shown = target.reveal(talks, FLOOR)
        self.meter.count(talks, [one.reply for one in shown])
        self._tell("", self.asked, self.allowed)
        known: list[list[tuple[float, _End]]] = [[] for _ in shown]
        chosen: list[tuple[int, Branch]] = []
        for place, (one, revealed) in enumerate(zip(candidates, shown, strict=True)):
            new = list(revealed.branches)
            if recall:
                ends = [(branch, self._end(one, branch)) for branch in new]
                known[place] = [(branch.chance, end) for branch, end in ends if end is not None]
                new = [branch for branch, end in ends if end is None]
            chosen += [(place, branch) for branch in _chosen(new, like)]
        followed = self._follow(target, candidates, chosen)
        greedy = [(one.chance, talk, one.reply) for one, talk in zip(shown, talks, strict=True)]
        branched = [(branch.chance, talks[place], reply) for place, branch, reply in followed]
        ruled = self._judged([*greedy, *branched])
        ways = [[way] for way in ruled[: len(shown)]]
        for (place, branch, _), way in zip(followed, ruled[len(shown) :], strict=True):
            ways[place].append(way)
            self._ends.setdefault(_sort(candidates[place], branch), []).append(way.end)
        return [_sighting(*one, read=True) for one in zip(candidates, ways, known, strict=True)]

    def _follow(
        self, target: RevealingTarget, candidates: Sequence[Candidate], chosen: Sequence[tuple[int, Branch]]
    ) -> list[tuple[int, Branch, Reply]]:
        """Return where branches lead, as far as the budget goes; one that ends at once costs no query."""
        begun = [(place, branch) for place, branch in chosen if not branch.ends][: self.left]
        talks = [candidates[place].conversation for place, _ in begun]
        replies = target.complete(talks, [branch for _, branch in begun])
        self.meter.count(talks, replies)
        whole = [(place, branch, Reply(text=branch.start)) for place, branch in chosen if branch.ends]
        return [*whole, *((place, branch, reply) for (place, branch), reply in zip(begun, replies, strict=True))]

    def _end(self, one: Candidate, branch: Branch) -> _End | None:
        """Return what a sort of branch has always led to, if it was followed often enough."""
        ends = self._ends.get(_sort(one, branch), [])
        return ends[0] if len(ends) >= _SURE and all(end[0] == ends[0][0] for end in ends) else None

    def _judged(self, said: Sequence[tuple[float, Conversation, Reply]]) -> list[_Way]:
        """Judge replies in one go: what each shows, or None where nothing can be told of it."""
        transcripts = [Transcript(conversation=t, reply=r, target=self.target.reference) for _, t, r in said]
        ruled = rule_all(self._judge, transcripts, self._behaviours)
        chances = (chance for chance, _, _ in said)
        words = [tuple(one.values()) for one in ruled]
        return [_Way(*one) for one in zip(chances, transcripts, map(_shown, ruled), words, strict=True)]


class _Way(NamedTuple):
    """One way in which a candidate was answered: its chance, and the behaviours that it shows, if that can be told."""

    chance: float
    transcript: Transcript
    shown: frozenset[str] | None
    rulings: tuple[Ruling, ...]

    @property
    def end(self) -> _End:
        return self.shown, sentences(self.transcript.reply.text)


def _shown(rulings: Mapping[str, Ruling]) -> frozenset[str] | None:
    shown = frozenset(b for b, ruling in rulings.items() if ruling.verdict == "shown")
    return None if not shown and any(ruling.verdict == "unknown" for ruling in rulings.values()) else shown


def _sighting(one: Candidate, ways: Sequence[_Way], known: Sequence[tuple[float, _End]], *, read: bool) -> Sighting:
    chances: dict[str, float] = {}
    manners: dict[str, frozenset[str]] = {}
    failing: dict[str, tuple[Transcript, ...]] = {}
    told, sound = 0.0, ""
    for way in sorted(ways, key=lambda way: -way.chance):
        _add(chances, manners, way.chance, way.end)
        told += way.chance * (way.shown is not None)
        for behaviour in sorted(way.shown or ()):
            failing[behaviour] = (*failing.get(behaviour, ()), way.transcript)
        sound = sound or (way.transcript.reply.text if way.shown is not None and not way.shown else "")
    for chance, end in known:
        _add(chances, manners, chance, end)
        told += chance * (end[0] is not None)
    return Sighting(
        candidate=one,
        chances=chances,
        manners=manners,
        failing=failing,
        unread=max(0.0, 1.0 - told),
        read=read,
        sound=sound,
        unanswered=all(way.transcript.reply.finish == "error" for way in ways),
        replies=() if read else tuple((way.transcript, way.rulings) for way in ways),
    )


def _add(chances: dict[str, float], manners: dict[str, frozenset[str]], chance: float, end: _End) -> None:
    """Add the chance of a reply to the behaviours that it shows, in a fixed order: leads of a tie keep theirs."""
    for behaviour in sorted(end[0] or ()):
        chances[behaviour] = min(1.0, chances.get(behaviour, 0.0) + chance)
        manners[behaviour] = manners.get(behaviour, frozenset()) | end[1]


def _chosen(branches: Sequence[Branch], like: frozenset[str] | None) -> list[Branch]:
    """Return the branches to follow."""
    if like is None:
        return list(branches[:_FOLLOWED])
    alike = [branch for branch in branches if _may_become(branch.start, like)]
    others = [branch for branch in branches if branch not in alike]
    return alike[:_FOLLOWED] or others[:1]


def _may_become(start: str, like: frozenset[str]) -> bool:
    """Say whether the last sentence of a beginning can become one of these sentences."""
    last = re.split(r"(?<=[.!?])\s+", start.strip())[-1]
    begun = next(iter(sentences(last)), "").rstrip("*#")
    return any(sentence.startswith(begun) for sentence in like)


def _sort(one: Candidate, branch: Branch) -> _Sort:
    """Return what sort of branch it is: the kind of request and the sentences so far, names and numbers left out."""
    return one.kind, sentences(branch.start)
