"""Experiments on revisions within a cohort: who gets which form is drawn by lot, the evidence may be read at any time.

    prog/experiments/NAME.json       what is tried, agreed before anybody is given it
    prog/experiments/NAME.csv        which learner gets which form, for whoever hands it out

A revision is a YAML file: `drill`, `hypothesis`, `edit`, and if wanted `expected` and `most` (pairs until it ends).
The lot is drawn from the learner's id, so it stays when people are added. Whoever was graded before is not counted.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from drillyard.errors import BadInput, bad_input, did_you_mean
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.refine import first_graded
from drillyard.psychometrics.experiment import RevisionDecision, Trial, decide, pairs_needed
from drillyard.records import Attempt, Record
from drillyard.records.files import read_record, write_atomically, write_record
from drillyard.records.yaml_file import read_yaml

__all__ = ["Experiment", "Revision", "begin", "experiments", "form_of", "weigh"]

_FOLDER = "experiments"


class Revision(Record):
    """What a designer wants to try: the new form differs from the old by `edit` alone."""

    drill: str
    hypothesis: str = Field(min_length=1)
    edit: str = Field(min_length=1)
    expected: float = Field(default=0.2, gt=0, le=1)
    most: int = Field(default=500, ge=10, le=100_000)


class Experiment(Record):
    """A revision under way; `before` are learners who were graded before it began, and are not counted.

    `learners` is how many others have the drill, `learners_needed` how many show what is expected; 0: no number does.
    """

    name: str
    revision: Revision
    before: tuple[str, ...]
    learners: int
    learners_needed: int


def form_of(experiment: str, learner: str) -> str:
    """Return `new` or `old`, by lot."""
    return "new" if hashlib.sha256(f"{experiment}\0{learner}".encode()).digest()[0] & 1 else "old"


def begin(folder: ProgramFolder, file: Path, attempts: Sequence[Attempt]) -> Experiment:
    """Agree on an experiment and draw its lots. The same revision again changes nothing.

    Raises:
        BadInput: no such drill in the programme, another revision of that name, or a file that is no revision.
    """
    name = file.stem
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}", name):
        raise bad_input(f"the name {name!r:.80}", "letters, digits, '-' and '_'", "rename the file")
    try:
        revision = Revision.from_data(read_yaml(file))
    except BadInput as error:
        raise BadInput(f"{file.name}: {error}") from None
    learners = [one for one in folder.roster().learners if revision.drill in one.drills]
    if not learners:
        known = sorted({drill for one in folder.roster().learners for drill in one.drills})
        raise bad_input(
            f"{file.name}: the drill {revision.drill!r:.80}",
            f"one of this programme ({', '.join(known)})",
            did_you_mean(revision.drill, known),
        )
    kept = folder.path / _FOLDER / f"{name}.json"
    if kept.is_file():
        there = read_record(kept, Experiment)
        if there.revision != revision:
            raise bad_input(f"another revision under the name {name!r}", "the same", f"rename {file.name}")
        made = there
    else:
        graded = first_graded(one for one in attempts if one.drill == revision.drill and not one.rehearsal)
        solved = [bool(one.grade and one.grade.passed) for one in graded]
        base = (sum(solved) + 1) / (len(solved) + 2)
        made = Experiment(
            name=name,
            revision=revision,
            before=tuple(sorted(one.learner for one in graded)),
            learners=len({one.id for one in learners} - {one.learner for one in graded}),
            learners_needed=2 * pairs_needed(base, min(revision.expected, round(0.95 - base, 2))),
        )
        write_record(kept, made, 0o600)
    table = io.StringIO()
    rows = [(one.id, one.role, form_of(name, one.id)) for one in learners if one.id not in made.before]
    csv.writer(table, lineterminator="\n").writerows([("learner", "role", "form"), *rows])
    write_atomically(kept.with_suffix(".csv"), table.getvalue().encode(), 0o600)
    return made


def experiments(folder: ProgramFolder) -> tuple[Experiment, ...]:
    """Return the experiments of a programme by name."""
    return tuple(read_record(file, Experiment) for file in sorted((folder.path / _FOLDER).glob("*.json")))


def weigh(begun: Sequence[Experiment], attempts: Sequence[Attempt]) -> tuple[RevisionDecision, ...]:
    """Decide on all experiments together, from the first graded attempts of those who were not graded before."""
    return decide([_trial(one, attempts) for one in begun])


def _trial(experiment: Experiment, attempts: Sequence[Attempt]) -> Trial:
    drill, before = experiment.revision.drill, set(experiment.before)
    graded = first_graded(one for one in attempts if one.drill == drill and not one.rehearsal)
    arms: dict[str, list[bool]] = {"old": [], "new": []}
    for one in graded:
        if one.learner not in before:
            arms[form_of(experiment.name, one.learner)].append(bool(one.grade and one.grade.passed))
    most = experiment.revision.most
    return Trial(revision=experiment.name, old=tuple(arms["old"]), new=tuple(arms["new"]), most=most)
