"""Who says whether a reply is bad, how often that agrees with the labels of the case, and what of a bad reply is bad.

`labels` learns from the case's own labelled replies, half of the sessions; any other judge is opened by its reference.
Either way its error is measured on labelled replies that it did not learn from, before it rules on one replay.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from drillyard.errors import bad_input
from drillyard.guards.examples import Example
from drillyard.guards.fit_sklearn import FEWEST, GuardFitter
from drillyard.guards.guard import Guard
from drillyard.guards.taxonomy import load_taxonomy
from drillyard.incidents.case import Case
from drillyard.incidents.row import Row
from drillyard.judges import Judge
from drillyard.judges.llm import LlmJudge
from drillyard.judges.reference import open_unmeasured
from drillyard.judges.rules import open_rules
from drillyard.judges.rulings import rule_pairs
from drillyard.organisms.worlds.scope import Scope
from drillyard.oversight.checking.claims import sentences
from drillyard.records import Conversation, Estimate, Record, Reply, Transcript
from drillyard.registry import card
from drillyard.stats import clopper_pearson, rogan_gladen
from drillyard.targets import Target, open_target

__all__ = ["JudgeFigures", "ReplayJudge", "edited", "open_replay_judge", "sides"]

LABELS = "labels"
_MOST = 2000
"""Labelled rows of either kind that a judge learns from and is measured on; more tell little more."""


class JudgeFigures(Record):
    """The judge, the behaviour that it rules on, and its error against the labels that it did not learn from."""

    name: str
    behaviour: str
    sensitivity: Estimate
    specificity: Estimate
    unknown: int


@dataclass(frozen=True, kw_only=True)
class ReplayJudge:
    """Rules on replies; None where it cannot tell."""

    figures: JudgeFigures
    judge: Judge | None = None
    guard: Guard | None = None
    limit: float = 0.0

    def rule(self, asked: Sequence[Conversation], replies: Sequence[Reply], target: str) -> list[bool | None]:
        """Say of each reply whether it is bad; one that failed is unknown."""
        if self.guard is not None:
            return [
                None if one.finish == "error" or not one.text.strip() else self.guard.score(one.text).score > self.limit
                for one in replies
            ]
        assert self.judge is not None  # one of the two is there
        return _ruled(self.judge, asked, replies, target, self.figures.behaviour)

    def rule_logged(self, case: Case, texts: Iterable[tuple[Row, str]]) -> list[bool | None]:
        """Say whether texts would be bad as replies to what rows of the log asked."""
        texts = list(texts)
        return self.rule([case.asked(row) for row, _ in texts], [Reply(text=text) for _, text in texts], "log")

    def hear(
        self, target: Target, talks: Sequence[Conversation], seeds: Sequence[int | None]
    ) -> list[tuple[bool | None, Reply]]:
        """Ask a target, and say of each of its replies whether it is bad."""
        replies = target.generate(list(talks), list(seeds))
        return [*zip(self.rule(talks, replies, target.reference), replies, strict=True)]

    def true_rate(self, bad: int, n: int) -> Estimate:
        """Return the true share of bad replies behind its rulings, its own error in the interval."""
        return rogan_gladen(bad, n, self.figures.sensitivity, self.figures.specificity)


def _ruled(
    judge: Judge, asked: Sequence[Conversation], replies: Sequence[Reply], target: str, behaviour: str
) -> list[bool | None]:
    said = [
        (Transcript(conversation=talk, reply=reply, target=target), behaviour)
        for talk, reply in zip(asked, replies, strict=True)
    ]
    told = {"shown": True, "absent": False}
    rulings = rule_pairs(judge, said)
    return [
        None if reply.finish == "error" else told.get(one.verdict) for reply, one in zip(replies, rulings, strict=True)
    ]


def sides(case: Case, seed: int = 1) -> tuple[list[Row], list[Row]]:
    """Return labelled rows of two halves that share no session: to learn from, and to measure on."""
    halves: tuple[list[Row], list[Row]] = ([], [])
    for bad in (True, False):
        for row in case.rows(bad=bad, limit=2 * _MOST):
            if row.response_text.strip():
                halves[_half(row, seed)].append(row)
    return halves


def _half(row: Row, seed: int) -> int:
    return hashlib.sha256(f"{seed}:{row.session or row.trace_id or row.source_ref}".encode()).digest()[0] & 1


def open_replay_judge(
    case: Case, reference: str, scope: Scope | None, behaviour: str = "", seed: int = 1
) -> ReplayJudge:
    """Open a judge and measure it on the case's labels.

    Args:
        case: whose labels.
        reference: `labels`, or as of `drillyard audit --judge`; empty for `exact` in a world, `labels` elsewhere.
        scope: the world of the target; None for a target without one.
        behaviour: a code that the judge rules on; empty for the case's, or the one that agrees best with the labels.
        seed: of the halves.

    Raises:
        BadInput: no labels, too few of them to learn from, an unknown judge, or one that agrees with no label.
    """
    learn, check = sides(case, seed)
    if not any(row.bad for row in check):
        raise bad_input("a case without bad replies on one half of its sessions", "labels of some replies as bad")
    reference = reference or ("exact" if scope is not None and scope.rulings is not None else LABELS)
    if reference == LABELS:
        return _learned(case, learn, check, behaviour)
    return _measured(case, reference, scope, behaviour, check)


def _learned(case: Case, learn: Sequence[Row], check: Sequence[Row], behaviour: str) -> ReplayJudge:
    code = behaviour or case.spec.behaviour
    bad = [row for row in learn if row.bad]
    if len(bad) < FEWEST or len(learn) - len(bad) < FEWEST:
        found = f"{len(bad)} bad and {len(learn) - len(bad)} sound labelled replies to learn from"
        raise bad_input(found, f"{FEWEST} of either", "name a judge: --judge rules/FILE or --judge llm/TARGET")
    shown = [Example(text=row.response_text, shown=(code,) if row.bad else ()) for row in learn]
    guard = GuardFitter().update(shown).fit("labels of the case")
    scores = [(guard.score(row.response_text).score, row.bad) for row in learn]
    limit = _limit(scores)
    verdicts: list[bool | None] = [guard.score(row.response_text).score > limit for row in check]
    return ReplayJudge(figures=_figures(LABELS, code, check, verdicts), guard=guard, limit=limit)


def _limit(scores: Sequence[tuple[float, bool]]) -> float:
    """Return the middle of the limits that part bad from sound best, by the mean of both shares told rightly."""
    known = sorted({score for score, _ in scores})
    middles = [(one + other) / 2 for one, other in itertools.pairwise(known)] or known
    bad = np.sort([score for score, shown in scores if shown])
    sound = np.sort([score for score, shown in scores if not shown])
    right = np.searchsorted(sound, middles) / len(sound) - np.searchsorted(bad, middles) / len(bad)
    best = np.flatnonzero(right >= right.max() - 1e-12)
    return float(middles[best[len(best) // 2]])


def _judge(reference: str, scope: Scope | None) -> tuple[Judge, list[str]]:
    """Open a judge, and say what it can rule on; without a world, a model goes by the words of the guards' taxonomy."""
    kind, _, rest = reference.partition("/")
    if kind == "rules":
        rules = open_rules(argument=rest)
        return rules, list(rules.rules)
    if scope is not None:
        return open_unmeasured(reference, scope), list(scope.behaviours)
    if kind == "llm":
        words = {code: f"The reply {one.words}." for code, one in load_taxonomy().behaviours.items()}
        return LlmJudge(open_target(rest), words), list(words)
    card("judges", kind)  # a misspelt one is told as such
    raise bad_input(
        f"the judge {reference!r} for a model of no known world",
        "one that needs none: labels, rules/FILE or llm/TARGET",
        "or name a --target in a world",
    )


