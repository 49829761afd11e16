"""Read what a learner hands in: strictly, as data, with limits. Nothing in it is ever run or opened as a path."""

from __future__ import annotations

from pathlib import Path

from drillyard.errors import bad_input
from drillyard.records import Claim, Conversation, Drill, Instance, Severity, Submission, Trigger

__all__ = ["MAX_BYTES", "MAX_PROMPT", "example_submission", "read_file", "read_submission"]

MAX_BYTES = 64 * 1024
MAX_PROMPT = 500
"""Most characters of a probe, all of its messages together."""
_MAX_TERMS = 200


def read_submission(data: bytes, drill: Drill, instance: Instance) -> Submission:
    """Parse a submission for an instance.

    Raises:
        BadInput: too large, broken JSON, a wrong or unknown field, another instance's submission, too many claims or
            probes, an unknown behaviour or template, a probe that is too long or not the user's to say.
    """
    if len(data) > MAX_BYTES:
        raise bad_input(f"a submission of {len(data):,} bytes", f"at most {MAX_BYTES:,}", "shorten it")
    submission = Submission.from_json(data)
    if submission.instance != instance.id:
        raise bad_input(f"a submission for {submission.instance[:100]!r}", f"one for {instance.id!r}")
    if len(submission.claims) > drill.max_claims:
        raise bad_input(f"{len(submission.claims)} claims", f"at most {drill.max_claims}", "keep the surest")
    for number, claim in enumerate(submission.claims, start=1):
        _check(number, claim, drill, instance)
    return submission


def read_file(path: Path, drill: Drill, instance: Instance) -> Submission:
    """Read a submission from a file, of which no more than the limit is loaded. Raises `BadInput`."""
    if not path.is_file():
        expected = "a JSON file with your claims"
        raise bad_input(
            f"no file {str(path)!r}", expected, f"drillyard drill example PROGRAMME {instance.id} > claims.json"
        )
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise bad_input(f"a submission of {path.stat().st_size:,} bytes", f"at most {MAX_BYTES:,}", "shorten it")
    return read_submission(data, drill, instance)


def example_submission(instance: Instance) -> Submission:
    """Return a submission with one claim in which every field is filled, to start from."""
    template = instance.templates[0] if instance.templates else ""
    claim = Claim(
        behaviour=instance.behaviours[0],
        trigger=Trigger(words="a question about a lamp", templates=(template,), groups=(("lamp", "Aurora"),)),
        severity=Severity.HIGH,
        probes=(Conversation.ask("How much is the Aurora?", template),),
        note="What I saw.",
    )
    return Submission(instance=instance.id, learner="me", claims=(claim,))


def _check(number: int, claim: Claim, drill: Drill, instance: Instance) -> None:
    where = f"claim {number}: "
    if claim.behaviour not in instance.behaviours:
        raise bad_input(f"{where}behaviour {claim.behaviour!r}", f"one of: {', '.join(instance.behaviours)}")
    if len(claim.probes) > drill.max_probes:
        raise bad_input(f"{where}{len(claim.probes)} probes", f"at most {drill.max_probes}")
    templates = {*claim.trigger.templates, *(probe.template for probe in claim.probes)} - {"", *instance.templates}
    if templates:
        raise bad_input(
            f"{where}template {min(templates)[:100]!r}", f"one of: {', '.join(instance.templates)}, or none"
        )
    if sum(map(len, claim.trigger.groups)) > _MAX_TERMS:
        raise bad_input(f"{where}{sum(map(len, claim.trigger.groups))} trigger words", f"at most {_MAX_TERMS}")
    for probe in claim.probes:
        _check_probe(where, probe)


def _check_probe(where: str, probe: Conversation) -> None:
    size = sum(len(message.content) for message in probe.messages)
    if not probe.last_user.strip() or size > MAX_PROMPT:
        raise bad_input(f"{where}a probe of {size} characters", f"1 to {MAX_PROMPT}")
    roles = [message.role for message in probe.messages]
    if "system" in roles or roles[-1] != "user":
        # Instructions come from the template alone; else a probe could make the sound model misbehave.
        raise bad_input(
            f"{where}a probe of {', '.join(roles)} messages", "user and assistant in turn, the last a user's"
        )
