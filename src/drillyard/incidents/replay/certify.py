"""From a screen to a certificate: a minimal cause, each of whose claims was tested by itself at a stated error.

A certified cause is **sufficient** (with its segments alone the behaviour shows at the high rate) and **minimal**
(without any one of them it does not). Every claim is Wald's sequential test between a low and a high rate. All claims
that a search may ever make share one error: each is tested at error / most claims (a union bound), four fifths of the
error for candidates of the screen, the rest for delta debugging where the screen leads nowhere.

Does not cover: rates between low and high, which may be called either; causes that need an order of segments or words
between them; behaviour that needs no segment at all, which is told as such.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from drillyard.incidents.replay.screening import Candidate, draw_trials, rank_causes
from drillyard.incidents.replay.search import Kept, Outcomes, Search, ddmin
from drillyard.records import Record
from drillyard.stats import Sprt

__all__ = ["CauseCertificate", "CauseClaim", "Design", "certify"]

Answer = Literal["fails", "does not fail", "unknown"]
State = Literal["certified", "no effect", "without the prompt", "not certified"]


@dataclass(frozen=True, kw_only=True)
class Design:
    """How a cause is looked for.

    Args:
        low: rate at which a behaviour counts as gone; high: at which it counts as there.
        error: most often, over all claims, that a certificate is wrong.
        budget: most trials in all.
        seed: of the random ablations.
        at_once: trials of one claim that are asked together; more are faster, and may be a few too many.
        first: random trials of the first look; as many come again and again up to `most`.
        decisive: evidence in nats that a candidate needs over the next best one, to be tested.
        attempts: candidates that are tested before delta debugging.
        order: most segments of a candidate.
    """

    low: float = 0.1
    high: float = 0.4
    error: float = 0.05
    budget: int = 400
    seed: int = 1
    at_once: int = 1
    first: int = 8
    most: int = 128
    decisive: float = 3.0
    attempts: int = 3
    order: int = 3


class CauseClaim(Record):
    """What was claimed of a set of segments (`sufficient`, `needed`, `smaller`), the answer, and bad ones of n."""

    kept: tuple[int, ...]
    claim: str
    answer: Answer
    bad: int
    n: int

    @property
    def fails(self) -> bool | None:
        """Whether the set fails at the high rate; None where that is unknown."""
        return {"fails": True, "does not fail": False}.get(self.answer)


class CauseCertificate(Record):
    """What came of a search.

    `state`: `certified`; `no effect` (with all segments the behaviour does not show); `without the prompt` (it shows
    with none); `not certified` (the budget was too small, or what was claimed did not hold). `error` is the most that
    the certificate is wrong, `screened` the random trials, `trials` all of them, `unknown` those without a verdict.
    """

    state: State
    cause: tuple[int, ...]
    error: float
    trials: int
    screened: int
    unknown: int
    method: str
    claims: tuple[CauseClaim, ...]
    reason: str


_DIRECT = 0.8
"""Share of the error that the screen's candidates get."""


class _Spent(Exception):
    """The budget is spent."""


@dataclass
class _Book:
    """What was asked so far."""

    design: Design
    trials: int = 0
    unknown: int = 0
    ablated: int = 0
    screened: list[tuple[Kept, bool]] = field(default_factory=list)
    claims: list[CauseClaim] = field(default_factory=list)

    def ask(self, trials: Sequence[Kept]) -> Generator[Sequence[Kept], Outcomes, Outcomes]:
        if self.trials + len(trials) > self.design.budget:
            raise _Spent
        self.trials += len(trials)
        told = yield trials
        self.unknown += sum(one is None for one in told)
        return told

    def holds(self, kept: Kept, claim: str, alpha: float) -> Search[bool | None]:
        """Test whether a set of segments fails at the high rate (True), at the low one (False), or None."""
        design = self.design
        test = Sprt(low=design.low, high=design.high, alpha=alpha, beta=alpha)
        bad = n = blank = 0
        answer = "more"
        while answer == "more" and blank <= 20 + n:
            told = yield from self.ask([kept] * design.at_once)
            for one in told:
                if answer == "more" and one is not None:
                    bad, n = bad + one, n + 1
                    answer = test.decide(bad, n)
                blank += one is None
            self.screened += [(kept, one) for one in told if one is not None]  # these tell of the causes too
        said: Answer = "fails" if answer == "holds" else "does not fail" if answer == "gone" else "unknown"
        self.claims.append(CauseClaim(kept=tuple(sorted(kept)), claim=claim, answer=said, bad=bad, n=n))
        return self.claims[-1].fails

    def empty(self, alpha: float) -> Search[bool | None]:
        """Test what no segment at all does, once."""
        known = next((one for one in self.claims if not one.kept), None)
        return known.fails if known else (yield from self.holds(frozenset(), "no segment", alpha))

    def certificate(
        self, state: State, cause: Kept = frozenset(), method: str = "", reason: str = ""
    ) -> CauseCertificate:
        return CauseCertificate(
            state=state,
            cause=tuple(sorted(cause)),
            error=self.design.error,
            trials=self.trials,
            screened=self.ablated,
            unknown=self.unknown,
            method=method,
            claims=tuple(self.claims),
            reason=reason,
        )