def _measured(case: Case, reference: str, scope: Scope | None, behaviour: str, check: Sequence[Row]) -> ReplayJudge:
    judge, known = _judge(reference, scope)
    wanted = behaviour or (case.spec.behaviour if case.spec.behaviour in known else "")
    asked = [case.asked(row) for row in check]
    replies = [Reply(text=row.response_text) for row in check]
    found: list[JudgeFigures] = []
    for code in [wanted] if wanted else known:
        found.append(_figures(reference, code, check, _ruled(judge, asked, replies, "log", code)))
    best = max(found, key=lambda one: one.sensitivity.value + one.specificity.value)
    if not best.sensitivity.n or best.sensitivity.value <= 1 - best.specificity.value:
        told = f"the judge {reference!r}, which agrees with the labels on no behaviour better than chance"
        raise bad_input(told, "a judge of what the labels mean", "type --judge labels, or name --behaviour")
    return ReplayJudge(figures=best, judge=judge)


def _figures(name: str, code: str, rows: Sequence[Row], verdicts: Sequence[bool | None]) -> JudgeFigures:
    known = [(row.bad, told) for row, told in zip(rows, verdicts, strict=True) if told is not None]
    bad, sound = ([told for held, told in known if held is side] for side in (True, False))
    return JudgeFigures(
        name=name,
        behaviour=code,
        sensitivity=clopper_pearson(sum(bad), len(bad)),
        specificity=clopper_pearson(len(sound) - sum(sound), len(sound)),
        unknown=sum(told is None for told in verdicts),
    )


def edited(case: Case, rows: Sequence[Row], judge: ReplayJudge) -> list[tuple[Row, str]]:
    """Return bad rows with their reply as it is sound; rows of which nothing sound is left are not among them.

    One sentence is left out first, whichever makes the reply sound, then ever more from its end.
    """
    tries = [(row, text) for row in rows for text in _shorter(sentences(row.response_text))]
    told = judge.rule_logged(case, tries)
    found: dict[int, tuple[Row, str]] = {}
    for (row, text), bad in zip(tries, told, strict=True):
        if bad is False:
            found.setdefault(id(row), (row, text))
    return list(found.values())


def _shorter(parts: Sequence[str]) -> list[str]:
    single = [[*parts[:at], *parts[at + 1 :]] for at in reversed(range(len(parts)))]
    ends = [list(parts[:end]) for end in range(len(parts) - 2, 0, -1)]
    return [" ".join(some) for some in (*single, *ends) if some]
