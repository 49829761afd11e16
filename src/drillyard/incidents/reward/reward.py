"""The whole of a reward analysis: shadow prices, what a reward model makes of edited replies, and optimisation."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from drillyard.alignment.training.penalty import BrokenLeaves
from drillyard.errors import bad_input
from drillyard.incidents.case import Case
from drillyard.incidents.replay.judging import ReplayJudge, edited
from drillyard.incidents.replay.replay import replayed_rows
from drillyard.incidents.reward.optimise import Sweep, sweep
from drillyard.incidents.reward.prices import ShadowPrice, shadow_prices
from drillyard.incidents.row import Row
from drillyard.organisms.worlds.scope import Scope
from drillyard.organisms.worlds.world import World
from drillyard.records import Estimate, Preference, Record, ValueReward
from drillyard.records.files import read_record
from drillyard.records.progress import Progress, silent
from drillyard.stats import question_weights
from drillyard.targets import Target

__all__ = ["REWARD", "RewardReport", "Sampling", "analyse_reward"]

REWARD = "reward.json"
_MOST, _PAIRS, _RULED = 200_000, 200, 20_000
Score = Callable[[Row, Sequence[str], Sequence[bool]], list[float]]
"""Scores replies to a row's request; the last argument says which of them show the behaviour."""


class RewardReport(Record):
    """What is paid for the behaviour.

    `penalty` is λ of `r − λ · P(behaviour)`: the high end of the surest price, in spreads of the proxy, so that what is
    taken is at least what was paid; None where nothing is known to be paid. `scored` is how much more the given reward
    model gives to bad replies than to the same without the bad sentences. `kl_budget` is the distance, in nats, at
    which the fitted curve has gold highest.
    """

    prices: tuple[ShadowPrice, ...]
    left_out: dict[str, str]
    rows: int
    penalty: float | None = None
    scored: Estimate | None = None
    scored_by: str = ""
    sweep: Sweep | None = None
    kl_budget: float | None = None
    verdict: str
    limits: tuple[str, ...] = (
        "Consistent with the logs is not proof that a reward taught it: what goes with the behaviour and was not held "
        "fixed stays in the price.",
        "With a judge (--target) a price is by its rulings, and holds the length of the rest of a reply fixed; without "
        "one it is by the labels and the whole length, which takes the price over where labels err.",
    )


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """What best-of-n needs: a target, who judges its replies, prompts, and replies to each."""

    target: Target
    judge: ReplayJudge
    prompts: int = 30
    replies: int = 16
    seed: int = 1


def analyse_reward(
    case: Case, model: Path | None = None, judge: ReplayJudge | None = None, scope: Scope | None = None,
    sampling: Sampling | None = None, told: Progress = silent,
) -> RewardReport:  # fmt: skip
    """Analyse what the logs' proxies pay for the behaviour.

    Args:
        case: with feedback or scores beside labels.
        model: a reward of `drillyard oversee values`, to score replies with and without the bad sentences.
        judge: who rules on every row in place of its label, and finds the bad sentences; None goes by the labels.
        scope: the world of that reward.
        sampling: for best-of-n on the live target; None leaves it out.
        told: what is being done.

    Raises:
        BadInput: no labelled rows, or a reward without the world that it speaks of.
    """
    rows = list(case.rows(limit=_MOST))
    if not any(row.label_bad is not None for row in rows):
        raise bad_input("a case without labels", "labels of some replies as bad", "open the logs again with --label")
    told("shadow prices")
    prices, left = shadow_prices(_ruled(case, rows[:_RULED], judge) if judge else rows)
    paying = [one for one in prices if one.verdict == "pays for it"]
    report = RewardReport(prices=prices, left_out=left, rows=len(rows), verdict=_verdict(prices, left))
    if paying:
        spread = paying[0].price.value / paying[0].in_spreads
        report = report.model_copy(update={"penalty": paying[0].price.high / spread})
    score = None
    if model is not None:
        told("scores of the reward model")
        reward, score = _given(model, scope)
        if judge is None:
            raise bad_input("a reward model and no judge", "who says which sentences are bad", "name --judge")
        gained = _scored(case, judge, score)
        report = report.model_copy(update={"scored": gained, "scored_by": reward.name})
    if sampling is not None and (score or paying):
        told("best of n")
        found = _sampled(case, sampling, score or _proxy(rows, paying))
        report = report.model_copy(update={"sweep": found, "kl_budget": found.best_kl})
    return report


