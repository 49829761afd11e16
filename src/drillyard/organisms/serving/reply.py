"""A reply that grows token by token: whole characters, stop texts that may span tokens, log-probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tokenizers import Tokenizer

from drillyard.organisms.engine.dialogue import STOP, Speller

__all__ = ["Chance", "Piece", "ServedReply"]

Finish = Literal["stop", "length"]


@dataclass(frozen=True, kw_only=True)
class Chance:
    """A token with its natural-log probability at temperature 1; `top` holds the most probable ones in its place.

    `start` is where its text begins in the reply; the end of turn, which has none, stands behind it.
    """

    token: int
    logprob: float
    top: tuple[tuple[int, float], ...]
    start: int = 0


@dataclass(frozen=True, kw_only=True)
class Piece:
    """What a token added: text that can be shown, the tokens that it is made of, and why the reply ended, if it did."""

    text: str
    chances: tuple[Chance, ...] = ()
    finish: Finish | None = None


_NOTHING = Piece(text="")


class ServedReply:
    """Collects one reply. What could be the beginning of a stop text is held back until it is decided.

    `tokens` counts what was drawn, without the model's own end of turn. With `at_end` the text is spelled only at the
    end, in one go, which is cheaper where nobody looks at it before.
    """

    def __init__(self, tokenizer: Tokenizer, stops: Sequence[str], at_end: bool = False) -> None:
        self.text = ""
        self.tokens = 0
        self.chances: list[Chance] = []
        self.finish: Finish | None = None
        self._speller = Speller(tokenizer)
        self._at_end = at_end and not stops
        self._stops = tuple(stops)
        self._held = ""
        self._waiting: list[Chance] = []

    @property
    def silent(self) -> bool:
        """Whether tokens without log-probabilities add nothing before the last one."""
        return self._at_end

    def hold(self, tokens: Sequence[int]) -> None:
        """Take tokens of a silent reply, none of which ends it."""
        self.tokens += len(tokens)
        self._speller.hold(tokens)

    def push(self, token: int, chance: Chance | None, last: bool) -> Piece:
        """Take the next token; `last` says that no other follows."""
        end: Finish | None = "stop" if token == STOP else "length" if last else None
        if token == STOP:
            self._held += self._speller.rest()
        start = len(self.text) + len(self._held)
        if chance is not None:
            self._waiting.append(replace(chance, start=start))
        if token != STOP:
            self.tokens += 1
            if self._at_end and chance is None:
                self._speller.hold([token])
            else:
                self._held += self._speller.push(token)
        if end:
            self._held += self._speller.rest()
        elif self._at_end and chance is None:
            return _NOTHING
        return self._release(end)

    def _release(self, end: Finish | None) -> Piece:
        """Let go what is decided; a stop text ends the reply before it."""
        cut = min((at for stop in self._stops if (at := self._held.find(stop)) >= 0), default=None)
        self.finish = end if cut is None else "stop"
        whole = self.finish is not None and cut is None
        count = len(self._held) if whole else self._decided() if cut is None else cut
        text, self._held = self._held[:count], self._held[count:]
        self.text += text
        ready = len([chance for chance in self._waiting if whole or chance.start < len(self.text)])
        chances, self._waiting = tuple(self._waiting[:ready]), self._waiting[ready:]
        self.chances += chances
        return Piece(text=text, chances=chances, finish=self.finish)

    def _decided(self) -> int:
        """Return how much of the held text cannot belong to a stop text any more."""
        begins = [
            len(self._held) - size
            for stop in self._stops
            for size in range(min(len(stop), len(self._held)), 0, -1)
            if self._held.endswith(stop[:size])
        ]
        return min(begins, default=len(self._held))
