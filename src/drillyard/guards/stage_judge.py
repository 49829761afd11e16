"""A judge as a stage: asked last, about what is still doubtful.

Does not cover: the conversation. A guard sees what is said to the customer, not what was asked, so that a judge that
needs the question (the exact one) or the shop's facts says unknown.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from drillyard.errors import bad_input
from drillyard.guards.taxonomy import load_taxonomy
from drillyard.judges.base import Judge
from drillyard.judges.llm import LlmJudge
from drillyard.judges.reference import open_unmeasured
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Conversation, Reply, Transcript
from drillyard.targets import open_target

__all__ = ["JudgeStage", "open_judge_stage"]

_READS = 200  # words
_ASKED = "(What was asked is not shown.)"
_RATES = {"shown": 1.0, "unknown": 0.0, "absent": -1.0}


class JudgeStage:
    """A judge's ruling as a number: shown 1, unknown 0, absent −1."""

    reads = _READS

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self.digest = hashlib.sha256(judge.definition.encode()).hexdigest()

    def rate(self, passage: str, behaviour: str) -> float:
        """Ask the judge whether the passage shows the behaviour."""
        reply = Reply(text=passage, finish="stop")
        transcript = Transcript(conversation=Conversation.ask(_ASKED), reply=reply, target="guard")
        return _RATES[self._judge.rule(transcript, behaviour).verdict]


def open_judge_stage(argument: str = "", folder: Path | None = None) -> JudgeStage:
    """Open `judge/REFERENCE`. A language model is told the taxonomy's words for a behaviour.

    Raises:
        BadInput: no reference, or what the judge says about it.
    """
    kind, _, rest = argument.partition("/")
    if not kind:
        raise bad_input("a stage 'judge' without a judge", "judge/REFERENCE", "such as judge/llm/openai/gpt-4o-mini")
    if kind == "llm":
        rubric = {code: one.words for code, one in load_taxonomy().behaviours.items()}
        return JudgeStage(LlmJudge(open_target(rest), rubric))
    return JudgeStage(open_unmeasured(argument, load_world("helpdesk")))