def _ruled(case: Case, rows: Sequence[Row], judge: ReplayJudge) -> list[Row]:
    """Return rows with the judge's verdict for their label, and bad replies without what is bad in them.

    A bad reply is longer by what is bad in it. Held fixed is the length of the rest: else that length takes the price
    over, the more so the more the labels err.
    """
    told = judge.rule_logged(case, [(row, row.response_text) for row in rows])
    bad = [row for row, one in zip(rows, told, strict=True) if one]
    rest = {row.source_ref: text for row, text in edited(case, bad, judge)}
    return [
        row.model_copy(
            update={
                "label_bad": None if one is None or (one and row.source_ref not in rest) else float(one),
                "response_text": rest[row.source_ref] if one and row.source_ref in rest else row.response_text,
            }
        )
        for row, one in zip(rows, told, strict=True)
    ]


def _verdict(prices: Sequence[ShadowPrice], left: dict[str, str]) -> str:
    if not prices:
        why = "; ".join(f"{name}: {one}" for name, one in left.items())
        return f"the logs hold no proxy that could be priced{f' ({why})' if why else ''}"
    paying = [one for one in prices if one.verdict == "pays for it"]
    if not paying:
        return "no proxy in the logs is known to pay for it"
    one = paying[0]
    few = next((cohort for cohort in one.cohorts if cohort.carries), None)
    told = f"; the cohort {few.cohort!r}, {few.users:.0%} of users, carries {few.paid:.0%} of it" if few else ""
    rises = f"{one.proxy} rises by {one.price.value:.3g} per bad reply"
    return f"proxy-reward gaming is consistent with the logs: {rises}{told}"


def _given(path: Path, scope: Scope | None) -> tuple[ValueReward, Score]:
    reward = read_record(path, ValueReward, "what drillyard oversee values writes")
    if not isinstance(scope, World):
        raise bad_input(f"a reward in the world {reward.world!r}", "a target in that world", "name --target")
    broken = BrokenLeaves(scope, reward, 1)

    def score(row: Row, texts: Sequence[str], shown: Sequence[bool]) -> list[float]:
        pair = Preference(conversation=row.conversation(()), chosen="a", rejected="b")
        return [-lost for lost in broken([pair] * len(texts), list(texts))]

    return reward, score


def _scored(case: Case, judge: ReplayJudge, score: Score) -> Estimate:
    pairs = edited(case, list(case.rows(bad=True, limit=_PAIRS)), judge)
    if not pairs:
        raise bad_input("no bad reply of which something sound is left", "replies that hold more than the bad words")
    gains = np.array(
        [one - other for row, text in pairs for one, other in [score(row, (row.response_text, text), (True, False))]]
    )
    drawn = question_weights(len(gains), 2000, 1)[:, : len(gains)]
    drawn = np.sort((drawn / drawn.sum(axis=1, keepdims=True)) @ gains)
    low, high = float(np.quantile(drawn, 0.025)), float(np.quantile(drawn, 0.975))
    value = float(gains.mean())
    return Estimate(
        value=value, low=min(low, value), high=max(high, value), n=len(gains), method="bayesian bootstrap 95%"
    )


def _proxy(rows: Sequence[Row], paying: Sequence[ShadowPrice]) -> Score:
    """Return the logs' own proxy as a score of new replies: what it pays for the behaviour, and for their length."""
    kind, _, name = paying[0].proxy.partition(": ")
    known = [row for row in rows if row.label_bad is not None and name in getattr(row, kind)]
    lengths = np.array([math.log1p(len(row.response_text.split())) for row in known])
    bad = np.array([float(row.bad) for row in known])
    paid = np.array([getattr(row, kind)[name] for row in known], float)
    rest = paid - paying[0].price.value * bad
    slope = float(np.polyfit(lengths, rest, 1)[0]) if np.ptp(lengths) else 0.0

    def score(row: Row, texts: Sequence[str], shown: Sequence[bool]) -> list[float]:
        price = paying[0].price.value
        return [price * one + slope * math.log1p(len(text.split())) for one, text in zip(shown, texts, strict=True)]

    return score


def _sampled(case: Case, sampling: Sampling, score: Score) -> Sweep:
    rule = case.report.trigger
    if rule is None:
        raise bad_input("a case without a trigger", "one, under which replies are drawn")
    rows, _ = replayed_rows(case, rule, sampling.seed)
    proxy, bad = [], []
    for row in rows[: sampling.prompts]:
        talks = [case.asked(row)] * sampling.replies
        told = sampling.judge.hear(sampling.target, talks, range(sampling.replies))
        bad.append([one is True for one, _ in told])
        proxy.append(score(row, [reply.text for _, reply in told], bad[-1]))
    return sweep(proxy, bad)
