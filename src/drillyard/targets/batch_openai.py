"""Chat completions by the batches of an OpenAI-compatible API: at most a day late, at OpenAI for half the price.

One file of requests goes up, the server is asked now and then how far it is, and one file of answers comes back. A
batch carries the hash of its requests, so a run that was killed finds its own again and pays nothing twice. What a
server did not get to, because the batch expired or it failed, goes into another batch.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import openai

from drillyard.errors import DrillyardError, bad_input
from drillyard.records import Reply
from drillyard.targets.spending import Meter, Usage, told_of_asking
from drillyard.targets.wire_openai import choice_of, clean, reply_of, usage_of

__all__ = ["ask_in_batches"]

_MOST, _BYTES = 10_000, 90_000_000
"""Requests and bytes of one batch; OpenAI takes 50,000 and 200 MB."""
_ROUNDS = 3
"""Batches in which a request is asked, before what is wrong with it is told."""
_FIRST, _LONGEST = 0.1, 60.0
"""Seconds between two questions how far a batch is: they double."""
_REFUSED = (400, 403, 413, 422)
_NO_BATCHES = (404, 405, 501)
_GOING = ("validating", "in_progress", "finalizing")
_MARK = "drillyard"
_URL = "/v1/chat/completions"
Bodies = Sequence[Mapping[str, Any]]


def ask_in_batches(
    client: Any, bodies: Bodies, meter: Meter, explain: Callable[[Exception], None], heard: Callable[[int, Reply], None]
) -> None:
    """Ask for chat completions and call `heard` with the place of each body and its reply, as batches end.

    Args:
        client: of the package openai.
        bodies: of the requests, as the API takes each by itself.
        meter: where a whole batch is set aside before it is sent.
        explain: raises what an error of the client means.
        heard: gets every reply; a body that the server refuses has a reply that ended in `error`.

    Raises:
        BadInput: a server without batches, or a budget that does not hold one.
        DrillyardError: a batch failed as a whole, or a request did in several batches; what was heard before is kept.
    """
    missing = dict(enumerate(bodies))
    for _ in range(_ROUNDS):
        failed: dict[int, str] = {}
        for part in _parts(missing):
            failed |= _ask(client, part, meter, explain, heard)
        missing = {place: bodies[place] for place in failed}
        if not missing:
            return
    place, words = next(iter(failed.items()))
    raise DrillyardError(f"{len(failed)} requests failed in {_ROUNDS} batches, the first (number {place}): {words}")


def _parts(bodies: Mapping[int, Mapping[str, Any]]) -> Iterator[dict[int, bytes]]:
    """Yield lines of requests by their places, as many at a time as one batch takes."""
    part: dict[int, bytes] = {}
    size = 0
    for place, body in bodies.items():
        fields = {"custom_id": f"r{place}", "method": "POST", "url": _URL, "body": body}
        line = json.dumps(fields, sort_keys=True).encode() + b"\n"
        if part and (len(part) == _MOST or size + len(line) > _BYTES):
            yield part
            part, size = {}, 0
        part[place] = line
        size += len(line)
    if part:
        yield part


def _ask(
    client: Any,
    part: Mapping[int, bytes],
    meter: Meter,
    explain: Callable[[Exception], None],
    heard: Callable[[int, Reply], None],
) -> dict[int, str]:
    """Ask one batch; return the places that got no answer, and why."""
    data = b"".join(part.values())
    bodies = [json.loads(line)["body"] for line in part.values()]
    texts = [one["content"] for body in bodies for one in body["messages"]]
    room = sum(body.get("max_completion_tokens") or body.get("max_tokens") or 0 for body in bodies)
    with meter.request(texts, room, requests=len(part)) as bill:
        try:
            batch = _wait(client, _begun(client, data), len(part))
            lines = [*_lines(client, batch.output_file_id), *_lines(client, batch.error_file_id)]
        except openai.OpenAIError as error:
            if getattr(error, "status_code", 0) in _NO_BATCHES:
                found = f"no batches at {client.base_url}"
                raise bad_input(found, "a server with /v1/files and /v1/batches", "leave out #batch") from None
            explain(error)
            raise
        answers = {line.get("custom_id"): line for line in lines}
        used: list[Usage | None] = []
        failed: dict[int, str] = {}
        for place in part:
            reply, usage, words = _read(answers.get(f"r{place}"), batch.status)
            used += [usage] if reply and reply.why[:9] != "refused: " else []
            if reply:
                heard(place, reply)
            else:
                failed[place] = words
        bill.settle(_sum(used))
    return failed


def _begun(client: Any, data: bytes) -> Any:
    """Return the batch of these requests: one that an earlier run began, or a new one."""
    digest = hashlib.sha256(data).hexdigest()
    for batch in client.batches.list(limit=100):
        mine = (batch.metadata or {}).get(_MARK) == digest
        if mine and (batch.status in _GOING or (batch.status == "completed" and batch.output_file_id)):
            return batch
    file = client.files.create(file=(f"{digest[:16]}.jsonl", data), purpose="batch")
    made = {"endpoint": _URL, "completion_window": "24h", "metadata": {_MARK: digest}}
    return client.batches.create(input_file_id=file.id, **made)


def _wait(client: Any, batch: Any, n: int) -> Any:
    """Return a batch that has ended, and tell on the way how far it is. Raises `DrillyardError` where it failed."""
    told, pause = told_of_asking(), _FIRST
    while batch.status in (*_GOING, "cancelling"):
        counts = batch.request_counts
        told(f"batch {batch.id} {batch.status.replace('_', ' ')}", counts.completed if counts else 0, n)
        time.sleep(pause)
        pause = min(_LONGEST, 2 * pause)
        batch = client.batches.retrieve(batch.id)
    if batch.status == "failed":
        errors = batch.errors.data if batch.errors and batch.errors.data else []
        words = clean(str(errors[0].message)) if errors else "without a reason"
        raise DrillyardError(f"batch {batch.id} failed: {' '.join(words.split())[:200]}")
    return batch


def _lines(client: Any, file: str | None) -> Iterator[dict[str, Any]]:
    for line in client.files.content(file).text.splitlines() if file else ():
        try:
            fields = json.loads(line)
        except ValueError:
            continue  # its request is missing then, and asked again
        if isinstance(fields, dict):
            yield fields


def _read(line: Mapping[str, Any] | None, status: str) -> tuple[Reply | None, Usage | None, str]:
    """Return a reply and its tokens, or why there is none."""
    if line is None:
        return None, None, f"it is not among the answers of the batch, which is {status}"
    given = line.get("response") or {}
    code, body = given.get("status_code"), given.get("body") or {}
    answer = json.loads(json.dumps(body), object_hook=lambda fields: SimpleNamespace(**fields))
    if code == 200 and choice_of(answer) is not None:
        return reply_of(answer, None), usage_of(answer), ""
    error = (body.get("error") if isinstance(body, dict) else None) or line.get("error") or {}
    words = " ".join(clean(str(error.get("message", error) if isinstance(error, dict) else error)).split())[:200]
    if code in _REFUSED:
        return Reply(text="", finish="error", why=f"refused: {code} {words}"), None, ""
    return None, None, f"{code} {words}"


def _sum(used: Sequence[Usage | None]) -> Usage | None:
    """Return all tokens together; None where the server told those of one reply only by silence."""
    known = [one for one in used if one is not None]
    if len(known) < len(used):
        return None
    return Usage(
        prompt=sum(one.prompt for one in known),
        reply=sum(one.reply for one in known),
        cached=sum(one.cached for one in known),
    )
