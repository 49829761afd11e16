"""Talking to the model: streamed to a script, or a form and a new page without one."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from itertools import chain

from starlette.responses import Response, StreamingResponse

from drillyard.errors import BadInput
from drillyard.programs.submission import MAX_PROMPT
from drillyard.records import Conversation
from drillyard.yard.pages.drill import path_of, view
from drillyard.yard.store import Store
from drillyard.yard.visit import Visit, page

__all__ = ["say"]


@page("learner")
def say(visit: Visit) -> Response:
    """Keep what the learner says and let the model answer."""
    one = visit.assignment()
    prompt, template = visit.field("prompt").strip(), visit.field("template")
    if visit.yard.submissions.of(visit.me().id, one.instance.id):
        return visit.go(f"{path_of(one)}/result")
    error = ""
    if template not in one.instance.templates:
        error = f"Choose one of the templates {', '.join(one.instance.templates)}."
    elif not prompt:
        error = "Type a message to the assistant first."
    elif len(prompt) > MAX_PROMPT:
        error = f"Keep the message under {MAX_PROMPT} characters; it has {len(prompt)}."
    if error:
        return view(visit, one, status=422, prompt=prompt, chat_error=error)
    visit.yard.drafts.drop(visit.me().id, one.instance.id, "say")
    seed = secrets.randbelow(2**31)
    pieces = visit.yard.models.stream(one.instance, Conversation.ask(prompt, template), seed)
    try:
        first = next(pieces, "")
    except BadInput as refused:  # the model cannot read it, so it was not said
        return view(visit, one, status=422, prompt=prompt, template=template, chat_error=str(refused))
    row = visit.yard.store.ask(visit.me().id, one.instance.id, template, prompt, seed)
    answer = _kept(visit.yard.store, row, chain([first], pieces))
    if "text/plain" in visit.request.headers.get("accept", ""):
        return StreamingResponse(answer, media_type="text/plain")
    for _piece in answer:
        pass
    return visit.go(f"{path_of(one)}#say")


def _kept(store: Store, row: int, pieces: Iterable[str]) -> Iterator[str]:
    """Yield the answer as it comes; what was heard is kept even when the browser leaves in the middle."""
    heard = []
    try:
        for piece in pieces:
            heard.append(piece)
            yield piece
    finally:
        store.answer(row, "".join(heard))
