"""Talking to the model: streamed to a script, or a form and a new page without one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from drillyard.programs.submission import MAX_PROMPT
from drillyard.records import Conversation
from drillyard.yard.chat import Chat, ChatEvent, Crowded, Talk
from drillyard.yard.pages.drill import path_of, render_drill
from drillyard.yard.visit import Assignment, Visit, page

__all__ = ["LINES", "PATIENCE", "say"]

LINES = "application/x-ndjson"
"""What a script asks for: a line of JSON per event, with `piece`, `ahead` or `error`."""

PATIENCE = 4.0
"""Seconds that a browser without JavaScript waits; then its page says how many are ahead, and loads itself again."""

_Begin = Callable[[], Talk]


@page("learner")
def say(visit: Visit) -> Response:
    """Let the model answer what the learner says, when it is their turn."""
    one = visit.assignment()
    prompt, template = visit.field("prompt").strip(), visit.field("template")
    if visit.yard.submissions.closed(visit.me().id, one.instance.id):
        return visit.go(f"{path_of(one)}/result")
    error = ""
    if template not in one.instance.templates:
        error = f"Choose one of the templates {', '.join(one.instance.templates)}."
    elif not prompt:
        error = "Type a message to the assistant first."
    elif len(prompt) > MAX_PROMPT:
        error = f"Keep the message under {MAX_PROMPT} characters; it has {len(prompt)}."
    scripted = LINES in visit.request.headers.get("accept", "")
    if error and scripted:
        return JSONResponse({"error": error}, 422)
    if error:
        return render_drill(visit, one, status=422, prompt=prompt, chat_error=error)
    visit.yard.drafts.drop(visit.me().id, one.instance.id, "say")
    chat = visit.yard.chat

    def begin() -> Talk:
        return chat.begin(visit.me().id, one.instance, Conversation.ask(prompt, template))

    return _Streamed(chat, begin) if scripted else _Whole(_Said(visit, one, prompt, template), begin)


class _Streamed(StreamingResponse):
    """The events of a message as they come; a browser that goes takes its message out of the line."""

    def __init__(self, chat: Chat, begin: _Begin) -> None:
        super().__init__((), media_type=LINES)
        self._chat, self._begin = chat, begin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from the event loop, which holds no thread while the message waits."""
        try:
            talk = self._begin()
        except Crowded as crowded:
            await JSONResponse({"error": str(crowded)}, 429)(scope, receive, send)
            return
        self.body_iterator = _lines(self._chat.listen(talk))
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._chat.leave(talk)


async def _lines(events: AsyncIterator[ChatEvent]) -> AsyncIterator[str]:
    async for event in events:
        if event.kind != "end":
            kind = "error" if event.kind == "refused" else event.kind
            yield json.dumps({kind: event.value}) + "\n"


@dataclass(frozen=True)
class _Said:
    """What a form without JavaScript said, to be shown again when it cannot be answered."""

    visit: Visit
    one: Assignment
    prompt: str
    template: str

    def refused(self, status: int, error: str) -> Response:
        """Return the drill's page with the line at its field."""
        return render_drill(
            self.visit, self.one, status=status, prompt=self.prompt, template=self.template, chat_error=error
        )


class _Whole(Response):
    """The drill's page with the reply in it, or with the message's place in the line when that takes too long."""

    def __init__(self, said: _Said, begin: _Begin) -> None:
        super().__init__()
        self._said, self._begin = said, begin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from the event loop, which holds no thread while the message waits."""
        response = await self._response()
        response.raw_headers.extend(pair for pair in self.raw_headers if pair[0] == b"set-cookie")
        await response(scope, receive, send)

    async def _response(self) -> Response:
        said = self._said
        try:
            talk = self._begin()
        except Crowded as crowded:
            return await run_in_threadpool(said.refused, 429, str(crowded))
        with suppress(TimeoutError):  # it goes on without us, and the page that comes says how far it is
            end = await asyncio.wait_for(_end(said.visit.yard.chat.listen(talk)), PATIENCE)
            if end.kind != "end":
                status = 422 if end.kind == "refused" else 503
                return await run_in_threadpool(said.refused, status, str(end.value))
        return said.visit.go(f"{path_of(said.one)}#say")


async def _end(events: AsyncIterator[ChatEvent]) -> ChatEvent:
    """Listen to the end and return how it ended."""
    async for event in events:
        if event.last:
            return event
    raise AssertionError("every message has an end")
