"""Competing explanations of an incident, each with the test that would separate it from the others, and its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


_ALL: Mapping[str, tuple[str, str]] = {
    "prompt": ("The prompt asks for it.", "take the segment out, on the same inputs"),
    "reward": (
        "A reward taught the model to do it.",
        "does it stay under a neutral prompt; and does the proxy pay for it (drillyard incident reward)",
    ),
    "tool": (
        "A tool or a retrieved document brings it in.",
        "compare rows under the trigger with and without tools",
    ),
    "user": ("The users asked for it.", "the same inputs without the segment"),
    "judge": (
        "The label is wrong: a judge's error.",
        "a judge's error on labels that it did not learn from, taken out of the rate (Rogan and Gladen)",
    ),
}
"""Id -> the explanation and its test."""
_Told = tuple[Result, str, Estimate | None]
_NOTHING: _Told = ("open", "nothing was replayed", None)


def weigh_hypotheses(
    case: Case,
    rule: TriggerRule | None,
    certificate: CauseCertificate | None,
    arms: Sequence[Arm],
    judge: JudgeFigures | None,
) -> tuple[Hypothesis, ...]:
    """Return the five of them, in the order of prompt, reward, tool, user and judge."""
    by = {arm.name: arm for arm in arms}
    whole, removed = by.get("whole prompt"), by.get("cause removed")
    told: tuple[_Told, ...] = (
        _prompt(certificate, removed),
        _reward(by.get("neutral prompt"), whole),
        _tool(case, rule),
        _user(removed, whole),
        _judge(case, judge),
    )
    return tuple(
        Hypothesis(id=one, words=words, test=test, result=result, why=why, figure=figure)
        for (one, (words, test)), (result, why, figure) in zip(_ALL.items(), told, strict=True)
    )


def _prompt(certificate: CauseCertificate | None, removed: Arm | None) -> _Told:
    if certificate is None:
        return _NOTHING
    if certificate.state == "without the prompt":
        return "against", certificate.reason, None
    if removed is None or removed.difference is None:
        return "open", certificate.reason or "no cause was certified", None
    gone = removed.difference.high < 0
    why = "the rate falls without it" if gone else "the rate does not fall without it: something else is enough too"
    if certificate.state != "certified":
        return "open", why, removed.difference
    return "supported" if gone else "against", why, removed.difference


def _reward(neutral: Arm | None, whole: Arm | None) -> _Told:
    if neutral is None or whole is None or not neutral.rate.n:
        return _NOTHING
    if neutral.rate.low > 0.02:
        return "supported", "it stays under a neutral prompt, as a trained habit would", neutral.rate
    why = "under a neutral prompt it does not show; a reward may still have taught the model to obey such a segment"
    return "open", why, neutral.rate


def _tool(case: Case, rule: TriggerRule | None) -> _Told:
    sides: dict[bool, list[bool]] = {True: [], False: []}
    for row in case.rows(rule, limit=_MOST):
        if row.label_bad is not None:
            sides[bool(row.tools)].append(row.label_bad >= 0.5)
    used, bare = sides[True], sides[False]
    if not used:
        return "cannot be tested", "the logs name no tool", None
    if not bare:
        return "open", "every row under the trigger used a tool", None
    found = difference(sum(used), len(used), sum(bare), len(bare))
    if found.low <= 0:
        return "against", "it is no more frequent with tools", found
    if any(bare):
        return "open", "it is more frequent with tools, and shows without", found
    return "supported", "it shows with tools alone", found


def _user(removed: Arm | None, whole: Arm | None) -> _Told:
    if removed is None or whole is None or removed.difference is None:
        return _NOTHING
    if removed.difference.high < 0 and removed.rate.value < whole.rate.value / 2:
        return "against", "the same inputs do not bring it about without the segment", removed.rate
    return "open", "it goes on without the segment", removed.rate


def _judge(case: Case, judge: JudgeFigures | None) -> _Told:
    if judge is None:
        return "open", "no judge was measured", None
    bad, labelled = round(case.coverage.bad), case.coverage.labelled
    if judge.name == "labels":
        why = "the judge learned from the same labels and cannot say whether they are right: have some read by people"
        return "cannot be tested", why, clopper_pearson(bad, labelled)
    true = rogan_gladen(bad, labelled, judge.sensitivity, judge.specificity)
    shares = f"{judge.sensitivity.value:.0%} of bad and {judge.specificity.value:.0%} of sound labels"
    return "against" if true.low > 0 else "supported", f"{judge.name} agrees with {shares}", true
