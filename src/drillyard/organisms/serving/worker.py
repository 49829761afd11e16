"""Continuous batching: one worker per organism moves its batch on, and choices join and leave between two strides."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import islice

import numpy as np

from drillyard.organisms.engine.batching import ROWS, Request, Step
from drillyard.organisms.engine.organism import Organism
from drillyard.organisms.engine.sampling import log_probabilities
from drillyard.organisms.serving.orders import Order
from drillyard.organisms.serving.refusal import Refusal
from drillyard.organisms.serving.reply import Chance, Piece, ServedReply

__all__ = ["MAX_WAITING", "Choice", "Pieces", "Worker"]

MAX_WAITING = 1024
"""Most choices that may wait; more are refused at once rather than answered when nobody listens any more."""

STEPS, STRIDE = 16, 256
"""Most steps, and about the most tokens of all choices together, that are drawn before others may join or leave: some
milliseconds. Steps one by one would leave a third of the time to Python, and let each new prompt be read alone."""

Pieces = asyncio.Queue[tuple[int, Piece] | Refusal]


class Choice:
    """One choice of an order on its way. Its pieces go to the order's queue: all of them, or only the last one."""

    def __init__(self, index: int, request: Request, reply: ServedReply, order: Order, pieces: Pieces) -> None:
        self.request = request
        self.reply = reply
        self.top = order.top
        self.gone = False
        self._index, self._all, self._pieces = index, order.stream, pieces

    def push(self, tokens: Sequence[int], chance: Chance | None, last: bool) -> bool:
        """Hand on what tokens add; says whether the reply has ended with one of them."""
        if chance is None and self.reply.silent:
            self.reply.hold(tokens[:-1])
            tokens = tokens[-1:]
        for place, token in enumerate(tokens, 1):
            piece = self.reply.push(token, chance, last and place == len(tokens))
            if piece.finish or (self._all and (piece.text or piece.chances)):
                self._pieces.put_nowait((self._index, piece))
            if piece.finish:
                return True
        return False

    def fail(self, refusal: Refusal) -> None:
        """Say that no more will come."""
        self._pieces.put_nowait(refusal)


_Drawn = tuple[Choice, list[int], Chance | None, bool]
"""What a choice got: its tokens, their log-probability (of a single one) and whether that was all."""


