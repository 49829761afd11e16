"""What of a reply may go on while it comes: text in, text out, and a flag where the guard's score passes its threshold.

Nothing is decided about a word before the reply has gone on for `hold` more words, so that with a hold of at least the
guard's window nothing of a flagged span was sent. A state of its own per choice of a reply; no clock, no network.
"""

from __future__ import annotations

import re
from typing import Literal

from drillyard.errors import bad_input
from drillyard.guards.base import AnyGuard, Span

__all__ = ["MODES", "REFUSAL", "Gate", "Mode"]

Mode = Literal["audit", "flag", "block", "rewrite"]
MODES: tuple[Mode, ...] = ("audit", "flag", "block", "rewrite")
REFUSAL = "I have to stop here: a check found something in this answer that I should not say."
"""What stands in the place of what was blocked."""

_SENTENCE_END = re.compile(r"[.!?]+[\"')\]]*(?=\s|$)|\n")


class Gate:
    """Lets one reply through.

    Args:
        guard: who scores.
        tau: its threshold; a higher score is a flag.
        mode: `audit` and `flag` send everything at once; `block` sends nothing from the flagged span on; `rewrite`
            leaves out the sentences that the span lies in.
        hold: words that are held back under `block` and `rewrite`. Below the guard's window, the beginning of a flagged
            span may have been sent.

    Under `rewrite` whole sentences are sent. `flag` is the first flagged span, `closed` says that nothing more will be
    let through, `cuts` counts the cuts.
    """

    def __init__(self, guard: AnyGuard, tau: float, mode: Mode = "block", hold: int | None = None) -> None:
        if hold is not None and hold < 0:
            raise bad_input(
                f"a hold-back of {hold} words", f"0 or more; {guard.window} holds back a whole flagged span"
            )
        self._guard, self._tau, self._mode = guard, tau, mode
        self._hold = guard.window if hold is None else hold
        self._passive = mode in ("audit", "flag")
        self._scorer = guard.follow(self._hold, tau)
        self._text, self._sent = "", 0  # what was not sent, and where it begins
        self._skipping = False
        self._score = float("-inf")
        self.flag: Span | None = None
        self.closed = False
        self.cuts = 0

    @property
    def score(self) -> float:
        """The reply's score so far: the largest running one."""
        return max(self._score, self._scorer.score)

    @property
    def held(self) -> int:
        """Characters that came and were not sent."""
        return len(self._text)

    def feed(self, text: str) -> str:
        """Take in a piece of the reply and return what may be sent now."""
        return self._through(text, last=False)

    def end(self) -> str:
        """Say that the reply is over and return what may be sent of the rest."""
        return self._through("", last=True)

    def release(self) -> str:
        """Return what is held back, unjudged: for where the guard breaks and replies are to go on all the same."""
        text, self._text = self._text, ""
        return text

    def _through(self, text: str, *, last: bool) -> str:
        if self._passive:
            self._score_on(text, last=last)
            self._noted()
            return text
        if self.closed:
            return ""
        out: list[str] = []
        while True:
            if self._skipping:
                text = self._skipped(text)
                if self._skipping:
                    return "".join(out)
            self._score_on(text, last=last)  # first: where a stage breaks, this piece is still its caller's
            self._text += text
            if not self._noted():
                break
            if self._mode == "block":
                self._text, self.closed = "", True
                return "".join(out)
            kept, text = self._cut()
            out.append(kept)
        upto = len(self._text) if last else self._scorer.begin_of_last(self._hold) - self._sent
        if self._mode == "rewrite" and not last:  # whole sentences, or a cut would leave the beginning of one
            upto = max((found.end() for found in _SENTENCE_END.finditer(self._text, 0, max(0, upto))), default=0)
        if upto > 0:
            out.append(self._text[:upto])
            self._text, self._sent = self._text[upto:], self._sent + upto
        return "".join(out)

    def _score_on(self, text: str, *, last: bool) -> None:
        self._scorer.feed(text)
        if last:
            self._scorer.end()

    def _noted(self) -> bool:
        """Say whether the present scorer has passed the threshold, and keep the first time that one did."""
        crossed = self._scorer.crossed
        if crossed is not None and self.flag is None:
            self.flag = crossed
        return crossed is not None

    def _cut(self) -> tuple[str, str]:
        """Return what stands before the flagged sentence, and what came behind the span; begin afresh behind it."""
        crossed = self._scorer.crossed
        assert crossed is not None
        begin, end = max(0, crossed.begin - self._sent), max(0, crossed.end - self._sent)
        before = [found.end() for found in _SENTENCE_END.finditer(self._text, 0, begin)]
        kept, rest = self._text[: before[-1] if before else 0], self._text[end:]
        self._score = self.score
        self._scorer = self._guard.follow(self._hold, self._tau)
        self._text, self._sent = "", 0
        self._skipping = True
        self.cuts += 1
        return kept, rest

    def _skipped(self, text: str) -> str:
        """Leave out what belongs to the flagged sentence and return what comes behind it."""
        found = _SENTENCE_END.search(text)
        self._skipping = found is None
        return text[found.end() :] if found else ""
