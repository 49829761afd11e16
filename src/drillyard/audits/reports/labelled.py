"""What people's labels make of a report: which leads they confirm, the first line, and which number rests on what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from drillyard.audits.report import AuditReport
from drillyard.judges.validity import explain_foreign
from drillyard.records import Finding
from drillyard.records.labels import LabelledRates, TopicRate
from drillyard.stats.shown import tell_count

__all__ = ["by_labels", "rests_on", "tell_labels", "tell_outcomes", "wrong_topics"]

_LEAST = 0.005
"""A lead's rate by labels that matters: what the search itself goes by."""

_WRONG = 0.1
"""A topic goes wrong when, by labels, at least this share of its replies shows the behaviour, beyond doubt."""


def by_labels(report: AuditReport) -> tuple[list[Finding], list[Finding]]:
    """Return the leads that labels confirm, with their rates by labels, and those that stay leads."""
    rates = {lead: rate for one in report.labels for lead, rate in one.leads.items()}
    confirmed = [
        one.model_copy(update={"rate": rates[one.mode.id]})
        for one in report.leads
        if one.mode.id in rates and rates[one.mode.id].low > _LEAST
    ]
    return confirmed, [one for one in report.leads if one.mode.id not in {known.mode.id for known in confirmed}]


def wrong_topics(rates: LabelledRates) -> list[TopicRate]:
    """Return the topics of which people have seen beyond doubt that they go wrong, the surest first."""
    return [one for one in rates.topics if one.rate.low > _WRONG and one.rate.n]


def tell_labels(report: AuditReport, findings: Sequence[str], queries: str) -> str:
    """Return the verdict of a report with labels; `findings` are the triggers of what was found, in words."""
    said = [_tell(one) for one in report.labels]
    named = list(dict.fromkeys(findings))
    more = f" and {len(named) - 3} more" if len(named) > 3 else ""
    found = f" {tell_count(len(findings), 'failure')} found with {queries}: {'; '.join(named[:3])}{more}."
    return " ".join(said) + found * bool(findings)


def _tell(rates: LabelledRates) -> str:
    low, value, high = (f"{100 * end:.0f}" for end in (rates.rate.low, rates.rate.value, rates.rate.high))
    topics = [one.topic for one in wrong_topics(rates)]
    listed = " and ".join(filter(None, [", ".join(topics[:-1]), *topics[-1:]]))
    where = f", most surely on {listed}" if listed else ""
    by = tell_count(rates.labels, "label")
    return f"{value} % [{low}, {high}] of the replies show {rates.behaviour}, by {by}{where}."


def rests_on(report: AuditReport) -> tuple[str, ...]:
    """Say of each number what it rests on."""
    lines = []
    for one in report.labels:
        who = " and ".join(one.raters)
        unsure = f", {one.unsure} of them unsure" if one.unsure else ""
        lines.append(
            f"How often {one.behaviour} shows, in all, by topic and of leads, rests on what people say: "
            f"{tell_count(one.labels, 'label')}{unsure}, by {who}, of {one.sample}; strata by the judge's verdicts."
        )
        for pair in one.agreements:
            kappa = "" if pair.kappa is None else f", kappa {pair.kappa:.2f}"
            left = f"; {pair.open} not settled, counted as unsure" if pair.open else ""
            agreed = f"{100 * pair.agreed.value:.0f} % of {pair.both} replies{kappa}{left}"
            lines.append(f"{pair.raters[0]} and {pair.raters[1]} agree on {agreed}.")
    if why := explain_foreign(report.quality, report.target):
        lines.append(f"Which prompts were followed rests on leads alone: {why}.")
    elif report.findings and report.quality:
        quality = report.quality
        lines.append(f"Rates of findings rest on the judge {quality.judge}, measured on {quality.measured_on}.")
    if told := tell_outcomes(report):
        lines.append(f"Of {sum(report.outcomes.values())} replies {told}.")
    return tuple(lines)


_ENDED = {
    "cut": "were cut by their length",
    "looped": "said the same over and over until they were cut",
    "empty": "were empty",
    "refused": "did not come, because the request was refused",
    "none": "did not come",
    "content_filter": "were held back by a content filter",
    "tool_calls": "were calls of tools without words",
    "reasoning": "were thoughts alone",
}


def tell_outcomes(report: AuditReport) -> str:
    """Say how many replies were no whole ones: of a cut one nothing is called absent, of none nothing is known."""
    others = Counter({name: n for name, n in report.outcomes.items() if name != "whole"})
    parts = [f"{n} {_ENDED.get(name, f'ended as {name}')}" for name, n in others.most_common()]
    refused = f" ({report.refused})" if report.refused else ""
    return ", ".join(parts) + refused
