"""Batches as OpenAI has them: a file of chat requests goes up, is answered beside what others ask, and comes down.

Files and batches live in memory, the newest ones, until the server ends.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message

from drillyard.organisms.serving.answers import answer
from drillyard.organisms.serving.bodies import ChatBody
from drillyard.organisms.serving.orders import chat_order
from drillyard.organisms.serving.refusal import Refusal, refusal_of
from drillyard.organisms.serving.served import Served

__all__ = ["BATCH_ROUTES", "FILES", "Batches"]

FILES, _BATCHES, _CHAT = "/v1/files", "/v1/batches", "/v1/chat/completions"
_KEPT = 64
"""Files, and batches, that are kept; older ones are forgotten."""
_AT_ONCE = 64
"""Requests of a batch that are asked at the same time: others may come in between."""


class Batches:
    """The files and batches of one server. Made inside its event loop."""

    def __init__(self, served: Mapping[str, Served]) -> None:
        self.files: dict[str, tuple[dict[str, Any], bytes]] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self._served, self._running = served, dict[str, asyncio.Task[None]]()

    def put(self, name: str, purpose: str, data: bytes) -> dict[str, Any]:
        """Keep a file and return what the API says of it."""
        told = {"id": _new("file"), "object": "file", "bytes": len(data), "created_at": int(time.time())}
        told |= {"filename": name, "purpose": purpose, "status": "processed"}
        _keep(self.files, str(told["id"]), (told, data))
        return told

    def begin(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Begin a batch. Raises `Refusal`."""
        given, endpoint, marks = body.get("input_file_id"), body.get("endpoint"), body.get("metadata") or {}
        if endpoint != _CHAT:
            raise Refusal(f"endpoint: expected {_CHAT}", param="endpoint", code="invalid_value")
        if given not in self.files:
            raise Refusal(f"no file {given!r}", param="input_file_id", code="invalid_value")
        if not isinstance(marks, dict) or not all(isinstance(word, str) for word in marks.values()):
            raise Refusal("metadata: expected texts by names", param="metadata", code="invalid_value")
        batch = {"id": _new("batch"), "object": "batch", "endpoint": endpoint, "input_file_id": given}
        batch |= {"completion_window": body.get("completion_window", "24h"), "status": "in_progress"}
        batch |= {"created_at": int(time.time()), "metadata": marks, "errors": None}
        batch |= {"output_file_id": None, "error_file_id": None}
        batch["request_counts"] = {"total": 0, "completed": 0, "failed": 0}
        name = str(batch["id"])
        _keep(self.batches, name, batch)
        self._running[name] = asyncio.create_task(self._run(batch, self.files[str(given)][1]))
        self._running[name].add_done_callback(lambda _: self._running.pop(name, None))
        return batch

    async def stop(self, name: str = "") -> None:
        """Stop a batch, or all of them; what was answered by then can be fetched."""
        running = [task for known, task in self._running.items() if name in ("", known)]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _run(self, batch: dict[str, Any], data: bytes) -> None:
        lines = [line for line in data.splitlines() if line.strip()]
        counts, found, room = batch["request_counts"], list[bytes](), asyncio.Semaphore(_AT_ONCE)
        counts["total"] = len(lines)

        async def one(line: bytes) -> None:
            async with room:
                told = await self._answered(line)
            counts["completed" if told["response"]["status_code"] == 200 else "failed"] += 1
            found.append(json.dumps(told).encode() + b"\n")

        try:
            await asyncio.gather(*map(one, lines))
            batch["status"] = "completed"
        finally:
            batch["status"] = "completed" if batch["status"] == "completed" else "cancelled"
            batch["output_file_id"] = self.put(f"{batch['id']}.jsonl", "batch_output", b"".join(found))["id"]

    async def _answered(self, line: bytes) -> dict[str, Any]:
        """Return a line of answers: refused requests are answered too, by their refusal."""
        name = None
        try:
            fields = json.loads(line)
            name = fields.get("custom_id")
            body = ChatBody.model_validate(fields.get("body"))
            if body.model not in self._served:
                raise Refusal(f"the model {body.model!r} is not served here", status=404, param="model")
            served = self._served[body.model]
            order = chat_order(body, served.organism)
            if order.stream:
                raise Refusal("stream: a batch has no streams", param="stream")
            given = await answer(Request({"type": "http"}, _never), served, served.chat, order)
            status, told = 200, json.loads(bytes(given.body))
        except ValidationError as error:
            status, told = 400, refusal_of(error).data
        except Refusal as refusal:
            status, told = refusal.status, refusal.data
        except (ValueError, AttributeError):
            status, told = 400, Refusal("a line that is no JSON object", code="invalid_json").data
        response = {"status_code": status, "request_id": _new("req"), "body": told}
        return {"id": _new("batch_req"), "custom_id": name, "response": response, "error": None}


async def _never() -> Message:
    """Wait for a client of one request to leave, who in a batch is not there."""
    await asyncio.Event().wait()
    raise AssertionError


def _keep(place: dict[str, Any], name: str, thing: object) -> None:
    place[name] = thing
    while len(place) > _KEPT:
        place.pop(next(iter(place)))


def _new(prefix: str) -> str:
    return f"{prefix}-{secrets.token_hex(12)}"


def _of(request: Request) -> Batches:
    batches: Batches = request.app.state.batches
    return batches


def _found(place: Mapping[str, Any], name: str) -> Any:
    if name not in place:
        raise Refusal(f"there is no {name!r} here", status=404)
    return place[name]


async def _upload(request: Request) -> Response:
    async with request.form() as form:
        file, purpose = form.get("file"), form.get("purpose")
        if not isinstance(file, UploadFile) or purpose != "batch":
            raise Refusal("expected a file and the purpose batch", param="file")
        return JSONResponse(_of(request).put(file.filename or "", "batch", await file.read()))


async def _file(request: Request) -> Response:
    return JSONResponse(_found(_of(request).files, request.path_params["name"])[0])


async def _content(request: Request) -> Response:
    return Response(_found(_of(request).files, request.path_params["name"])[1], media_type="application/jsonl")


async def _begin(request: Request) -> Response:
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise Refusal("the body is no JSON", code="invalid_json") from None
    if not isinstance(body, dict):
        raise Refusal("the body: expected an object", code="invalid_value")
    return JSONResponse(_of(request).begin(body))


async def _list(request: Request) -> Response:
    data = [*_of(request).batches.values()][::-1]
    return JSONResponse({"object": "list", "data": data, "has_more": False})


async def _batch(request: Request) -> Response:
    return JSONResponse(_found(_of(request).batches, request.path_params["name"]))


async def _cancel(request: Request) -> Response:
    batch = _found(_of(request).batches, request.path_params["name"])
    await _of(request).stop(batch["id"])
    return JSONResponse(batch)


_Endpoint = Callable[[Request], Awaitable[Response]]
_ROUTES: tuple[tuple[str, str, _Endpoint], ...] = (
    (FILES, "POST", _upload),
    (f"{FILES}/{{name}}", "GET", _file),
    (f"{FILES}/{{name}}/content", "GET", _content),
    (_BATCHES, "POST", _begin),
    (_BATCHES, "GET", _list),
    (f"{_BATCHES}/{{name}}", "GET", _batch),
    (f"{_BATCHES}/{{name}}/cancel", "POST", _cancel),
)
BATCH_ROUTES = [Route(path, endpoint, methods=[method]) for path, method, endpoint in _ROUTES]
"""What the server answers to clients that ask by batches."""
