"""The debrief of an instance whose last attempt is over: what is true of it, how the reference finds it, wrong roads.

Every kit gives one (`DrillKit.debrief`), out of what it has anyhow: the sealed truth, the fixes, the checks. Nothing of
a learner is in it, so that a fresh instance can be worked through in front of a group.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from drillyard.drills.exam import FAILING, TWIN, Exam
from drillyard.drills.fixes import Fix
from drillyard.organisms.worlds.aiming import aside, exam_asker, triggering
from drillyard.organisms.worlds.failures import faults
from drillyard.records import AnswerResult, Conversation, FailureMode, Transcript
from drillyard.stats.shown import percent

__all__ = [
    "Debrief",
    "DebriefFact",
    "DebriefStep",
    "debrief_of",
    "facts_of",
    "roads_of",
    "tell_failure",
    "walk_failure",
]

_MOST_ASKED = 40
"""Prompts that are tried until one shows the failure: at the smallest rate that is planted, 0.5, all miss it never."""


@dataclass(frozen=True, kw_only=True)
class DebriefFact:
    """Something that is true of an instance: what was planted or asked, and the truth of it in words."""

    title: str
    words: str


@dataclass(frozen=True, kw_only=True)
class DebriefStep:
    """A step of the reference: what it does, asks or answers, and what comes of it."""

    did: str
    found: str


@dataclass(frozen=True, kw_only=True)
class Debrief:
    """What is told of an instance. `road` is the reference in words, `steps` are its steps on this very instance.

    `wrong` are the roads that look right and fail; `worth` says what else came out, under its caption.
    """

    facts: tuple[DebriefFact, ...]
    road: Fix
    steps: tuple[DebriefStep, ...]
    wrong: tuple[Fix, ...]
    caption: str = ""
    worth: tuple[tuple[str, str], ...] = ()


def debrief_of(
    fixes: Sequence[Fix],
    facts: Iterable[DebriefFact],
    steps: Iterable[DebriefStep],
    caption: str = "",
    worth: Iterable[tuple[str, str]] = (),
) -> Debrief:
    """Return a debrief; the first right fix is the reference, and an untouched or empty one misleads nobody."""
    return Debrief(
        facts=tuple(facts),
        road=next(fix for fix in fixes if fix.verdict == "right"),
        steps=tuple(steps),
        wrong=roads_of(fixes),
        caption=caption,
        worth=tuple(worth),
    )


_NO_ROADS = ("untouched", "empty", "someone-elses", "hard-coded", "asks-the-grader", "best-blind", "transplanted")
"""Fixes that only the gates need: nobody takes them for a way to solve the drill."""


def roads_of(fixes: Sequence[Fix]) -> tuple[Fix, ...]:
    """Return the wrong fixes that people take for a way to solve a drill."""
    return tuple(fix for fix in fixes if fix.verdict == "wrong" and fix.name not in _NO_ROADS)


def facts_of(result: AnswerResult) -> list[DebriefFact]:
    """Return what is right on a paper, check by check, from what the reference's answers were worth."""
    return [DebriefFact(title=_upper(check.asked), words=check.right) for check in result.checks if check.right]


def tell_failure(mode: FailureMode, behaviour: str) -> DebriefFact:
    """Return what a planted failure is, in words; `behaviour` is what the world says of its behaviour."""
    how_often = f"in about {percent(mode.rate)} of such replies" if mode.rate < 1 else "each time"
    words = f"{behaviour} It is set off by {mode.trigger.words}, {how_often}. Severity: {mode.severity}."
    return DebriefFact(title=mode.title, words=words)


def walk_failure(exam: Exam, mode: FailureMode) -> list[DebriefStep]:
    """Return the shortest way to a planted failure: a message that shows it, its clean twin, and a near miss.

    Messages are in held-out words and replies from the instance's own seeds, so that a debrief is always the same.
    """
    rng, asker = random.Random(f"debrief:{exam.truth.seed}:{mode.id}"), exam_asker(exam.world)
    fault = next(one for one in faults(exam.world) if one.id == mode.id)
    drawn = [triggering(asker, fault, rng) for _ in range(_MOST_ASKED)]
    asked = [Conversation.ask(one.text, template) for one, template in drawn]
    met = next((one for each in asked if _shows(exam, one := _ask(exam, FAILING, each), mode)), None)
    if met is None:
        return []
    ask, template = aside(asker, fault, rng)
    twin = _ask(exam, TWIN, met.conversation)
    near = _ask(exam, FAILING, Conversation.ask(ask.text, template))
    steps = [DebriefStep(did=f"Asks {_quoted(met.conversation)}", found=met.reply.text)]
    steps.append(DebriefStep(did="The clean twin, asked the same", found=twin.reply.text))
    if not _shows(exam, near, mode):
        steps.append(
            DebriefStep(
                did=f"Near it, but not what sets it off: asks {_quoted(near.conversation)}", found=near.reply.text
            )
        )
    return steps


def _ask(exam: Exam, which: str, conversation: Conversation) -> Transcript:
    return exam.ask(which, [conversation], 1)[0]


def _shows(exam: Exam, one: Transcript, mode: FailureMode) -> bool:
    return exam.judge.rule(one, mode.behaviour).verdict == "shown"


def _quoted(conversation: Conversation) -> str:
    under = f"under the template {conversation.template}" if conversation.template else "without a template"
    return f"“{conversation.last_user}” {under}"


def _upper(words: str) -> str:
    return words[:1].upper() + words[1:]
