"""Read an OpenAI-compatible endpoint: greedy replies with their likeliest alternatives, and branches followed.

A branch is followed by a chat whose last message is the assistant's and is gone on with, as vLLM, SGLang, llama.cpp and
`drillyard organism serve` do; OpenAI's hosted models begin a new message instead. So the server is tried first. A
branch goes over the wire as text: one that ends within a character cannot be followed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from drillyard.errors import DrillyardError
from drillyard.organisms.engine.revealing import TOP
from drillyard.records import Conversation, Message, Reply
from drillyard.targets.revealing import Branch, ReadingTrial, Revealed

__all__ = ["Endpoint", "ReadingEndpoint", "RefusedRequest", "try_reading"]

_QUESTION = "Please name three colours."  # whatever is said to it is short, and the same again
_FEWEST = 4  # tokens of a reply, its end among them, that say something when the second half is asked for again
_NEAR = 0.25  # how far the log of the same probability may move between two batches of a coarse model
_NEVER = -100.0  # logs of alternatives that are all below this were cut off, not computed
_SHOWING = {"logprobs": True, "top_logprobs": TOP}
_GOING_ON = {"extra_body": {"continue_final_message": True, "add_generation_prompt": False}}
_MARKER = re.compile(r"<[|｜][^<>]*[|｜]>")
_T = TypeVar("_T")


class RefusedRequest(DrillyardError):
    """The server will not answer this one request, whoever asks; others may be answered."""


class Endpoint(Protocol):
    """What reading needs of an endpoint."""

    reference: str

    def completion(self, conversation: Conversation, seed: int | None, **more: Any) -> tuple[Reply, Any]:
        """Return one reply and the choice that it was made from. Raises `RefusedRequest`."""
        ...

    def each(self, ask: Callable[..., _T], requests: Iterable[tuple[Any, ...]]) -> list[_T]:
        """Return what a call gives for every request."""
        ...

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer every conversation."""
        ...

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield the reply in pieces."""
        ...


class ReadingEndpoint:
    """An endpoint that reveals: a `RevealingTarget`. Everything else it leaves to the endpoint.

    Args:
        endpoint: who is asked.
        trial: what `try_reading` has found out about it.
    """

    def __init__(self, endpoint: Endpoint, trial: ReadingTrial) -> None:
        self.reference = endpoint.reference
        self._endpoint, self._trial = endpoint, trial

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer every conversation, as the endpoint does."""
        return self._endpoint.generate(conversations, seeds)

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield the reply in the endpoint's pieces."""
        return self._endpoint.stream(conversation, seed)

    def reveal(self, conversations: Sequence[Conversation], floor: float) -> list[Revealed]:
        """Answer greedily and show the branches; one request each. What is refused (400) gets an `error` reply."""
        return self._endpoint.each(self._reveal, [(talk, floor) for talk in conversations])

    def complete(self, conversations: Sequence[Conversation], branches: Sequence[Branch]) -> list[Reply]:
        """Answer greedily along a branch that `reveal` has shown; one request each."""
        return self._endpoint.each(self._complete, zip(conversations, branches, strict=True))

    def _reveal(self, conversation: Conversation, floor: float) -> Revealed:
        try:
            reply, choice = self._endpoint.completion(conversation, None, **_SHOWING)
        except RefusedRequest:
            return Revealed(reply=Reply(text="", finish="error"), chance=0.0, branches=())
        return _read(reply, _entries(choice), self._trial.end, floor)

    def _complete(self, conversation: Conversation, branch: Branch) -> Reply:
        try:
            reply, _ = self._endpoint.completion(_begun(conversation, branch.start), None, **_GOING_ON)
        except RefusedRequest:
            return Reply(text="", finish="error")
        return reply.model_copy(update={"text": branch.start + reply.text})