def certify(segments: int, design: Design = Design()) -> Search[CauseCertificate]:  # frozen
    """Search the minimal cause among so many segments; yields trials, and returns a certificate."""
    book = _Book(design)
    try:
        return (yield from _searched(book, segments))
    except _Spent:
        said = f"the budget of {design.budget} replays was spent before the last claim was settled"
        best = next((one.kept for one in _ranked(book, segments, set()) if one.evidence > 0), frozenset[int]())
        return book.certificate("not certified", best, "random ablations", f"{said}; the likeliest cause is named")


def _searched(book: _Book, segments: int) -> Search[CauseCertificate]:
    design, everything = book.design, frozenset(range(segments))
    # all and none, then what each candidate needs
    alpha = _DIRECT * design.error / (2 + design.attempts * (1 + design.order))
    if (yield from book.holds(everything, "all segments", alpha)) is not True:
        told = book.claims[-1]
        found = f"with the whole prompt {told.bad} of {told.n} replies are bad"
        if told.answer == "unknown":
            return book.certificate("not certified", reason=f"{found}, and too many have no verdict")
        return book.certificate("no effect", reason=f"{found}: on replay the behaviour does not show")
    tried: set[Kept] = set()
    for _ in range(design.attempts):
        best = yield from _screened(book, segments, tried)
        if not best:
            break
        tried.add(best)
        if (yield from _minimal(book, best, alpha)):
            return book.certificate("certified", best, "random ablations, then a sequential test of each claim")
    if (yield from book.empty(alpha)) is True:
        told = book.claims[-1]
        found = f"without any segment {told.bad} of {told.n} replies are bad"
        return book.certificate("without the prompt", reason=f"{found}: the prompt is not what causes it")
    return (yield from _debugged(book, segments, (1 - _DIRECT) * design.error))


def _screened(book: _Book, segments: int, tried: set[Kept]) -> Search[Kept | None]:
    """Ablate at random until one set of segments explains the replies far better than all others; None if none does."""
    design = book.design
    if segments == 1:
        return None if tried else frozenset({0})
    planned = draw_trials(segments, design.most * (1 + len(tried)), design.seed)
    while True:
        ranked = _ranked(book, segments, tried)
        if ranked and ranked[0].evidence - _runner_up(ranked) >= design.decisive and book.ablated:
            return ranked[0].kept
        batch = planned[book.ablated : book.ablated + design.first]
        bad = sum(told for _, told in book.screened)
        silent = not ranked or ranked[0].evidence < 0
        if not batch or (book.ablated and silent and bad > 0.8 * len(book.screened)):
            return ranked[0].kept if ranked and ranked[0].evidence > design.decisive else None
        told = yield from book.ask(batch)
        book.ablated += len(batch)
        book.screened += [(kept, one) for kept, one in zip(batch, told, strict=True) if one is not None]


def _ranked(book: _Book, segments: int, tried: set[Kept]) -> list[Candidate]:
    rows = book.screened
    if not rows:
        return []
    found = rank_causes([kept for kept, _ in rows], [bad for _, bad in rows], segments, book.design.order)
    return [one for one in found if one.kept not in tried and one.evidence > float("-inf")]


def _runner_up(ranked: Sequence[Candidate]) -> float:
    """Return the evidence of the next best set that is not just larger: those the test of the smaller one rules out."""
    return max((one.evidence for one in ranked[1:] if not one.kept > ranked[0].kept), default=0.0)


def _minimal(book: _Book, cause: Kept, alpha: float) -> Search[bool]:
    """Test that a set fails by itself and that it does not without any one of its segments."""
    if (yield from book.holds(cause, "sufficient", alpha)) is not True:
        return False
    for one in sorted(cause):
        rest = cause - {one}
        fails = yield from book.holds(rest, f"needed: {one}", alpha) if rest else book.empty(alpha)
        if fails is not False:
            return False
    return True


def _debugged(book: _Book, segments: int, share: float) -> Search[CauseCertificate]:
    """Fall back to delta debugging; its worst case bounds the number of claims."""
    alpha = share / (segments**2 + 3 * segments)
    steps = ddmin(segments)
    unsure = False
    try:
        kept = next(steps)
        while True:
            verdict = yield from book.holds(kept, "smaller", alpha)
            unsure = unsure or verdict is None
            kept = steps.send(verdict is True)
    except StopIteration as end:
        cause: Kept = end.value
    if unsure:
        said = "some replies had no verdict, so a smaller cause is not ruled out"
        return book.certificate("not certified", cause, "delta debugging", said)
    return book.certificate("certified", cause, "delta debugging with a sequential test of each set")
