"""What is known of an incident, put together from the steps that were taken, and what is not known."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from drillyard.incidents.case import SLICE, Case, LogCoverage
from drillyard.incidents.deadlines import Deadlines, deadlines
from drillyard.incidents.remedy.remedy import REMEDY, RemedyReport
from drillyard.incidents.replay.replay import REPLAY, ReplayReport
from drillyard.incidents.reward.reward import REWARD, RewardReport
from drillyard.incidents.seal import SEAL, Seal
from drillyard.incidents.sliced import SliceReport
from drillyard.records import Record
from drillyard.records.files import write_atomically, write_record
from drillyard.records.pages import fill, templates

__all__ = ["REPORT", "CaseEvent", "IncidentReport", "paper", "report_case", "write_report"]

REPORT, PAGE, PAPERS = "report.json", "report.html", ("post-mortem.md", "article-73-draft.md")


class CaseEvent(Record):
    """A point in time, in words."""

    at: str
    words: str


class IncidentReport(Record):
    """All that the steps found. A step that was not taken is None, and stands among what is not known."""

    title: str
    verdict: str
    behaviour: str
    incident: bool
    timeline: tuple[CaseEvent, ...]
    coverage: LogCoverage
    seal: str
    sliced: SliceReport | None
    replayed: ReplayReport | None
    reward: RewardReport | None
    remedies: RemedyReport | None
    deadlines: Deadlines | None
    unknown: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Say whether nothing is left to do: no trigger, or a confirmed cause and remedies that help, measured."""
        if not self.incident:
            return self.sliced is not None and self.sliced.verdict != "not enough evidence"
        if self.replayed is None or self.replayed.state != "confirmed" or self.remedies is None:
            return False
        whole = self.remedies.layer("all together").measured
        return bool(whole) and whole[0].difference.high < 0


def report_case(case: Case, title: str = "", aware: date | None = None, today: date | None = None) -> IncidentReport:
    """Put a case's steps together.

    Args:
        case: opened, at least.
        title: of the report; the behaviour by default.
        aware: the day on which somebody knew of it, for the deadlines of the law.
        today: to count the days that are left; the real one by default.
    """
    sliced, replayed = case.found(SLICE, SliceReport), case.found(REPLAY, ReplayReport)
    reward, remedies = case.found(REWARD, RewardReport), case.found(REMEDY, RemedyReport)
    seal = case.found(SEAL, Seal)
    incident = sliced is not None and sliced.trigger is not None
    return IncidentReport(
        title=title or f"Incident: {case.spec.behaviour}",
        verdict=_verdict(sliced, replayed, remedies),
        behaviour=case.spec.behaviour,
        incident=incident,
        timeline=_timeline(case, sliced, seal, aware),
        coverage=case.coverage,
        seal=seal.head if seal else "",
        sliced=sliced,
        replayed=replayed,
        reward=reward,
        remedies=remedies,
        deadlines=deadlines(aware, today or date.today()) if aware and incident else None,
        unknown=_unknown(sliced, replayed, reward, remedies, case),
    )


def write_report(case: Case, report: IncidentReport) -> Path:
    """Write page, JSON, post-mortem and draft notification into the case's folder; returns the page."""
    write_record(case.folder / REPORT, report)
    for name in PAPERS:
        write_atomically(case.folder / name, paper(report, name).encode())
    page = case.folder / PAGE
    write_atomically(page, fill("incidents", "incident.html.j2", report=report, folder=case.folder.name).encode())
    return page


def paper(report: IncidentReport, name: str) -> str:
    """Return a paper in Markdown: `post-mortem.md` for the team, or the draft of a notification by Article 73.

    Does not cover: whether the law applies, and every field that only people can fill; those stay open, in brackets.
    """
    plain = templates("incidents").overlay(autoescape=False)
    return plain.get_template(f"{name}.j2").render(report=report).rstrip() + "\n"


def _verdict(sliced: SliceReport | None, replayed: ReplayReport | None, remedies: RemedyReport | None) -> str:
    if sliced is None:
        return "The case is open and not searched yet"
    if sliced.trigger is None:
        return f"{sliced.verdict[0].upper()}{sliced.verdict[1:]}: {sliced.why}"
    cause = f"The trigger is {sliced.trigger.words}"
    if replayed is None:
        return f"{cause}; no cause is confirmed, since nothing was replayed"
    if replayed.state == "confirmed":
        cause = f"The cause is confirmed: {' and '.join(f'“{one}”' for one in replayed.cause)}"
    else:
        cause = f"{cause}; {replayed.reason}"
    return f"{cause}. {remedies.verdict[0].upper()}{remedies.verdict[1:]}" if remedies else cause


def _timeline(case: Case, sliced: SliceReport | None, seal: Seal | None, aware: date | None) -> tuple[CaseEvent, ...]:
    found: list[tuple[float, str]] = []
    if case.coverage.first is not None and case.coverage.last is not None:
        found += [(case.coverage.first, "the logs begin"), (case.coverage.last, "the logs end")]
    if sliced and sliced.change and sliced.change.p < 0.05:
        change = sliced.change
        near = f"; deployed about then: {', '.join((change.release, *change.others))}" if change.release else ""
        rates = f"{change.before_rate.value:.1%} to {change.after_rate.value:.1%}"
        found.append((change.after, f"the rate of bad replies goes from {rates} (p = {change.p:.3g}){near}"))
    if aware:
        found.append((datetime(aware.year, aware.month, aware.day, tzinfo=UTC).timestamp(), "somebody becomes aware"))
    if seal and seal.links:
        found.append((datetime.fromisoformat(seal.links[0].at).timestamp(), "the evidence is sealed"))
    return tuple(
        CaseEvent(at=f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC", words=words)
        for at, words in sorted(found)
    )


def _unknown(
    sliced: SliceReport | None, replayed: ReplayReport | None, reward: RewardReport | None,
    remedies: RemedyReport | None, case: Case,
) -> tuple[str, ...]:  # fmt: skip
    said = []
    if case.coverage.served is None:
        said.append("What share of all replies the logs hold: nobody said how many were served.")
    if case.coverage.labelled < case.coverage.usable:
        said.append(f"Whether {case.coverage.usable - case.coverage.labelled:,} replies without a label were bad.")
    said += list(sliced.limits) if sliced else []
    if sliced is None or sliced.trigger is None:
        return tuple(said)
    if replayed is None:
        said.append("The cause: nothing was replayed.")
    else:
        said += [f"{one.words} {one.why[0].upper()}{one.why[1:]}."
                 for one in replayed.hypotheses if one.result in ("open", "cannot be tested")]  # fmt: skip
        said += [f"{note[0].upper()}{note[1:]}." for note in replayed.notes]
    said += list(reward.limits) if reward else ["What the proxy pays: no reward was analysed."]
    if remedies is None:
        said.append("What helps: no remedy was measured.")
    else:
        said += [f"What {one.layer} would do: {one.done}." for one in remedies.remedies if not one.applied]
        said.append("How real users would phrase what the variants here do not.")
    return tuple(said)
