"""How often a model alone passes the drills on paper: what a learner who hands them to an assistant would get.

The model gets what the learner gets, paper and form, once per instance, and its answers are graded as a learner's are.
Tries are kept in `assisted.jsonl` and never counted as learners'; a second call asks only about what is not there yet.
Not asked: drills in which something has to be run, looked at or talked to.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping

from drillyard.drills.answers.drill import SHEET
from drillyard.drills.answers.scoring import answered, as_words
from drillyard.drills.levels import kit_of
from drillyard.errors import BadInput, bad_input
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.grading import grade_isolated
from drillyard.records import AnswerField, AnswerSheet, AnswerSubmission, Attempt, Conversation, Instance
from drillyard.records.files import read_record
from drillyard.records.progress import Progress, silent
from drillyard.targets import Target

__all__ = ["ask_assistant", "read_answers"]

_ASKED = (
    "\n\nAnswer every field of the form. Write one line per field and nothing else: its id, a colon, the answer. A "
    "number is a number alone; a choice is the word before its colon."
)
_LINE = re.compile(r"^[\s*`\"\-]*([\w.-]+)[\s*`\"]*[:=][\s*`\"]*(.*?)[\s*`\",]*$", re.MULTILINE)


def ask_assistant(folder: ProgramFolder, target: Target, progress: Progress = silent) -> tuple[Attempt, ...]:
    """Let a model try every paper of a programme that it has not tried, and return its tries, earlier ones included.

    Each try is stored as soon as it is graded. What cannot be read in a reply counts as left out.

    Raises:
        BadInput: no drill on paper, or the model gave no reply; what was graded before is kept.
        GradingFailed: as `grade_isolated`.
    """
    solver = f"assistant {target.reference}"
    papers = tuple(_papers(folder))
    if not papers:
        raise bad_input("no drill on paper in this programme", "one, such as launch-gate-memo")
    tried = {one.instance for one in folder.assisted() if one.rehearsal == solver}
    for at, (instance, sheet) in enumerate(papers):
        progress(instance.drill, at, len(papers))
        if instance.id not in tried:
            folder.add_assisted(_try(folder, target, solver, instance, sheet))
    return tuple(one for one in folder.assisted() if one.rehearsal == solver)


def read_answers(sheet: AnswerSheet, reply: str) -> Mapping[str, str]:
    """Return the answers by field that stand in a reply as `id: answer`; an answer that the form refuses is left out.

    A choice may be given by its value or by its words. The last line of a field counts.
    """
    lines = {name.casefold(): text.strip() for name, text in _LINE.findall(reply)}
    given = {one.id: _meant(one, lines.get(one.id.casefold(), "")) for one in sheet.fields}
    return {name: text for name, text in given.items() if text and _takes(sheet, name, text)}


def _papers(folder: ProgramFolder) -> Iterator[tuple[Instance, AnswerSheet]]:
    for instance in folder.instances():
        if kit_of(instance).drill.hands_in == "answers":
            sheet = read_record(folder.target(instance) / SHEET, AnswerSheet)
            if not sheet.bench:
                yield instance, sheet


def _try(folder: ProgramFolder, target: Target, solver: str, instance: Instance, sheet: AnswerSheet) -> Attempt:
    drill = kit_of(instance).drill
    prompt = "\n\n".join((drill.title, drill.task, as_words(sheet))) + _ASKED
    seed = int.from_bytes(hashlib.sha256(instance.id.encode()).digest()[:4])
    reply = target.generate([Conversation.ask(prompt)], [seed])[0]
    if reply.finish == "error":
        raise bad_input(f"no reply from {target.reference} ({reply.why})", "one", "the same command goes on from here")
    submission = AnswerSubmission(
        instance=instance.id, learner=f"script:{solver}", answers=dict(read_answers(sheet, reply.text))
    )
    grade = grade_isolated(folder, submission)
    return Attempt(
        drill=drill.id,
        instance=instance.id,
        learner=submission.learner,
        role=instance.role,
        rehearsal=solver,
        grade=grade,
    )


def _meant(field: AnswerField, text: str) -> str:
    """Return what the form takes for what was written: the value of a choice that is given in words."""
    folded = text.casefold()
    for value, words in field.choices:
        if folded in (value.casefold(), words.casefold()) or folded.startswith(f"{value.casefold()}:"):
            return value
    return text


def _takes(sheet: AnswerSheet, name: str, text: str) -> bool:
    try:
        answered(sheet, AnswerSubmission.from_data({"instance": "-", "learner": "-", "answers": {name: text}}))
    except BadInput:
        return False
    return True
