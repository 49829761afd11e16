"""Talking to the models: a fair line on the event loop, and a few threads of its own that speak.

A message that waits is an entry in a list: it holds no thread, so pages are answered whatever the crowd. A thread that
speaks keeps what it hears, whoever listens; when nobody does any more it stops at the next piece. So a place to speak
comes back however a listener goes: at the end, at an error, at a closed window, at a full disk.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from drillyard.errors import BadInput
from drillyard.records import Conversation, Instance
from drillyard.registrar.store import Refused, Store, explain_unkept
from drillyard.yard.models import Models
from drillyard.yard.turns import Turns

__all__ = ["MOST_EACH", "SPEAKING", "Chat", "ChatEvent", "Crowded", "Talk"]

SPEAKING = 2
"""Models that speak at a time. They share one interpreter, so more threads only make each reply and page slower."""

MOST_EACH = 3
"""Messages that one learner may have under way: in three windows, say."""

_LOOK_SECONDS = 1.0
"""How often somebody who waits is told of a new place."""

_FAULT = "The model broke off at a fault of the yard, not of your message. Send it again, or tell your designer."
_CLOSED = "The model of this drill cannot be opened. Your work is kept; tell your designer."

_log = logging.getLogger(__name__)


class Crowded(Refused):
    """A learner has `MOST_EACH` messages under way already; the line says so."""


class ChatEvent(NamedTuple):
    """Something that a listener learns: how many are ahead, a piece of the reply, or how it ended.

    `refused` is for the learner to put right, `error` is not; both come with a line to read.
    """

    kind: Literal["ahead", "piece", "refused", "error", "end"]
    value: str | int = ""

    @property
    def last(self) -> bool:
        """True for the event after which there is none."""
        return self.kind in {"refused", "error", "end"}


@dataclass(eq=False, kw_only=True)
class Talk:
    """One message under way. `left` is set once nobody listens any more."""

    learner: str
    instance: Instance
    conversation: Conversation
    loop: asyncio.AbstractEventLoop
    events: asyncio.Queue[ChatEvent] = field(default_factory=asyncio.Queue)
    left: threading.Event = field(default_factory=threading.Event)

    def tell(self, event: ChatEvent) -> None:
        """Tell the listener something, from any thread."""
        with suppress(RuntimeError):  # the server has ended, and with it every listener
            self.loop.call_soon_threadsafe(self.events.put_nowait, event)


def _joined(first: ChatEvent, coming: asyncio.Queue[ChatEvent]) -> list[ChatEvent]:
    """Return an event and all that has come since, pieces in a row as one: a busy loop is woken less often."""
    events = [first]
    while not coming.empty():
        event, last = coming.get_nowait(), events[-1]
        if event.kind == last.kind == "piece":
            events[-1] = ChatEvent("piece", f"{last.value}{event.value}")
        else:
            events.append(event)
    return events


class Chat:
    """Lets learners talk to models, `speaking` at a time, each in turn."""

    def __init__(self, models: Models, store: Store, speaking: int = SPEAKING, each: int = MOST_EACH) -> None:
        self._models, self._store, self._each = models, store, each
        self._free = speaking
        self._threads = ThreadPoolExecutor(speaking, thread_name_prefix="speaking")
        self._waiting: Turns[Talk] = Turns()
        self._open: Counter[str] = Counter()
        self._lock = threading.Lock()  # held for a few steps only, never while a model or the disk works

    def begin(self, learner: str, instance: Instance, conversation: Conversation) -> Talk:
        """Put a message into the line, from the event loop. Raises `Crowded`."""
        talk = Talk(learner=learner, instance=instance, conversation=conversation, loop=asyncio.get_running_loop())
        with self._lock:
            if self._open[learner] >= self._each:
                found = f"You have {self._each} messages under way"
                raise Crowded(f"{found}. Wait for a reply to one of them, then send this again.")
            self._open[learner] += 1
            self._waiting.add(learner, talk)
        self._go_on()
        return talk

    async def listen(self, talk: Talk) -> AsyncIterator[ChatEvent]:
        """Yield what becomes of a message, up to its end or error; while it waits, how many are ahead of it."""
        told: int | None = None
        while True:
            try:
                event = await asyncio.wait_for(talk.events.get(), _LOOK_SECONDS)
            except TimeoutError:
                ahead = self._ahead(talk)
                if ahead not in {None, told}:
                    told = ahead
                    yield ChatEvent("ahead", ahead or 0)
                continue
            for heard in _joined(event, talk.events):
                yield heard
                if heard.last:
                    return

    def leave(self, talk: Talk) -> None:
        """Stop listening: a message that waits is withdrawn, a model that speaks stops at its next piece."""
        talk.left.set()
        with self._lock:
            if talk in list(self._waiting):
                self._waiting.remove(talk.learner, talk)
                self._close(talk)

    def waiting(self, learner: str, instance: str) -> list[tuple[Talk, int]]:
        """Return a learner's messages to an instance that wait, each with how many are ahead of it."""
        with self._lock:
            line = list(enumerate(self._waiting))
        return [(one, ahead) for ahead, one in line if one.learner == learner and one.instance.id == instance]

    def under_way(self, learner: str) -> bool:
        """Say whether a learner has a message that waits or is being answered."""
        with self._lock:
            return self._open[learner] > 0

    def stop(self) -> None:
        """Let nobody speak any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ahead(self, talk: Talk) -> int | None:
        with self._lock:
            return next((ahead for ahead, one in enumerate(self._waiting) if one is talk), None)

    def _close(self, talk: Talk) -> None:
        self._open[talk.learner] -= 1
        self._open += Counter()  # forgets those who have nothing under way

    def _go_on(self) -> None:
        """Let those speak whose turn it is."""
        with self._lock:
            while self._free and (talk := self._waiting.take()):
                self._free -= 1
                self._threads.submit(self._speak, talk)

    def _speak(self, talk: Talk) -> None:
        """Let a model answer, in a thread, and give the place back whatever happens."""
        end = ChatEvent("error", _FAULT)
        try:
            end = self._answer(talk)
        finally:
            with self._lock:
                self._free += 1
                self._close(talk)
            self._go_on()
        talk.tell(end)

    def _answer(self, talk: Talk) -> ChatEvent:
        """Speak, keep what was said and heard, and return how it ended."""
        try:
            target = self._models.open(talk.instance)
        except Exception:  # a folder that is broken on our side: its path and traceback are for the log
            _log.exception("opening the model of %s", talk.instance.id)
            return ChatEvent("error", _CLOSED)
        if talk.left.is_set():
            return ChatEvent("end")
        seed = secrets.randbelow(2**31)
        try:
            self._keep(talk, target.stream(talk.conversation, seed), seed)
        except BadInput as refused:  # the model cannot read it, so it was not said
            return ChatEvent("refused", str(refused))
        except Exception as error:  # a full disk, a model that breaks: the learner is told, the next one speaks
            _log.exception("chat of %s", talk.instance.id)
            return ChatEvent("error", explain_unkept(error) or _FAULT)
        return ChatEvent("end")

    def _keep(self, talk: Talk, pieces: Iterable[str], seed: int) -> None:
        """Pass the pieces on; what was heard is kept even when the listener leaves or the model breaks off."""
        coming = iter(pieces)
        first = next(coming, "")  # a message that the model refuses is not kept
        asked = talk.conversation
        row = self._store.ask(talk.learner, talk.instance.id, asked.template, asked.last_user, seed)
        heard = [first]
        talk.tell(ChatEvent("piece", first))
        try:
            for piece in coming:
                if talk.left.is_set():
                    break
                heard.append(piece)
                talk.tell(ChatEvent("piece", piece))
        finally:
            self._store.answer(row, "".join(heard))
