"""Leads: sightings that no rule explains yet, the most promising first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from drillyard.audits.hunt.candidate import MUTATION, Candidate
from drillyard.audits.hunt.sighting import Sighting

__all__ = ["Lead", "best_lead"]

_Group = tuple[str, str, str]
_MET = 0.25  # of its promise is what a lead in a known manner counts
_NO_TRAITS = ("kind", MUTATION)


@dataclass(frozen=True, kw_only=True)
class Lead:
    """A sighting to follow, and the behaviour for which it is followed."""

    sighting: Sighting
    behaviour: str


def best_lead(
    seen: Iterable[Sighting],
    open_case: Callable[[Sighting, str], bool],
    explained: Callable[[Sighting, str], bool],
    met: Callable[[Sighting, str], bool] = lambda sighting, behaviour: False,
) -> Lead | None:
    """Return the lead behind which most is to be expected, or None.

    That is the mean chance over all prompts that share its kind and one more trait, of the trait that says most, what
    is explained left out and one imagined prompt without a trace put in: the most telling of many sightings is a lucky
    one, its neighbours are not. Prompts that a mutator has changed come last.

    Args:
        seen: all sightings.
        open_case: whether a sighting may be a lead for a behaviour.
        explained: whether a rule accounts for it.
        met: whether it fails in a manner that is known; what is new comes first.
    """
    asked: Counter[_Group] = Counter()
    shown: dict[tuple[str, _Group], float] = {}
    leads: list[Lead] = []
    for sighting in seen:
        groups = _groups(sighting.candidate)
        asked.update(groups)
        for behaviour, chance in sighting.chances.items():
            if explained(sighting, behaviour):
                continue
            for group in groups:
                shown[behaviour, group] = shown.get((behaviour, group), 0.0) + chance
            if open_case(sighting, behaviour):
                leads.append(Lead(sighting=sighting, behaviour=behaviour))

    def promise(lead: Lead) -> tuple[bool, float]:
        known = _MET if met(lead.sighting, lead.behaviour) else 1.0
        groups = _groups(lead.sighting.candidate)
        means = [shown.get((lead.behaviour, group), 0.0) / (asked[group] + 1) for group in groups]
        return bool(groups), known * max(means, default=0.0) + 1e-6 * lead.sighting.chance(lead.behaviour)

    return max(leads, key=promise, default=None)


def _groups(candidate: Candidate) -> list[_Group]:
    """Return the groups that a prompt is of: its kind, alone and with each trait; none where it was changed."""
    if MUTATION in candidate.traits:
        return []
    named = [(candidate.kind, name, value) for name, value in candidate.traits.items() if name not in _NO_TRAITS]
    return [(candidate.kind, "", ""), *named]
