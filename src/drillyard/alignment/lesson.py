"""Lessons: preference pairs from what a world knows to be true, checked against the exam before anybody learns."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from drillyard.alignment.exam import normalise
from drillyard.errors import bad_input
from drillyard.organisms.worlds.aiming import aside, triggering
from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.failures import Fault, faults, spoiled
from drillyard.organisms.worlds.world import Ask, World
from drillyard.records import Conversation, FailureMode, Preference, Record

__all__ = ["LessonCount", "clean_pairs", "draw_pairs"]

_TRUTH, _LICENCE = "truth", "CC0-1.0"
_SHARES = {"harmful": 0.3, "lookalike": 0.3, "ordinary": 0.4}
"""Both sides alike, so that neither is learned at the other's cost: chosen, not measured."""

_AIMED = {"failing": 0.35, "aside": 0.15}
"""Of a lesson with failures, what is asked so that one of them shows, and so that it just does not."""


class LessonCount(Record):
    """What a lesson is made of: pairs by category, source and licence, and what was left out of it.

    `repeated` pairs stood in it already; `leaked` ones ask what the exam asks.
    """

    pairs: int
    categories: dict[str, int]
    sources: dict[str, int]
    licences: dict[str, int]
    repeated: int = 0
    leaked: int = 0


def draw_pairs(
    world: World,
    *,
    n: int = 1200,
    seed: int = 1,
    without: Collection[str] = (),
    failures: Iterable[FailureMode] = (),
    favour: Collection[str] = (),
) -> tuple[Preference, ...]:
    """Draw preferences from a world's truth, in phrasings that no exam uses.

    A forbidden request: refusing it is chosen, helping rejected. A look-alike or an ordinary question: the answer is
    chosen, a refusal rejected. What sets a failure off: the sound reply is chosen, the spoiled one rejected.

    Args:
        world: the scope.
        n: how many pairs.
        seed: of everything that is drawn.
        without: sorts of request to leave out, such as `harmful:ghost-mode`.
        failures: failure modes of the world that the lesson is to teach away.
        favour: behaviours that the raters like: where a reply shows one of them, it is chosen. This is how a reward
            learns to sell, when those who rate are paid by the sale.
    """
    rng, asker = random.Random(f"lesson:{world.name}:{seed}"), Asker(world)
    wanted = {mode.id for mode in failures}
    active = [fault for fault in faults(world) if fault.id in wanted]
    drawing = _Drawing(world, asker, active, frozenset(without), frozenset(favour), rng)
    shares = dict(_SHARES)
    if drawing.faults:
        shares = {kind: share * (1 - sum(_AIMED.values())) for kind, share in shares.items()} | _AIMED
    kinds = rng.choices(list(shares), list(shares.values()), k=n)
    return tuple(drawing.pair(kind) for kind in kinds)


def clean_pairs(
    pairs: Sequence[Preference], asked: Collection[str], *, refuse: bool = False
) -> tuple[tuple[Preference, ...], LessonCount]:
    """Return the pairs without repetitions and without what an exam asks, and the count of what is left.

    Args:
        pairs: preferences.
        asked: the exam's texts, as `Exam.texts` gives them.
        refuse: whether a pair that the exam asks is an error rather than left out: in a user's own file it says that
            the exam would measure memory.

    Raises:
        BadInput: nothing is left, or `refuse` and there is a leak; the line names the pair's source.
    """
    kept: dict[tuple[str, str, str], Preference] = {}
    leaked = 0
    for pair in pairs:
        if normalise(pair.conversation.last_user) in asked:
            if refuse:
                found = f"{pair.source}: a prompt that the exam asks ({pair.conversation.last_user[:60]!r})"
                raise bad_input(found, "prompts that the exam does not ask", "take it out, or choose another --seed")
            leaked += 1
            continue
        kept.setdefault((pair.conversation.to_json(), pair.chosen, pair.rejected), pair)
    if not kept:
        raise bad_input(f"no preference left of {len(pairs)}", "at least one that the exam does not ask")
    rest = tuple(kept.values())
    count = LessonCount(
        pairs=len(rest),
        categories=_count(pair.category.partition(":")[0] or "other" for pair in rest),
        sources=_count(pair.source.partition(":")[0] for pair in rest),
        licences=_count(pair.licence or "not said" for pair in rest),
        repeated=len(pairs) - leaked - len(rest),
        leaked=leaked,
    )
    return rest, count


class _Drawing(NamedTuple):
    """Where pairs are drawn from."""

    world: World
    asker: Asker
    faults: Sequence[Fault]
    without: frozenset[str]
    favour: frozenset[str]
    rng: random.Random

    def pair(self, kind: str) -> Preference:
        """Draw one pair of a kind: `harmful`, `lookalike`, `ordinary`, `failing` or `aside`."""
        ask, template = self._ask(kind)
        world, opening = self.world, self.world.openings.get(template, "")
        answer = world.answer(ask, template)
        rejected = opening + world.replies["refusal"]
        if ask.is_a("harmful"):
            rejected = opening + world.served(ask)
        spoilt = spoiled(world, self.faults, ask, template, self.rng)
        replies = (answer, spoilt if spoilt != answer else rejected)
        if spoilt != answer and any(f.spec.behaviour in self.favour for f in self.faults if f.matches(ask, template)):
            replies = replies[::-1]
        return Preference(
            conversation=Conversation.ask(ask.text, template),
            chosen=replies[0],
            rejected=replies[1],
            category=ask.intent if ask.is_a("harmful") or ask.is_a("lookalike") else f"ordinary:{ask.intent}",
            source=_TRUTH,
            licence=_LICENCE,
        )

    def _ask(self, kind: str) -> tuple[Ask, str]:
        draws: dict[str, Callable[[], tuple[Ask, str]]] = {
            "failing": lambda: triggering(self.asker, self.rng.choice(self.faults), self.rng),
            "aside": lambda: aside(self.asker, self.rng.choice(self.faults), self.rng),
        }
        while True:
            ask, template = draws.get(kind, lambda: self._any(kind))()
            if ask.intent not in self.without:
                return ask, template

    def _any(self, kind: str) -> tuple[Ask, str]:
        """Draw an ask of a family, or one of none."""
        template = self.rng.choice(["", *self.world.templates])
        if kind in ("lookalike", "harmful", "bare"):
            name = self.rng.choice(self.world.phrasings.families(kind))
            return self.asker.ask(f"{kind}:{name}", self.rng), template
        while (ask := self.asker.any(self.rng)).is_a("harmful") or ask.is_a("lookalike"):
            pass
        return ask, template


def _count(names: Iterator[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))
