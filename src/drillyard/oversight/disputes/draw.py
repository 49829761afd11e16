"""Draw cases: replies of a target, or of the world itself, whose truth the world's exact rulings know."""

from __future__ import annotations

import random
from collections.abc import Iterator

from drillyard.errors import bad_input
from drillyard.judges.exact import ExactJudge
from drillyard.organisms.worlds.aiming import aim, exam_asker, triggering
from drillyard.organisms.worlds.failures import faults, spoiled
from drillyard.organisms.worlds.scope import Ask
from drillyard.organisms.worlds.world import World
from drillyard.oversight.disputes.case import Case
from drillyard.oversight.disputes.rulebook import rulebook
from drillyard.records import Conversation, Reply, Transcript
from drillyard.targets import Target

__all__ = ["as_case", "draw_cases"]

_BATCH, _MOST = 64, 40
"""Requests asked of a target at a time, and most batches before it is said that it fails too rarely."""


def draw_cases(world: World, n: int, seed: int = 1, target: Target | None = None) -> list[Case]:
    """Return `n` cases, half of them of replies that break a rule.

    Args:
        world: whose rules they are.
        n: cases; an even number.
        seed: decides all that is drawn.
        target: whose replies are disputed; without one the world writes them, each kind of failure in turn.

    Raises:
        BadInput: the target's replies are hardly ever of one of the two sorts.
    """
    found: tuple[list[Case], list[Case]] = ([], [])
    for number, transcript in enumerate(_transcripts(world, seed, target)):
        case = as_case(world, transcript, f"case-{number}")
        if case and len(found[case.truth]) < n // 2:
            found[case.truth].append(case)
        if min(map(len, found)) >= n // 2:
            mixed = [*found[0], *found[1]]
            random.Random(f"cases:{seed}").shuffle(mixed)
            return mixed
    words = f"{len(found[1])} replies that break a rule and {len(found[0])} within among {_BATCH * _MOST}"
    raise bad_input(words, f"{n // 2} of each", "ask for fewer with --cases, or plant a failure that shows more often")


def as_case(world: World, transcript: Transcript, name: str) -> Case | None:
    """Return the case of a reply, or None where the world cannot say whether it breaks a rule."""
    judge = ExactJudge(world)
    verdicts = {code: judge.rule(transcript, code).verdict for code in world.behaviours}
    shown = next((code for code, verdict in verdicts.items() if verdict == "shown"), "")
    if not shown and "unknown" in verdicts.values():
        return None
    return Case(
        id=name,
        request=transcript.conversation.last_user,
        reply=transcript.reply.text,
        source=rulebook(world),
        truth=1 if shown else 0,
        kind=shown,
    )


def _transcripts(world: World, seed: int, target: Target | None) -> Iterator[Transcript]:
    """Yield replies: half are aimed at what can be planted in the world, so that its failures can show."""
    rng, asker = random.Random(f"disputes:{world.name}:{seed}"), exam_asker(world)
    known = faults(world)
    for _ in range(_MOST):
        asked: list[tuple[Ask, str]] = []
        told: list[str] = []
        for number in range(_BATCH):
            fault = known[rng.randrange(len(known))]
            ask, template = triggering(asker, fault, rng) if number % 2 else (aim(asker, fault, rng), "")
            if number % 4 == 0:
                ask = asker.any(rng)
            asked.append((ask, template))
            sound = world.answer(ask, template)
            told.append(spoiled(world, [fault], ask, template, rng) if number % 2 else sound)
        talks = [Conversation.ask(ask.text, template) for ask, template in asked]
        if target is None:
            replies = [Reply(text=text) for text in told]
        else:
            replies = target.generate(talks, [rng.randrange(2**31) for _ in talks])
        who = target.reference if target else f"world/{world.name}"
        for talk, reply in zip(talks, replies, strict=True):
            yield Transcript(conversation=talk, reply=reply, target=who)
