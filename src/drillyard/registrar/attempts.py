"""Attempts: what people did, read out of the yard's database for refinement."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from drillyard.programs.folder import ProgramFolder
from drillyard.programs.learned import Answered, ItemScore
from drillyard.psychometrics.options import Choices
from drillyard.records import Attempt
from drillyard.registrar.lessons import first_answers_in, gains
from drillyard.registrar.located import kept_store
from drillyard.registrar.store import Store
from drillyard.registrar.submissions import GradingProgress, Submissions
from drillyard.registrar.tables import EventRow

__all__ = ["answered", "attempts", "attempts_in", "attempts_of"]


def attempts(folder: Path) -> list[Attempt]:
    """Return the attempts of people in a programme folder; none when its yard was never opened."""
    programme = ProgramFolder(folder)
    with kept_store(programme) as store:
        return attempts_in(programme, store) if store else []


def answered(folder: Path) -> Answered:
    """Return what learners answered first to the questions of a plan; nothing when its yard was never opened."""
    programme = ProgramFolder(folder)
    with kept_store(programme) as store:
        if store is None:
            return Answered()
        met = [(one.id, first) for one, all_first in first_answers_in(programme, store) for first in all_first]
        gained = tuple(gains(programme, store))
    return Answered(
        choices=tuple(
            Choices(
                question=f"{name}: {first.question.id}{part.part and f', {part.part}'}",
                options=part.classes,
                right=part.right,
                counts=counts,
                rest=part.rest,
            )
            for name, first in met
            for part, counts in first.counts()
        ),
        scores=tuple(
            ItemScore(
                learner=learner,
                item=f"{name}: {first.question.id}",
                earned=first.question.earned(answer),
                points=first.question.points,
            )
            for name, first in met
            for learner, answer in first.answers.items()
        ),
        gains=gained,
    )


def attempts_in(programme: ProgramFolder, store: Store) -> list[Attempt]:
    """Return one attempt per drill that a learner has opened, in the order of handing in, those in hand last.

    `minutes` run from the first opening to the handing in, pauses included; they are empty while work is in hand.
    A drill that the folder no longer holds has no truth to be read against, so attempts at it are left out.
    """
    done = {(one.submission.learner, one.submission.instance): one for one in Submissions(store).all()}
    return _attempts(programme, store, store.events("started"), done)


def attempts_of(programme: ProgramFolder, store: Store, learner: str) -> list[Attempt]:
    """Return one learner's attempts, as `attempts_in` does, reading no more than theirs."""
    began = store.events("started", learner=learner)
    progress = {one.instance: Submissions(store).of(learner, one.instance) for one in began}
    done = {(learner, name): one for name, one in progress.items() if one}
    return _attempts(programme, store, began, done, learner)


def _drills(programme: ProgramFolder, names: Iterable[str]) -> dict[str, str]:
    """Return the drills of those instances that are there."""
    built = [name for name in names if (programme.path / "instances" / name / "instance.json").is_file()]
    return {name: programme.instance(name).drill for name in built}


def _attempts(
    programme: ProgramFolder,
    store: Store,
    events: list[EventRow],
    done: Mapping[tuple[str, str], GradingProgress],
    learner: str | None = None,
) -> list[Attempt]:
    drills = _drills(programme, {one.instance for one in events})
    hints = Counter((one.learner, one.instance) for one in store.events("hint", learner=learner))
    roles = {learner.id: learner.role for learner in programme.roster().learners}

    def handed_in(began: EventRow) -> float:
        progress = done.get((began.learner, began.instance))
        return progress.received if progress else math.inf

    found = []
    for began in sorted(events, key=handed_in):
        if began.instance not in drills:
            continue
        progress = done.get((began.learner, began.instance))
        found.append(
            Attempt(
                drill=drills[began.instance],
                instance=began.instance,
                learner=began.learner,
                role=roles.get(began.learner, ""),
                minutes=round((progress.received - began.at) / 60, 2) if progress else None,
                hints=hints[began.learner, began.instance],
                grade=progress.grade if progress else None,
            )
        )
    return found
