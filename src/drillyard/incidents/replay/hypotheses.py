"""Competing explanations of an incident, each with the test that would separate it from the others, and its result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from drillyard.incidents.case import Case
from drillyard.incidents.replay.arms import Arm
from drillyard.incidents.replay.certify import CauseCertificate
from drillyard.incidents.replay.judging import JudgeFigures
from drillyard.incidents.sliced import TriggerRule
from drillyard.records import Estimate, Record
from drillyard.stats import clopper_pearson, difference, rogan_gladen

__all__ = ["Hypothesis", "weigh_hypotheses"]

Result = Literal["supported", "against", "open", "cannot be tested"]
_MOST = 20_000
"""Rows that are counted for the hypothesis about tools."""


class Hypothesis(Record):
    """An explanation, the test that separates it, what came out, and the figure that says so."""

    id: str
    words: str
    test: str
    result: Result
    why: str
    figure: Estimate | None = None


def weigh_hypotheses(
    case: Case,
    rule: TriggerRule | None,
    certificate: CauseCertificate | None,
    arms: Sequence[Arm],
    judge: JudgeFigures | None,
) -> tuple[Hypothesis, ...]:
    """Return the five of them, in the order of prompt, reward, tool, user and judge."""
    by = {arm.name: arm for arm in arms}
    return (
        _prompt(certificate, by.get("cause removed")),
        _reward(by.get("neutral prompt"), by.get("whole prompt")),
        _tool(case, rule),
        _user(by.get("cause removed"), by.get("whole prompt")),
        _judge(case, judge),
    )


def _prompt(certificate: CauseCertificate | None, removed: Arm | None) -> Hypothesis:
    words, test = "The prompt asks for it.", "take the segment out, on the same inputs"
    one = Hypothesis(id="prompt", words=words, test=test, result="open", why="nothing was replayed")
    if certificate is None:
        return one
    if certificate.state == "without the prompt":
        return one.model_copy(update={"result": "against", "why": certificate.reason})
    if removed is None or removed.difference is None:
        return one.model_copy(update={"why": certificate.reason or "no cause was certified"})
    gone = removed.difference.high < 0
    certified = certificate.state == "certified"
    why = "the rate falls without it" if gone else "the rate does not fall without it: something else is enough too"
    result = "supported" if certified and gone else "against" if certified else "open"
    return one.model_copy(update={"result": result, "why": why, "figure": removed.difference})


def _reward(neutral: Arm | None, whole: Arm | None) -> Hypothesis:
    words = "A reward taught the model to do it."
    test = "does it stay under a neutral prompt; and does the proxy pay for it (drillyard incident reward)"
    one = Hypothesis(id="reward", words=words, test=test, result="open", why="nothing was replayed")
    if neutral is None or whole is None or not neutral.rate.n:
        return one
    if neutral.rate.low > 0.02:
        why = "it stays under a neutral prompt, as a trained habit would"
        return one.model_copy(update={"result": "supported", "why": why, "figure": neutral.rate})
    why = "under a neutral prompt it does not show; a reward may still have taught the model to obey such a segment"
    return one.model_copy(update={"why": why, "figure": neutral.rate})


def _tool(case: Case, rule: TriggerRule | None) -> Hypothesis:
    words, test = (
        "A tool or a retrieved document brings it in.",
        "compare rows under the trigger with and without tools",
    )
    one = Hypothesis(id="tool", words=words, test=test, result="cannot be tested", why="the logs name no tool")
    rows = [
        (bool(row.tools), row.label_bad >= 0.5) for row in case.rows(rule, limit=_MOST) if row.label_bad is not None
    ]
    used = [bad for tool, bad in rows if tool]
    bare = [bad for tool, bad in rows if not tool]
    if not used:
        return one
    if not bare:
        return one.model_copy(update={"why": "every row under the trigger used a tool", "result": "open"})
    found = difference(sum(used), len(used), sum(bare), len(bare))
    result = "supported" if found.low > 0 and not any(bare) else "open" if found.low > 0 else "against"
    why = {
        "supported": "it shows with tools alone",
        "open": "it is more frequent with tools, and shows without",
        "against": "it is no more frequent with tools",
    }[result]
    return one.model_copy(update={"result": result, "why": why, "figure": found})


def _user(removed: Arm | None, whole: Arm | None) -> Hypothesis:
    words, test = "The users asked for it.", "the same inputs without the segment"
    one = Hypothesis(id="user", words=words, test=test, result="open", why="nothing was replayed")
    if removed is None or whole is None or removed.difference is None:
        return one
    if removed.difference.high < 0 and removed.rate.value < whole.rate.value / 2:
        why = "the same inputs do not bring it about without the segment"
        return one.model_copy(update={"result": "against", "why": why, "figure": removed.rate})
    return one.model_copy(update={"why": "it goes on without the segment", "figure": removed.rate})


def _judge(case: Case, judge: JudgeFigures | None) -> Hypothesis:
    words = "The label is wrong: a judge's error."
    test = "a judge's error on labels that it did not learn from, taken out of the rate (Rogan and Gladen)"
    one = Hypothesis(id="judge", words=words, test=test, result="open", why="no judge was measured")
    if judge is None:
        return one
    coverage = case.coverage
    seen = clopper_pearson(round(coverage.bad), coverage.labelled)
    true = rogan_gladen(round(coverage.bad), coverage.labelled, judge.sensitivity, judge.specificity)
    if judge.name == "labels":
        why = (
            "the judge learned from the same labels, so it cannot say whether they are right: have some read by people"
        )
        return one.model_copy(update={"result": "cannot be tested", "why": why, "figure": seen})
    result = "against" if true.low > 0 else "supported"
    shares = f"{judge.sensitivity.value:.0%} of bad and {judge.specificity.value:.0%} of sound labels"
    why = f"{judge.name} agrees with {shares}"
    return one.model_copy(update={"result": result, "why": why, "figure": true})
