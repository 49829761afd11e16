"""Which replies are labelled: strata by verdict and doubt, drawn within each in an order that nobody chose.

Within a stratum every reply has the same chance to be labelled, known at any moment (labels / size), however the labels
are allotted to strata; so rates by strata need no weights but the strata's sizes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drillyard.records.labels import JudgedReply, Label
from drillyard.stats import Stratum, allot, expected_reach

__all__ = ["GUESS", "Plan", "Sample", "final_words", "plan"]

GUESS: Mapping[str, float] = {"shown": 0.8, "unknown, states something": 0.5, "unknown, silent": 0.3, "absent": 0.15}
"""Rates of showing by stratum before anything is labelled; they count like two labels each, and steer nothing else."""

_STEPS = (25, 50, 100, 200, 400)
_FEW = 5
"""A stratum of fewer replies joins the next one."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How wide the interval is expected to be after so many more labels: pairs of labels and half its width."""

    labels: int
    steps: tuple[tuple[int, float], ...]


class Sample:
    """The replies that rates of one behaviour speak of, by stratum. Pure: the same replies give the same order."""

    def __init__(self, replies: Sequence[JudgedReply], behaviour: str, seed: int = 1) -> None:
        self.behaviour = behaviour
        self.replies = [one for one in replies if one.part in ("even", "traffic")]
        traffic = [one for one in self.replies if one.part == "traffic"]
        self.replies = traffic or self.replies
        self.words = "ordinary questions" if traffic else "every question asked once"
        self.leads: dict[str, list[JudgedReply]] = {}
        for one in replies:
            if one.lead.startswith(f"{behaviour}/"):  # a lead's id begins with what it shows
                self.leads.setdefault(one.lead, []).append(one)
        self._seed = seed
        self.strata = self._sorted(self.replies)

    def counts(self, words: Mapping[str, str], replies: Sequence[JudgedReply] | None = None) -> dict[str, Stratum]:
        """Return the strata with what is labelled in each; of some of the replies only, where they are given."""
        chosen = {one.id for one in replies} if replies is not None else None
        return {
            name: _stratum([one for one in group if chosen is None or one.id in chosen], words)
            for name, group in self.strata.items()
        }

    def lead_counts(self, lead: str, words: Mapping[str, str]) -> dict[str, Stratum]:
        """Return the strata of a lead's own fresh replies."""
        return {name: _stratum(group, words) for name, group in self._sorted(self.leads[lead]).items()}

    def next(self, words: Mapping[str, str], n: int) -> list[JudgedReply]:
        """Return the next replies to label: two of each lead that the judge calls shown first, then by strata."""
        chosen: list[JudgedReply] = []
        for group in self.leads.values():
            shown = [one for one in self._order(group) if one.verdict(self.behaviour) == "shown"][:2]
            chosen += [one for one in shown if one.id not in words]
        chosen = chosen[: n // 4]
        given = allot(self.counts(words), n - len(chosen), GUESS)
        for name, group in self.strata.items():
            chosen += [one for one in self._order(group) if one.id not in words][: given[name]]
        return sorted(chosen, key=lambda one: self._rank(one))

    def _sorted(self, replies: Sequence[JudgedReply]) -> dict[str, list[JudgedReply]]:
        strata: dict[str, list[JudgedReply]] = {name: [] for name in GUESS}
        for one in replies:
            strata[_name(one, self.behaviour)].append(one)
        names = list(strata)
        for name, after in zip(names, names[1:], strict=False):
            if len(strata[name]) < _FEW:
                strata[after] += strata.pop(name)
        return {name: self._order(group) for name, group in strata.items() if group}

    def _order(self, replies: Sequence[JudgedReply]) -> list[JudgedReply]:
        return sorted(replies, key=self._rank)

    def _rank(self, one: JudgedReply) -> str:
        return hashlib.sha256(f"{self._seed}:{one.id}".encode()).hexdigest()


def plan(sample: Sample, words: Mapping[str, str]) -> Plan:
    """Return what further labels are expected to buy."""
    counts = sample.counts(words)
    left = sum(one.size - one.labels for one in counts.values())
    steps = [n for n in _STEPS if n < left] + [left] * bool(left)
    done = sum(one.labels for one in counts.values())
    return Plan(labels=done, steps=tuple((n, expected_reach(counts, n, GUESS)) for n in steps))


def final_words(labels: Sequence[Label], behaviour: str) -> dict[str, str]:
    """Return one word per reply: what settles it, else what all raters say, unsure where they differ.

    The last word of a rater counts.
    """
    said: dict[str, dict[str, str]] = {}
    settled: dict[str, str] = {}
    for one in labels:
        if one.behaviour != behaviour:
            continue
        if one.settles:
            settled[one.reply] = one.word
        said.setdefault(one.reply, {})[one.rater] = one.word
    agreed = {
        reply: next(iter({*words.values()})) if len({*words.values()}) == 1 else "unsure"
        for reply, words in said.items()
    }
    return agreed | settled


def _name(one: JudgedReply, behaviour: str) -> str:
    verdict = one.verdict(behaviour)
    if verdict != "unknown":
        return verdict
    return "unknown, silent" if "no value" in one.reason(behaviour) else "unknown, states something"


def _stratum(replies: Sequence[JudgedReply], words: Mapping[str, str]) -> Stratum:
    said = [words.get(one.id, "") for one in replies]
    return Stratum(
        size=len(replies), shown=said.count("shown"), absent=said.count("absent"), unsure=said.count("unsure")
    )