class Worker:
    """Runs the choices of one organism in a thread of its own; the other methods are for the event loop.

    The thread goes from stride to stride without waiting for the loop, which meanwhile reads requests and hands on
    what was drawn. The batch is the thread's alone; `_door` guards what both touch.
    """

    def __init__(self, organism: Organism) -> None:
        self._organism = organism
        self._batch = organism.engine.batch()
        self._running: dict[int, Choice] = {}
        self._waiting: deque[Choice] = deque()
        self._door = threading.Condition()
        self._closed = False

    @property
    def running(self) -> int:
        """How many choices have a place in the batch."""
        return len(self._running)

    @property
    def waiting(self) -> int:
        """How many choices wait for a place."""
        return len(self._waiting)

    def submit(self, order: Order) -> tuple[list[Choice], Pieces]:
        """Put an order's choices in line; returns them and the queue of their pieces. Raises `Refusal` when full."""
        pieces: Pieces = asyncio.Queue()
        choices = [
            Choice(
                index,
                request,
                ServedReply(self._organism.tokenizer, order.stops, at_end=not order.stream),
                order,
                pieces,
            )
            for index, request in enumerate(order.requests)
        ]
        with self._door:
            if len(self._waiting) + len(choices) > MAX_WAITING:
                raise Refusal("too many requests are waiting: try again later", status=503, code="overloaded")
            self._waiting.extend(choices)
            self._door.notify()
        return choices, pieces

    def cancel(self, choices: Sequence[Choice]) -> None:
        """Give up the places of choices that nobody waits for any more; those that have ended are left alone."""
        for choice in choices:
            choice.gone = choice.gone or choice.reply.finish is None

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Answer what is submitted while the block runs."""
        thread = threading.Thread(target=self._work, args=(asyncio.get_running_loop(),), name="organism", daemon=True)
        thread.start()
        try:
            yield
        finally:
            with self._door:
                self._closed = True
                self._door.notify()
            await asyncio.to_thread(thread.join)

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        """Move the batch on for as long as somebody waits."""
        while True:
            with self._door:
                self._door.wait_for(lambda: self._closed or self._running or self._waiting)
                if self._closed:
                    return
                self._drop_gone()
                joining = self._admit()
            if not joining and not self._running:
                continue
            try:
                drawn = self._advance(joining)
            except Exception:  # whatever broke, those who wait must hear of it and the next ones be served
                logging.getLogger(__name__).exception("a step of the batch failed")
                loop.call_soon_threadsafe(_fail, [*self._running.values(), *joining])
                self._running, self._batch = {}, self._organism.engine.batch()
            else:
                loop.call_soon_threadsafe(_deliver, drawn)

    def _drop_gone(self) -> None:
        self._waiting = deque(choice for choice in self._waiting if not choice.gone)
        gone = [number for number, choice in self._running.items() if choice.gone]
        self._batch.remove(gone)
        for number in gone:
            del self._running[number]

    def _admit(self) -> list[Choice]:
        """Take from the line whoever has room, first come, first served."""
        if not self._waiting:
            return []
        room = self._batch.room([choice.request for choice in islice(self._waiting, ROWS)])
        return [self._waiting.popleft() for _ in range(room)]

    def _advance(self, joining: Sequence[Choice]) -> list[_Drawn]:
        """Let choices join and draw some tokens; those that are done leave."""
        if joining:
            numbers = self._batch.add([choice.request for choice in joining])
            self._running.update(zip(numbers, joining, strict=True))
        if any(choice.top is not None for choice in self._running.values()):
            numbers, tokens, chances, done = self._step()
        else:
            draw = self._batch.draw(min(STEPS, max(1, STRIDE // len(self._running))))
            numbers, tokens, chances, done = draw.requests.tolist(), draw.tokens, {}, draw.done.tolist()
        drawn = [
            (self._running[number], some, chances.get(row), last)
            for row, (number, some, last) in enumerate(zip(numbers, tokens, done, strict=True))
        ]
        for number, last in zip(numbers, done, strict=True):
            if last:
                del self._running[number]
        return drawn

    def _step(self) -> tuple[list[int], list[list[int]], dict[int, Chance], list[bool]]:
        """Draw one token for each choice, with log-probabilities for those that asked."""
        step = self._batch.step()
        numbers: list[int] = step.requests.tolist()
        tops = [self._running[number].top for number in numbers]
        rows = [row for row, top in enumerate(tops) if top is not None]
        chances = _chances(step, rows, max(tops[row] or 0 for row in rows), tops)
        return numbers, [[token] for token in step.tokens.tolist()], chances, step.done.tolist()


def _deliver(drawn: Sequence[_Drawn]) -> None:
    """Hand on what was drawn. A stop text ends a reply that the engine would go on with: its place is given up."""
    for choice, tokens, chance, done in drawn:
        if choice.reply.finish is None and not choice.gone:
            choice.gone = choice.push(tokens, chance, done) and not done


def _fail(choices: Sequence[Choice]) -> None:
    for choice in choices:
        choice.fail(Refusal("the reply could not be generated", status=500, code="internal_error"))


def _chances(step: Step, rows: list[int], most: int, tops: Sequence[int | None]) -> dict[int, Chance]:
    """Return the log-probabilities of these rows' tokens, and of the most probable tokens in their place."""
    every = log_probabilities(step.logits[rows])
    best = np.argsort(-every, axis=1, kind="stable")[:, :most]
    return {
        row: Chance(
            token=int(step.tokens[row]),
            logprob=float(every[place, step.tokens[row]]),
            top=tuple((int(token), float(every[place, token])) for token in best[place, : tops[row]]),
        )
        for place, row in enumerate(rows)
    }
