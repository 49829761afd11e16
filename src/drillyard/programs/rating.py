"""A second scorer for what was handed in on an interview: a model's levels or a person's, beside the rule's."""

from __future__ import annotations

from pathlib import Path

from drillyard.drills.answers.scoring import as_answers
from drillyard.drills.levels import kit_of
from drillyard.errors import bad_input
from drillyard.exercises.interviews.drill import ANSWER, InterviewDrill
from drillyard.exercises.interviews.second import ScorerAgreement, ask_levels, compare, given_levels
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.grading import check_upload
from drillyard.programs.submission import read_file
from drillyard.records import AnswerSubmission
from drillyard.records.yaml_file import read_yaml
from drillyard.targets import open_target

__all__ = ["rate_twice"]


def rate_twice(folder: ProgramFolder, instance: str, file: Path, scorer: str, levels: Path | None) -> ScorerAgreement:
    """Return what the rule and a second scorer say of an answer.

    Args:
        folder: the programme.
        instance: the interview that was answered.
        file: the submission, as JSON.
        scorer: the reference of a model, or the empty string.
        levels: a file of criteria with levels, as JSON or YAML, in place of a model.

    Raises:
        BadInput: no interview, a submission that is none, no second scorer or two, levels that there are not.
    """
    if bool(scorer) == (levels is not None):
        raise bad_input("no second scorer, or two", "one of them", "add --scorer MODEL or --levels FILE")
    one = folder.instance(instance)
    kit = kit_of(one)
    handed_in = check_upload(folder, one, read_file(file, kit.drill, one))
    if not isinstance(kit, InterviewDrill) or not isinstance(handed_in, AnswerSubmission):
        raise bad_input(one.drill, "an interview, whose answer is prose")
    seed, answers = folder.truth(instance).seed, as_answers(handed_in.answers)
    item = kit.item(seed)
    if levels is None:
        return compare(kit, seed, answers, ask_levels(open_target(scorer), item, answers[ANSWER]))
    told = read_yaml(levels)
    if not isinstance(told, dict):
        raise bad_input(f"{type(told).__name__} in {levels.name}", "criteria with levels, such as {rivals: 2}")
    return compare(kit, seed, answers, given_levels(item, told))
