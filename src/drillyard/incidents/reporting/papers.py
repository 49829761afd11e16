"""Papers in Markdown: a post-mortem for the team, and a draft of the notification that Article 73 asks for.

Does not cover: whether the law applies, and every field that only people can fill; those are left open, in brackets.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from drillyard.records import Estimate

if TYPE_CHECKING:
    from drillyard.incidents.reporting.report import IncidentReport

__all__ = ["notification", "post_mortem"]


def post_mortem(report: IncidentReport) -> str:
    """Return the post-mortem."""
    lines = [f"# {report.title}", "", f"{report.verdict}.", "", "## Timeline", ""]
    lines += [f"- {one.at}: {one.words}" for one in report.timeline]
    lines += ["", "## Impact", "", *_impact(report), "", "## Cause", "", *_cause(report)]
    lines += ["", "## Remedies", "", *_remedies(report)]
    lines += ["", "## What is not known", "", *(f"- {one}" for one in report.unknown)]
    lines += ["", "## Actions", "", "| action | owner | due |", "|---|---|---|", *_actions(report)]
    return "\n".join(lines) + "\n"


def notification(report: IncidentReport) -> str:
    """Return the draft; it says itself where nothing is to be notified."""
    law = "Regulation (EU) 2024/1689, Article 73"
    lines = [f"# Draft: report of a serious incident ({law})", ""]
    if not report.incident:
        return "\n".join([*lines, f"Nothing to notify by this case: {report.verdict}."]) + "\n"
    lines += ["This is a draft from measured facts. Whether the system is a high-risk one, and the incident a serious "
              "one, people decide. Fields in brackets are theirs.", ""]  # fmt: skip
    lines += ["- Provider: [name, address, contact]", "- System: [name, version, EU database number]",
              "- Market surveillance authority: [of the Member State where it occurred]"]  # fmt: skip
    if report.deadlines:
        due = report.deadlines
        lines += [f"- Became aware: {due.aware}", f"- Law as read on {due.read}: {due.source}"]
        lines += [f"- {one.words} (Article {one.paragraph}): by {one.due}, {one.left} days left"
                  for one in due.deadlines]  # fmt: skip
    else:
        lines.append("- Became aware: [date]")
    lines += ["", "## What happened", "", *_impact(report), "", "## Likelihood of a causal link to the AI system", ""]
    lines += [*_cause(report), "", "## Corrective action so far", "", *_remedies(report)]
    sealed = f"Sealed before any change; head of the chain: `{report.seal}`." if report.seal else "Not sealed."
    lines += ["", "## State of the evidence", "", sealed,
              "No investigation has altered the system: replays ask it, and change nothing.",
              "", "## Still open", "", *(f"- {one}" for one in report.unknown)]  # fmt: skip
    return "\n".join(lines) + "\n"


def _impact(report: IncidentReport) -> Iterator[str]:
    coverage = report.coverage
    yield (f"{coverage.bad:,.0f} of {coverage.labelled:,} labelled replies were held bad "
           f"({coverage.usable:,} of {coverage.seen:,} rows usable, {coverage.sessions:,} sessions).")  # fmt: skip
    if report.sliced and report.sliced.trigger:
        rule = report.sliced.trigger
        yield ""
        yield f"Under {rule.words}: {_share(rule.rate)} bad, elsewhere {_share(rule.rest)} (p = {rule.p_adjusted:.3g}"
        yield f"over {report.sliced.searched:,} rules searched; on the other half p = {rule.check_p:.3g})."


def _cause(report: IncidentReport) -> Iterator[str]:
    found = report.replayed
    if found is None:
        yield "Not confirmed: nothing was replayed."
        return
    yield f"{found.state[0].upper()}{found.state[1:]}: {found.reason}."
    for text in found.cause:
        yield f"\n> {text}\n"
    for arm in found.arms:
        if not arm.skipped:
            yield f"- {arm.name}: {_share(arm.rate)} bad" + (f", p = {arm.p:.3g}" if arm.p is not None else "")
    yield ""
    for one in found.hypotheses:
        yield f"- {one.words} {one.result}: {one.why}."
    if report.reward:
        yield f"- Reward: {report.reward.verdict}."


def _remedies(report: IncidentReport) -> Iterator[str]:
    if report.remedies is None:
        yield "None measured yet."
        return
    for one in report.remedies.remedies:
        yield f"- **{one.layer}** ({one.horizon}): {one.done}."
        for row in one.measured:
            yield f"  - {row.on}: {row.before.value:.0%} before, {_share(row.after)} after"
        if one.sound_stopped is not None:
            yield f"  - sound replies stopped: {_share(one.sound_stopped)}"


def _actions(report: IncidentReport) -> Iterator[str]:
    if report.replayed and report.replayed.state == "confirmed":
        yield "| take the segment out of the prompt, or rewrite it | | |"
    for one in report.remedies.remedies[:3] if report.remedies else ():
        yield f"| {'keep' if one.applied else 'make ready'}: {one.layer} | | |"
    yield "| answer what is not known | | |"


def _share(one: Estimate) -> str:
    return f"{one.value:.1%} ({one.low:.1%} to {one.high:.1%}, n = {one.n})" if one.n else "unknown"
