"""Read what a learner hands in: strictly, as data, with limits. Nothing in it is ever run or opened as a path."""

from __future__ import annotations

import tempfile
from pathlib import Path

from drillyard.containment.gateway.policy import policy_of
from drillyard.drills.artefacts.files import MAX_ARTEFACT, pack_artefact, unpack_artefact
from drillyard.errors import BadInput, bad_input
from drillyard.organisms.worlds.world import World
from drillyard.records import (
    AnswerSubmission,
    AnySubmission,
    ArtefactSubmission,
    Claim,
    Conversation,
    Drill,
    Instance,
    PolicySubmission,
    Severity,
    Submission,
    Trigger,
    read_any,
)

__all__ = ["MAX_BYTES", "MAX_PROMPT", "example_submission", "most_bytes", "pack", "read_file", "read_submission"]

MAX_BYTES = 64 * 1024
"""Most bytes of a submission of claims; one of artefacts may have `most_bytes`."""
MAX_PROMPT = 500
"""Most characters of a question, all of its messages together."""
_MAX_TERMS = 200
"""Words of one trigger: far more than anybody types, few enough to be read in no time."""


def most_bytes(drill: Drill) -> int:
    """Return how many bytes a submission for a drill may have."""
    return 2 * (MAX_ARTEFACT * 4 // 3) + MAX_BYTES if drill.hands_in == "artefacts" else MAX_BYTES


def read_submission(data: bytes, drill: Drill, instance: Instance) -> AnySubmission:
    """Parse a submission for an instance.

    Raises:
        BadInput: too large, broken JSON, a wrong or unknown field, another instance's submission, the other kind of
            submission; too many claims or questions, an unknown behaviour or template, a question that is too long or
            not the user's to say; an artefact whose files are not what they should be.
    """
    if len(data) > most_bytes(drill):
        raise bad_input(f"a submission of {len(data):,} bytes", f"at most {most_bytes(drill):,}", "shorten it")
    if drill.hands_in == "policy":
        return _policy(data, instance)
    submission = read_any(data)
    if submission.instance != instance.id:
        raise bad_input(f"a submission for {submission.instance[:100]!r}", f"one for {instance.id!r}")
    if isinstance(submission, ArtefactSubmission) and drill.hands_in == "artefacts":
        _check_artefacts(submission)
    elif isinstance(submission, Submission) and drill.hands_in == "claims":
        _check_claims(submission, drill, instance)
    elif isinstance(submission, AnswerSubmission) and drill.hands_in == "answers":
        pass  # the form that it answers is read when it is checked
    else:
        raise bad_input(f"{submission.record_name()}", f"{drill.hands_in}, which {drill.id} asks for")
    return submission


def read_file(path: Path, drill: Drill, instance: Instance) -> bytes:
    """Return the bytes of a submission's file, of which no more than the limit is loaded. Raises `BadInput`."""
    if not path.is_file():
        raise bad_input(f"no file {str(path)!r}", *_wanted(drill, instance))
    limit = most_bytes(drill)
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise bad_input(f"a submission of {path.stat().st_size:,} bytes", f"at most {limit:,}", "shorten it")
    return data


def pack(instance: str, places: tuple[Path, Path], point: str) -> ArtefactSubmission:
    """Return a submission of two artefacts.

    Args:
        instance: the id of what it is for.
        places: folders of the first and the second artefact, RUN/arms/TECHNIQUE/SETTING/SEED of `drillyard align`.
        point: the operating point: first, second or both.

    Raises:
        BadInput: no artefact in a folder, one that is too large, or another operating point.
    """
    first, second = (pack_artefact(place) for place in places)
    fields = {"instance": instance, "learner": "me", "point": point}
    artefacts = [one.model_dump(mode="json") for one in (first, second)]
    return ArtefactSubmission.from_data({**fields, "artefacts": artefacts})


def example_submission(instance: Instance, world: World) -> Submission:
    """Return a submission with one claim in which every field is filled, in the words of its world, to start from."""
    item, row = next(iter(world.items.rows.items()))
    group = str(row[world.groups.slot])
    template = instance.templates[0] if instance.templates else ""
    claim = Claim(
        behaviour=instance.behaviours[0],
        trigger=Trigger(words=f"a question about {group}", templates=(template,), groups=((group, item),)),
        severity=Severity.HIGH,
        questions=(Conversation.ask(f"How much is the {item}?", template),),
        note="What I saw.",
    )
    return Submission(instance=instance.id, learner="me", claims=(claim,))


def _wanted(drill: Drill, instance: Instance) -> tuple[str, str]:
    """Return what file is handed in, and what to type for one."""
    if drill.hands_in == "policy":
        return "a YAML file with your policy", f"drillyard drill try PROGRAMME {instance.id} says where to start"
    if drill.hands_in == "answers":
        return "a JSON file with your answers", f"drillyard drill example PROGRAMME {instance.id} > answers.json"
    how = f"example PROGRAMME {instance.id} > claims.json" if drill.hands_in == "claims" else "pack --help"
    return f"a JSON file with your {drill.hands_in}", f"drillyard drill {how}"


def _policy(data: bytes, instance: Instance) -> PolicySubmission:
    """Return a policy's text as a submission, once it reads as a policy."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise bad_input("bytes that are no UTF-8", "a gateway policy as text") from None
    submission = PolicySubmission.from_data({"instance": instance.id, "learner": "me", "policy": text})
    policy_of(submission.policy)
    return submission


def _check_artefacts(submission: ArtefactSubmission) -> None:
    for place, one in enumerate(submission.artefacts, start=1):
        with tempfile.TemporaryDirectory(prefix="drillyard-artefact-") as folder:
            try:
                unpack_artefact(one, Path(folder) / "files")
            except BadInput as error:
                raise BadInput(f"artefact {place}: {error}") from None


def _check_claims(submission: Submission, drill: Drill, instance: Instance) -> None:
    if len(submission.claims) > drill.max_claims:
        raise bad_input(f"{len(submission.claims)} claims", f"at most {drill.max_claims}", "keep the surest")
    for number, claim in enumerate(submission.claims, start=1):
        _check(number, claim, drill, instance)


def _check(number: int, claim: Claim, drill: Drill, instance: Instance) -> None:
    where = f"claim {number}: "
    if claim.behaviour not in instance.behaviours:
        raise bad_input(f"{where}behaviour {claim.behaviour!r}", f"one of: {', '.join(instance.behaviours)}")
    if len(claim.questions) > drill.max_questions:
        raise bad_input(f"{where}{len(claim.questions)} questions", f"at most {drill.max_questions}")
    templates = {*claim.trigger.templates, *(question.template for question in claim.questions)} - {
        "",
        *instance.templates,
    }
    if templates:
        raise bad_input(
            f"{where}template {min(templates)[:100]!r}", f"one of: {', '.join(instance.templates)}, or none"
        )
    if sum(map(len, claim.trigger.groups)) > _MAX_TERMS:
        raise bad_input(f"{where}{sum(map(len, claim.trigger.groups))} trigger words", f"at most {_MAX_TERMS}")
    for question in claim.questions:
        _check_question(where, question)


def _check_question(where: str, question: Conversation) -> None:
    size = sum(len(message.content) for message in question.messages)
    if not question.last_user.strip() or size > MAX_PROMPT:
        raise bad_input(f"{where}a question of {size} characters", f"1 to {MAX_PROMPT}")
    roles = [message.role for message in question.messages]
    if "system" in roles or roles[-1] != "user":
        # Instructions come from the template alone; else a question could make the sound model misbehave.
        raise bad_input(
            f"{where}a question of {', '.join(roles)} messages", "user and assistant in turn, the last a user's"
        )
