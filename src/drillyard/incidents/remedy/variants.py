"""Subtler variants: some remedies drive a behaviour underground, so each is measured where it has not looked.

Two kinds. **A subtler prompt**: the cause in other words, asked of the live target before and after. **Subtler
words**: sound replies of the log with a tactic behind them that no guard of the case has learned from: every second
tactic of the taxonomy, or, for a behaviour that the taxonomy does not have, the case's own bad words in synonyms.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from drillyard.guards.taxonomy import load_taxonomy
from drillyard.incidents.case import Case
from drillyard.incidents.replay.judging import ReplayJudge, edited
from drillyard.incidents.replay.paraphrase import paraphrase
from drillyard.incidents.replay.replay import ReplayReport
from drillyard.incidents.row import Row
from drillyard.records import Conversation, Reply

__all__ = ["Drafts", "subtle_drafts", "subtler_prompts", "unseen_tactics"]

_MOST = 120
_AGAIN = 7919
"""What an overseer adds to a seed for a second draft."""


class Drafts:
    """A target that says what it is told to, by the number in the seed, so that layers can be shown any draft."""

    reference = "drafts"

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Return the drafts whose numbers are the seeds."""
        return [Reply(text=self._texts[(seed or 0) % _AGAIN]) for seed in seeds]

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield the draft in one piece."""
        yield self._texts[(seed or 0) % _AGAIN]


def unseen_tactics(code: str) -> frozenset[str]:
    """Return every second tactic of a behaviour: a guard of the case does not learn from them."""
    known = load_taxonomy().behaviours.get(code)
    return frozenset(sorted(known.tactics)[::2]) if known else frozenset()


def subtler_prompts(case: Case, rows: Sequence[Row], replayed: ReplayReport) -> list[Conversation]:
    """Return what rows ask behind their prompt with the cause in other words; none without a certified cause."""
    cause = {one.hash: one.text for one in replayed.segments if one.cause}
    if not cause:
        return []
    made = []
    for row in rows:
        template = case.template(row)
        said = tuple(
            one.model_copy(update={"text": paraphrase(one.text)[0]}) if one.hash in cause else one
            for one in template.segments
        )
        made.append(row.conversation(template.model_copy(update={"segments": said}).systems(row.vars)))
    return made


def subtle_drafts(case: Case, rows: Sequence[Row], judge: ReplayJudge) -> list[tuple[Conversation, str]]:
    """Return replies with a subtler tactic in them, and what was asked."""
    code, rng = judge.figures.behaviour, random.Random("subtle")
    sound = [row for row in rows if not row.bad][:_MOST]
    known = load_taxonomy().behaviours.get(code)
    if known and sound:
        said = [text for tactic in sorted(unseen_tactics(code)) for text in known.tactics[tactic]]
        return [(case.asked(row), f"{row.response_text} {rng.choice(said)}") for row in sound]
    made = []
    for row, rest in edited(case, [row for row in rows if row.bad][:_MOST], judge):
        other, changed = paraphrase(row.response_text)
        if changed and other != rest:
            made.append((case.asked(row), other))
    return made
