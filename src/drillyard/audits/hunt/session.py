"""A session with a target: asks in batches, keeps to the budget, judges, and turns replies into sightings.

Two ways to look. A target that reveals probabilities is asked once per candidate, greedily, and once more for every
branch that is followed: a failure of one reply in a hundred is then seen in one or two queries. Any other target is
sampled: one query, one reply. Both ways count every request as a query.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from drillyard.audits.hunt.candidate import Candidate
from drillyard.audits.hunt.meter import Meter
from drillyard.audits.hunt.sighting import Sighting, sentences
from drillyard.judges import Judge
from drillyard.organisms.worlds.world import World
from drillyard.records import Reply, Transcript
from drillyard.targets import Target
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
        world: whose behaviours are judged.
        judge: rules on every reply.
        budget: most queries.
        cap: most tokens, prompts and replies together; None is no cap.
        seed: sampled requests get seeds from here on.
        reading: look at probabilities where the target reveals them.
    """

    def __init__(
        self,
        target: Target,
        world: World,
        judge: Judge,
        budget: int,
        seed: int,
        *,
        reading: bool = True,
        cap: int | None = None,
    ) -> None:
        self.world, self.budget, self.meter = world, budget, Meter(world, budget, cap)
        self.target, self._judge = target, judge
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
        replies = self.target.generate(talks, seeds)
        self.meter.count(talks, replies)
        return [
            self._sighting(one, [(1.0, reply)], [], read=False) for one, reply in zip(candidates, replies, strict=True)
        ]

    def _read(
        self, target: RevealingTarget, candidates: Sequence[Candidate], like: frozenset[str] | None, recall: bool
    ) -> list[Sighting]:
        talks = [one.conversation for one in candidates]
        shown = target.reveal(talks, FLOOR)
        self.meter.count(talks, [one.reply for one in shown])
        ways: list[list[tuple[float, Reply]]] = [[(one.chance, one.reply)] for one in shown]
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
        for place, branch, reply in followed:
            ways[place].append((branch.chance, reply))
        found = [
            self._sighting(one, paths, ends, read=True)
            for one, paths, ends in zip(candidates, ways, known, strict=True)
        ]
        for place, branch, reply in followed:
            self._learn(candidates[place], branch, reply)
        return found

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

    def _learn(self, one: Candidate, branch: Branch, reply: Reply) -> None:
        shown = self._shown(Transcript(conversation=one.conversation, reply=reply, target=self.target.reference))
        self._ends.setdefault(_sort(one, branch), []).append((shown, sentences(reply.text)))

    def _shown(self, transcript: Transcript) -> frozenset[str] | None:
        """Return the behaviours that a reply shows; None where nothing can be told of it."""
        verdicts = {b: self._judge.rule(transcript, b).verdict for b in self.world.behaviours}
        shown = frozenset(b for b, verdict in verdicts.items() if verdict == "shown")
        return None if not shown and "unknown" in verdicts.values() else shown

    def _sighting(
        self, one: Candidate, ways: Sequence[tuple[float, Reply]], known: Sequence[tuple[float, _End]], *, read: bool
    ) -> Sighting:
        chances: dict[str, float] = {}
        manners: dict[str, frozenset[str]] = {}
        failing: dict[str, Transcript] = {}
        told, sound = 0.0, ""
        for chance, reply in sorted(ways, key=lambda way: -way[0]):
            transcript = Transcript(conversation=one.conversation, reply=reply, target=self.target.reference)
            shown = self._shown(transcript)
            _add(chances, manners, chance, (shown, sentences(reply.text)))
            told += chance * (shown is not None)
            for behaviour in sorted(shown or ()):
                failing.setdefault(behaviour, transcript)
            sound = sound or (reply.text if shown is not None and not shown else "")
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
            unanswered=all(reply.finish == "error" for _, reply in ways),
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
