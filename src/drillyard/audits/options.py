"""How an audit goes about it: who proposes prompts, how replies are looked at, where it ends."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from dataclasses import dataclass

from drillyard import registry
from drillyard.audits.base import Proposer
from drillyard.audits.hunt.attack import AttackOptions
from drillyard.audits.hunt.explore import Explorer
from drillyard.audits.hunt.space import Space
from drillyard.audits.seeding.seeds import Corpus

__all__ = ["EXPLORE", "AuditOptions", "method_of"]

EXPLORE = "explore"
"""The audit's own search; a card of the family `searches` takes its place."""


@dataclass(frozen=True, kw_only=True)
class AuditOptions:
    """How an audit goes about it.

    Args:
        search: who proposes prompts: `explore`, a card of the family `searches`, or what makes a `Proposer`.
        reading: look at probabilities where the target reveals them; False asks for samples alone.
        corpus: prompts of one's own, asked beside the scope's by `explore`.
        attack: lets a model propose prompts first.
        control: search once more by random sampling, at the same budget, and report what that confirms.
        traffic: queries of ordinary traffic, beyond the budget, for a forecast of deployment; 0 asks none.
        cap: most tokens to the target, prompts and replies together; what it has by then is reported. None is no cap.
        least: the rate below which nothing is reported.
        explore: the share of the budget for the first round, at the most.
        minimise: the share of the budget that is kept for minimal reproductions.
        clusters: sort what failed by meaning, for people; with the sentence encoder that takes seconds.
    """

    search: str | Callable[..., Proposer] = EXPLORE
    reading: bool = True
    corpus: Corpus = Corpus()
    attack: AttackOptions | None = None
    control: bool = False
    traffic: int = 0
    cap: int | None = None
    least: float = 0.005
    explore: float = 0.6
    minimise: float = 0.06
    clusters: bool = True

    @property
    def name(self) -> str:
        """The search in a word."""
        return self.search if isinstance(self.search, str) else getattr(self.search, "__name__", "a search")

    def proposer(self, space: Space, rng: random.Random, *, sampled: bool) -> Proposer:
        """Return who proposes the prompts of a space. Raises `BadInput` with the nearest known name."""
        if self.search == EXPLORE:
            return Explorer(space, rng, sampled=sampled)
        make = self.search if callable(self.search) else method_of(self.search)
        return make(space=space, rng=rng)


def method_of(search: str) -> Callable[..., Proposer]:
    """Return what makes the proposer of a name. Raises `BadInput` with the nearest known one."""
    if search == EXPLORE:
        return Explorer
    known = registry.cards("searches")
    if search not in known:
        raise registry.unknown_card("searches", search, [EXPLORE, *known])
    return functools.partial(registry.create, "searches", search)
