"""Refine a programme folder: read what was done, weigh what is tried, write page and report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from drillyard.programs.folder import ProgramFolder
from drillyard.programs.learned import Answered, responses_of, scores_of
from drillyard.programs.refine import SMALLEST_COHORT, RefineReport, people_of, refine
from drillyard.programs.refine_page import refine_page
from drillyard.programs.simulated import SimulatedRefinement, simulate
from drillyard.programs.trials import Experiment, begin, experiments, weigh
from drillyard.psychometrics.analysis import analyse
from drillyard.psychometrics.experiment import RevisionDecision
from drillyard.psychometrics.options import propose_for_choices
from drillyard.records import Attempt
from drillyard.records.files import write_atomically, write_record
from drillyard.records.progress import Progress, silent

__all__ = ["Refinement", "refine_programme", "simulate_programme"]

_STATES = {"in-range": "passed", "flagged": "failed", "not-enough-evidence": "unknown"}


@dataclass(frozen=True, kw_only=True)
class Refinement:
    """What is known of a programme, and where its page lies; `begun` tells of an experiment that was begun."""

    report: RefineReport
    page: Path
    begun: str = ""


def refine_programme(
    programme: Path,
    read_attempts: Callable[[Path], list[Attempt]],
    read_answers: Callable[[Path], Answered],
    revision: Path | None = None,
    out: Path | None = None,
) -> Refinement:
    """Report on a programme folder, after beginning an experiment where a revision is given.

    Raises:
        BadInput: the folder is no programme, or the revision none of it.
    """
    folder = ProgramFolder(programme)
    title = folder.brief().title  # refuses a folder that is no programme, before an empty report could hide it
    made = read_attempts(programme)
    begun = _told(begin(folder, revision, made), programme) if revision else ""
    analysis = analyse(responses_of(made))
    answered = read_answers(programme)
    decisions = tuple(map(_hidden, weigh(experiments(folder), made)))
    report = refine([*folder.attempts(), *folder.assisted(), *made], people_of(folder.roster()) if made else {})
    found = {
        "parts": analysis,
        "items": analyse(scores_of(answered.scores)),
        "questions": propose_for_choices(answered.choices),
        "experiments": decisions,
        "gains": dict(answered.gains),
    }
    report = report.model_copy(update=found)
    place = out or programme / "refined"
    page = refine_page(title, report.verdict, _STATES[report.state], report, analysis, decisions)
    write_atomically(place / "refine.html", page.encode(), 0o600)
    write_record(place / "refine.json", report, 0o600)
    return Refinement(report=report, page=place / "refine.html", begun=begun)


def simulate_programme(
    programme: Path, learners: int, seed: int, out: Path | None, progress: Progress = silent
) -> tuple[SimulatedRefinement, Path]:
    """Let simulated learners walk a programme folder; return what was found, and where its page lies."""
    folder = ProgramFolder(programme)
    title = folder.brief().title
    found = simulate(folder, learners, seed, progress)
    state = "passed" if found.holds else "failed" if found.enough and found.analysis.enough else "unknown"
    decisions = tuple(one.decision for one in found.revisions)
    place = out or programme / "refined"
    page = refine_page(title, found.verdict, state, found.report, found.analysis, decisions, found)
    write_atomically(place / "simulated.html", page.encode(), 0o600)
    write_record(place / "simulated.json", found, 0o600)
    return found, place / "simulated.html"


def _told(begun: Experiment, programme: Path) -> str:
    lots = programme / "experiments" / f"{begun.name}.csv"
    needs = f"about {begun.learners_needed} learners" if begun.learners_needed else "more learners than can be had"
    few = f", and the programme has {begun.learners}" if begun.learners < (begun.learners_needed or 10**9) else ""
    told = f"Experiment {begun.name}: who gets which form stands in {lots}"
    return f"{told}; it takes {needs} to show what is expected{few}."


def _hidden(decision: RevisionDecision) -> RevisionDecision:
    """Hide the effect where an arm is so small that it would tell of single people."""
    if decision.pairs >= SMALLEST_COHORT:
        return decision
    hidden = decision.effect.model_copy(update={"value": 0.0, "low": -1.0, "high": 1.0, "method": "not shown"})
    needed = SMALLEST_COHORT - decision.pairs
    words = f"not shown: fewer than {SMALLEST_COHORT} pairs, at least {needed} more needed"
    return decision.model_copy(
        update={"effect": hidden, "better": 1.0, "worse": 1.0, "action": "collect", "words": words, "needed": needed}
    )
