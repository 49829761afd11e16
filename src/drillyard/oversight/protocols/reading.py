"""Read a model's choice of A or B instead of its words, for models that are too small to hold to a form of answer.

Every question of a judge is put twice, the answers the other way round the second time, because small models prefer a
letter whatever stands behind it (Zheng et al. 2023, arXiv 2306.05685). Where a target shows probabilities, those of the
two letters are its answer; elsewhere the letter that it says is. Other questions go to the target as they are.

Does not cover: a model that prefers one answer whatever the case is; that is named in reports.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence

from drillyard.errors import bad_input
from drillyard.oversight.protocols.prompts import CHOICE, swap_answers
from drillyard.records import Conversation, Reply
from drillyard.targets import Target, open_in
from drillyard.targets.revealing import MayReveal, Revealed, RevealingTarget

__all__ = ["ReadTarget", "open_judge"]

_FLOOR, _ROOM = 1e-6, 2
"""Least probability of a letter that is told apart from none, and tokens that a letter may take."""


class ReadTarget:
    """A target whose letters are read; to questions of judges it replies `ANSWER:` and `CONFIDENCE:`.

    Args:
        letters: answers with a letter, so it needs no room.
        words: opens the same target for everything else.
    """

    def __init__(self, letters: Target, words: Callable[[], Target]) -> None:
        self.reference = f"{letters.reference}, its letters read"
        self._letters, self._words, self._opened = _revealing(letters), words, list[Target]()

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer questions of judges by letters, others in words."""
        asked = [swap_answers(talk.last_user) for talk in conversations]
        choices = [place for place, both in enumerate(asked) if both]
        others = [place for place, both in enumerate(asked) if not both]
        replies: dict[int, Reply] = {}
        if others:
            self._opened = self._opened or [self._words()]
            said = self._opened[0].generate([conversations[n] for n in others], [seeds[n] for n in others])
            replies |= dict(zip(others, said, strict=True))
        if choices:
            talks = [Conversation.ask(f"{one}\n\n{CHOICE}") for n in choices for one in asked[n] or ()]
            leans = self._lean(talks)
            for place, first, second in zip(choices, leans[::2], leans[1::2], strict=True):
                replies[place] = _reply(first, second)
        return [replies[place] for place in range(len(conversations))]

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield the reply in one piece."""
        yield self.generate([conversation], [seed])[0].text

    def _lean(self, talks: Sequence[Conversation]) -> list[tuple[float | None, int]]:
        """Return the log-odds of A against B for each question, None where neither came, and the tokens it took."""
        if isinstance(self._letters, RevealingTarget):
            return [
                (_odds(one), one.reply.prompt_tokens + one.reply.tokens) for one in self._letters.reveal(talks, _FLOOR)
            ]
        said = self._letters.generate(talks, [None] * len(talks))
        return [(_letter(one.text), one.prompt_tokens + one.tokens) for one in said]


def open_judge(world: str, reference: str, *, read: bool = False) -> Target:
    """Open a target as a judge or critic; `read` has its letters read. Raises `BadInput` as `open_target`."""
    if not read:
        return open_in(world, reference)
    if reference.startswith("organism/"):
        found = f"{reference!r} to be read"
        raise bad_input(found, "a model that follows instructions", "organisms answer customers, and know no letters")
    return ReadTarget(open_in(world, reference, max_new_tokens=_ROOM), lambda: open_in(world, reference))


def _revealing(target: Target) -> Target:
    if isinstance(target, RevealingTarget) or not isinstance(target, MayReveal):
        return target
    trial = target.try_reading()
    return target.reader(trial) if trial.reads else target


def _odds(shown: Revealed) -> float | None:
    """Return log-odds of A against B as the first token of a reply."""
    ways = [(shown.reply.text, shown.chance), *((branch.start, branch.chance) for branch in shown.branches)]
    mass = {letter: sum(chance for start, chance in ways if _starts(start) == letter) for letter in "AB"}
    if max(mass.values()) <= _FLOOR:
        return None
    least = max(min(chance for _, chance in ways), _FLOOR)  # a letter that is not shown is at most so likely
    return math.log(max(mass["A"], least) / max(mass["B"], least))


def _letter(text: str) -> float | None:
    return {"A": 2.0, "B": -2.0}.get(_starts(text) or "")


def _starts(text: str) -> str | None:
    found = re.match(r"\W*([AB])(?!\w)", text)
    return found[1] if found else None


def _reply(first: tuple[float | None, int], second: tuple[float | None, int]) -> Reply:
    """Return the answer of both orders; the second had the answers the other way round."""
    tokens = first[1] + second[1]
    if first[0] is None or second[0] is None:
        return Reply(text="neither letter", prompt_tokens=tokens)
    chance = 1 / (1 + math.exp(-(first[0] - second[0]) / 2))
    side, sure = ("A", chance) if chance >= 0.5 else ("B", 1 - chance)
    return Reply(text=f"ANSWER: {side}\nCONFIDENCE: {100 * sure:.2f}", prompt_tokens=tokens)
