"""A client of a gateway: signs requests with one account's key."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from drillyard.containment.gateway.questions import Question
from drillyard.containment.gateway.requests import Signed, make_ballot, sign_request, vote_path
from drillyard.containment.gateway.signing import Key
from drillyard.errors import bad_input
from drillyard.records.strict_json import parse_json

__all__ = ["Caller", "make_headers"]

_MOST_BYTES = 64_000_000  # of a reply: all questions that wait


def make_headers(request: Signed) -> dict[str, str]:
    """Return the headers that carry a request's signature."""
    named = {"account": request.account, "time": request.at, "nonce": request.nonce, "signature": request.signature}
    # Headers are ASCII, names of people are not.
    return {f"x-{name}": quote(value, safe="") for name, value in named.items()}


class Caller:
    """Calls one plane of a gateway at a URL such as http://127.0.0.1:8431 with one key."""

    def __init__(self, url: str, key: Key, timeout: float = 10.0) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise bad_input(f"{url!r}", "a URL such as http://127.0.0.1:8431", "see the urls of gateway serve")
        self._host, self._port, self._key, self._timeout = parts.hostname, parts.port or 80, key, timeout

    def call(self, method: str, path: str, data: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send one request and return the reply without its padding; raises `BadInput` where it is refused."""
        request = sign_request(self._key, method, path, json.dumps(data) if data is not None else "")
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        try:
            connection.request(method, path, request.body.encode(), make_headers(request))
            reply = connection.getresponse()
            told = parse_json(reply.read(_MOST_BYTES))
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise bad_input(f"no answer ({error})", "a gateway at this URL", "start gateway serve") from None
        finally:
            connection.close()
        if not isinstance(told, dict):
            raise bad_input("an answer that is no JSON object", "a gateway at this URL", "start gateway serve")
        told.pop("pad", None)
        if reply.status == 409:
            raise bad_input("a second vote of yours on this question", "one of each person; the first one counts")
        if reply.status != 200:
            raise bad_input(f"{reply.status} at {method} {path}", "a request that this key may make now")
        return dict(told)

    def vote(self, name: str, approve: bool) -> Question:
        """Vote on a question that waits, by the digest of the words that were shown; returns the question.

        Raises:
            BadInput: no such question waits, or the vote is refused.
        """
        waiting = {one["id"]: one["question"] for one in self.call("GET", "/questions")["questions"]}
        if name not in waiting:
            raise bad_input(f"question {name!r}", f"one that waits ({', '.join(sorted(waiting)) or 'there is none'})")
        question = Question.from_data(waiting[name])
        self.call("POST", vote_path(name), json.loads(make_ballot(approve, question.digest())))
        return question
