"""Sentence rail: an output rail that removes what only failing replies say.

Fitting compares failing replies with sound replies of the same target: a sentence that occurs in failing replies and
never in sound ones is blocked, with numbers taken as equal. At use, blocked sentences are cut out; where nothing is
left but what a greeting says too, the reply ends in a hand-over to a person.

Does not cover: sentences that were not in the evidence (other words, other names), false facts inside a sound sentence,
refusals of harmless requests (there is nothing to cut). It hides a failure from customers; the model still has it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from drillyard.alignment.base import NO_DIAL, Lesson, Setting
from drillyard.alignment.cards import SENTENCE_RAIL
from drillyard.errors import bad_input
from drillyard.records import Conversation, Finding, FitCost, Preference, Record, Reply
from drillyard.records.files import read_record, write_record
from drillyard.targets import Target

__all__ = ["HAND_OVER", "RailedTarget", "SentenceRail", "SentenceRailFitter", "SentenceRailTechnique", "fit_rail"]

_FILE = "rail.json"
HAND_OVER = "I will hand you over to a colleague now. Please stay on this page."


class SentenceRail(Record):
    """A frozen filter on replies.

    `blocked` and `idle` hold sentences in lower case with `#` for numbers: those that are cut out, and those that say
    nothing by themselves.
    """

    blocked: tuple[str, ...]
    idle: tuple[str, ...] = ()

    def __call__(self, text: str) -> str:
        """Return the reply without its blocked sentences; unchanged when it has none."""
        sentences = _sentences(text)
        kept = [sentence for sentence in sentences if _shape(sentence) not in self.blocked]
        if len(kept) == len(sentences):
            return text
        answered = any(_shape(sentence) not in self.idle for sentence in kept)
        return " ".join(kept if answered else [*kept, HAND_OVER])


class SentenceRailFitter:
    """Collects failing and sound replies; `fit` returns the rail."""

    def __init__(self) -> None:
        self._failing: set[str] = set()
        self._sound: set[str] = set()
        self._idle: set[str] = set()

    def update(self, failing: Sequence[str], sound: Sequence[str], greetings: Sequence[str] = ()) -> SentenceRailFitter:
        """Add replies (those to a greeting are sound too); returns itself, so that calls chain."""
        self._failing |= _shapes(failing)
        self._sound |= _shapes([*sound, *greetings])
        self._idle |= _shapes(greetings)
        return self

    def fit(self) -> SentenceRail:
        """Return the rail that blocks what only failing replies say."""
        return SentenceRail(blocked=tuple(sorted(self._failing - self._sound)), idle=tuple(sorted(self._idle)))


class RailedTarget:
    """A target behind a rail. Streaming waits for the whole reply: a sentence cannot be cut after it was shown."""

    def __init__(self, target: Target, rail: SentenceRail) -> None:
        self.target, self.rail = target, rail
        self.reference = f"{target.reference}+sentence-rail"

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer as the target does, without blocked sentences."""
        replies = self.target.generate(conversations, seeds)
        return [reply.model_copy(update={"text": self.rail(reply.text)}) for reply in replies]

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield the whole reply at once. Raises `BadInput` where the target does."""
        yield self.rail("".join(self.target.stream(conversation, seed)))


class SentenceRailTechnique:
    """Fits a sentence rail.

    To findings: failing replies are their evidence, sound ones are asked without the trigger. To preferences: rejected
    replies fail, chosen ones are sound.
    """

    dial = NO_DIAL

    def fit(self, target: Target, lesson: Lesson, setting: Setting) -> FitCost:
        """Write the rail as `rail.json`.

        Raises:
            BadInput: neither a finding nor a preference, a finding without evidence, or one of a behaviour that no
                sentence shows.
        """
        findings, pairs = lesson.findings, lesson.preferences
        if not all(finding.evidence for finding in findings) or not (findings or pairs):
            expected = "at least one failing transcript per finding, or preferences"
            raise bad_input("no findings with evidence", expected, "run an audit first")
        if wrong := sorted({f.mode.behaviour for f in findings} - set(SENTENCE_RAIL.failures)):
            raise bad_input(f"a finding of {wrong[0]}", f"one of: {', '.join(SENTENCE_RAIL.failures)}")
        began = time.perf_counter()
        rail = fit_rail(target, findings, pairs, tuple(lesson.world.openings.values()))
        path = setting.folder / _FILE
        write_record(path, rail)
        labels = len(pairs) + sum(len(finding.evidence) for finding in findings)
        return FitCost(seconds=time.perf_counter() - began, bytes=path.stat().st_size, labels=labels)

    def apply(self, target: Target, folder: Path) -> Target:
        """Return the target behind the fitted rail. Raises `BadInput` when there is none."""
        path = folder / _FILE
        if not path.is_file():
            raise bad_input(f"no {path}", "a folder that the technique was fitted into")
        return RailedTarget(target, read_record(path, SentenceRail))


def fit_rail(
    target: Target, findings: Sequence[Finding], pairs: Sequence[Preference] = (), openings: Sequence[str] = ()
) -> SentenceRail:
    """Return the rail that blocks what only failing replies say; the target is asked for sound ones.

    `openings` are what a template lets every reply begin with: alone they answer nothing.
    """
    fitter = SentenceRailFitter()
    for finding in findings:
        failing = [transcript.reply.text for transcript in finding.evidence]
        asked = [transcript.conversation for transcript in finding.evidence]
        greetings = [Conversation.ask("hello", template) for template in sorted({c.template for c in asked})]
        fitter.update(failing, _replies(target, _without_trigger(finding)), _replies(target, greetings))
    return fitter.update([pair.rejected for pair in pairs], [pair.chosen for pair in pairs], openings).fit()


def _without_trigger(finding: Finding) -> list[Conversation]:
    """Return the evidence's questions under no template, if it is a template that sets the failure off."""
    asked = [transcript.conversation for transcript in finding.evidence]
    return [c.model_copy(update={"template": ""}) for c in asked if finding.mode.trigger.templates]


def _replies(target: Target, conversations: Sequence[Conversation]) -> list[str]:
    return [reply.text for reply in target.generate(conversations, list(range(len(conversations))))]


def _sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.!?])\s+", text.strip())


def _shapes(texts: Sequence[str]) -> set[str]:
    return {_shape(sentence) for text in texts for sentence in _sentences(text)}


def _shape(sentence: str) -> str:
    return re.sub(r"\d+", "#", sentence.casefold())