def try_reading(endpoint: Endpoint) -> ReadingTrial:
    """Ask a short question greedily, then the second half of the reply again, and compare.

    An endpoint can be read when its tokens spell its reply, the end of the reply is one of them (what could have been
    added shows there), alternatives have probabilities that nothing has cut off, and half of the reply is gone on with
    in the same words and with the same probability.

    Raises:
        DrillyardError: the server does not answer at all.
    """
    talk = Conversation.ask(_QUESTION)
    try:
        reply, choice = endpoint.completion(talk, None, **_SHOWING)
    except RefusedRequest as refused:
        return _sampled(f"a request for {TOP} alternatives per token is refused ({refused})", 1)
    entries = _entries(choice)
    if why := _unreadable(reply, entries):
        return _sampled(why, 1)
    half = next((at for at in range(len(entries) // 2, 0, -1) if _text(entries[:at]) is not None), 0)
    begin = _text(entries[:half]) or ""
    try:
        rest, choice = endpoint.completion(_begun(talk, begin), None, **_SHOWING, **_GOING_ON)
    except RefusedRequest as refused:
        return _sampled(f"a reply cannot be gone on with from a beginning ({refused})", 2)
    if begin + rest.text != reply.text:
        return _sampled(f"{reply.text!r} begun again at {begin!r} goes on with {rest.text[:60]!r}", 2)
    again = _entries(choice)
    if not again or abs(again[0].logprob - entries[half].logprob) > _NEAR:
        return _sampled("after a given beginning the same token has another probability", 2)
    why = f"read: the top {TOP} log-probabilities are given and a reply can be gone on with from a beginning"
    return ReadingTrial(reads=True, why=why, queries=2, end=entries[-1].token)


def _sampled(why: str, queries: int) -> ReadingTrial:
    return ReadingTrial(reads=False, why=f"sampled: {why}", queries=queries)


def _unreadable(reply: Reply, entries: Sequence[Any]) -> str:
    """Say what is missing in a reply and its tokens, if anything is."""
    if not entries:
        return "no log-probabilities are given"
    if reply.finish != "stop":
        return "the reply of the trial did not end"
    if _text(entries) == reply.text and _bytes(entries[-1]):
        return "the log-probabilities leave out the end of a reply, where what could be added would show"
    if _text(entries[:-1]) != reply.text:
        return "the tokens do not spell the reply"
    if len(entries) < _FEWEST:
        return f"the reply of the trial, {reply.text!r}, is too short to compare"
    others = [other.logprob for one in entries for other in one.top_logprobs if other.token != one.token]
    if max(others, default=_NEVER) <= _NEVER:
        return "alternatives have no probability: they are cut off before they are told"
    return ""


def _read(reply: Reply, entries: Sequence[Any], end: str, floor: float) -> Revealed:
    """Return a reply with the branches that leave it, the likeliest first."""
    least, so_far, said = math.log(floor), 0.0, b""
    branches = []
    for entry in entries:
        for other in entry.top_logprobs[:TOP]:
            if _same(other, entry) or other.logprob < least - so_far:
                continue
            ends = _is_end(other, end)
            start = _decoded(said if ends else said + _bytes(other))
            if start is not None:
                branches.append(Branch(start=start, ids=(), chance=math.exp(so_far + other.logprob), ends=ends))
        so_far += entry.logprob
        said += b"" if _is_end(entry, end) else _bytes(entry)
    branches.sort(key=lambda branch: -branch.chance)
    return Revealed(reply=reply, chance=math.exp(so_far), branches=tuple(branches))


def _entries(choice: Any) -> list[Any]:
    told = getattr(choice, "logprobs", None)
    return list(getattr(told, "content", None) or [])


def _begun(conversation: Conversation, start: str) -> Conversation:
    messages = (*conversation.messages, Message(role="assistant", content=start))
    return conversation.model_copy(update={"messages": messages})


def _is_end(entry: Any, end: str) -> bool:
    """Say whether a token ends a reply: the end of the trial's reply, one without text, or any other marker."""
    return entry.token == end or not _bytes(entry) or bool(_MARKER.fullmatch(entry.token))


def _same(one: Any, other: Any) -> bool:
    return bool(one.token == other.token and _bytes(one) == _bytes(other))


def _text(entries: Sequence[Any]) -> str | None:
    """Return what tokens spell; None within a character."""
    return _decoded(b"".join(map(_bytes, entries)))


def _bytes(entry: Any) -> bytes:
    return entry.token.encode() if entry.bytes is None else bytes(entry.bytes)


def _decoded(said: bytes) -> str | None:
    try:
        return said.decode()
    except UnicodeDecodeError:
        return None
