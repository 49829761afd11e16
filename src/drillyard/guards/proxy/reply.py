"""One reply under guard, as it goes over the wire: chunks or a whole body in, what may be sent out.

Only text is guarded: `content` and `refusal` of chats and `text` of completions. Where one of these is something else,
such as a list of parts, or a chat speaks in both, the reply cannot be read. Tool calls, usage and fields that are not
known pass as they are, after the text that came before them. Log-probabilities spell the text, so they are left out
where text is held back.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from drillyard.guards.gate import REFUSAL, Gate

__all__ = ["Broken", "GuardedReply"]

DONE = b"[DONE]"
_CALLS = ("tool_calls", "function_call")


class Broken(Exception):
    """What the model's server sent cannot be read, so that nothing of it can be guarded."""


class GuardedReply:
    """Guards the choices of one reply.

    Args:
        gate: makes the gate of a choice.
        passive: the reply is passed on as it is (`audit`, and `flag` but for its last chunk).
        told: whether flags are told to the client, as `guard` of a choice.
        choices: how many were asked for; when all of them are blocked, the reply is over.
    """

    def __init__(self, gate: Callable[[], Gate], *, passive: bool, told: bool, choices: int = 1) -> None:
        self._make, self._passive, self._told, self._choices = gate, passive, told, choices
        self._gates: dict[int, Gate] = {}
        self._over: set[int] = set()
        self._keys: dict[int, str] = {}
        self._last: dict[str, Any] = {}
        self.done = self.given_up = False
        self.all_gates: list[Gate] = []

    @property
    def complete(self) -> bool:
        """Whether every choice that was asked for has ended; some servers then close without `[DONE]`."""
        return len(self._over) >= self._choices

    @property
    def outcome(self) -> str:
        """What became of the reply where it ends here."""
        return "unguarded" if self.given_up else "passed" if self.done or self.complete else "died"

    def event(self, data: bytes) -> list[bytes]:
        """Return the data of the events to send for one that came. Raises `Broken`."""
        if self.done:
            return []
        if self.given_up:
            self.done = data == DONE
            return [data]
        if data == DONE:
            return [*self.rest(), DONE]
        chunk = _parsed(data)
        choices = chunk.get("choices")
        if not choices:
            return [data]
        if not isinstance(choices, list):
            raise Broken("choices that are no list")
        self._last = chunk
        kept = [made for choice in choices if (made := self._choice(choice)) is not None]
        if self._passive and not (self._told and any("guard" in one for one in kept)):
            return [data]
        out = [json.dumps({**chunk, "choices": kept}).encode()] if kept else []
        if len(self._gates) >= self._choices and all(gate.closed for gate in self._gates.values()):
            self.done = True
            return [*out, DONE]
        return out

    def rest(self) -> list[bytes]:
        """Return what was held back of choices that did not end, as the data of events; the reply is over."""
        out: list[bytes] = []
        self.done = True
        if self.given_up:
            return out
        for index, gate in self._gates.items():
            if index in self._over:
                continue
            text = gate.end()
            if (text or gate.closed) and not self._passive:
                out.append(self._made(index, text, gate))
        return out

    def give_up(self, data: bytes) -> list[bytes]:
        """Return what was held back and the event that cannot be guarded; what follows passes as it comes."""
        self.given_up = True
        held = [(index, gate.release(), gate) for index, gate in self._gates.items() if index not in self._over]
        return [*(self._made(index, text, gate) for index, text, gate in held if text), data]

    def whole(self, body: bytes) -> bytes:
        """Return the body of a reply that came in one. Raises `Broken`."""
        data = _parsed(body)
        choices = data.get("choices")
        if not isinstance(choices, list):
            raise Broken("no choices")
        changed = [self._whole_choice(choice) for choice in choices]
        return json.dumps(data).encode() if any(changed) else body

    def _choice(self, choice: Any) -> dict[str, Any] | None:
        """Return a choice of a chunk as it may be sent; None where nothing of it may."""
        if not isinstance(choice, dict):
            raise Broken("a choice that is no object")
        index, delta = choice.get("index", 0), choice.get("delta")
        if index in self._over and not self._passive:
            return None
        gate = self._gates.get(index)
        if gate is None:
            gate = self._gates[index] = self._new()
        place, key, text = _text(choice, delta)
        if text:
            if self._keys.setdefault(index, key) != key:
                raise Broken("text that goes on in another field")
        else:
            key = self._keys.get(index, key)
        calls = any(place.get(name) for name in _CALLS)
        over = choice.get("finish_reason") is not None
        sent = gate.feed(text) if text else ""
        if calls or over:
            sent += gate.end()
        if not self._passive:
            self._send(choice, place, key, sent, gate, had=text is not None)
        if (over or gate.closed) and gate.flag and self._told:
            choice["guard"] = _flag(gate)
        if over or gate.closed:
            self._over.add(index)
        elif calls:
            self._gates[index] = self._new()
        return choice

    def _send(
        self, choice: dict[str, Any], place: dict[str, Any], key: str, sent: str, gate: Gate, *, had: bool
    ) -> None:
        """Put what may be sent into a choice."""
        if gate.closed:
            sent = f"{sent}{REFUSAL}"
            choice["finish_reason"] = "content_filter"
            for name in _CALLS:
                place.pop(name, None)
        if had or sent:
            place[key] = sent
        if choice.get("logprobs"):
            choice["logprobs"] = None

    def _whole_choice(self, choice: Any) -> bool:
        if not isinstance(choice, dict):
            raise Broken("a choice that is no object")
        place, key, text = _text(choice, choice.get("message"))
        if text is None:
            return False
        gate = self._new()
        sent = gate.feed(text)
        sent += gate.end()
        if not self._passive and gate.flag:
            self._send(choice, place, key, sent, gate, had=True)
        if gate.flag and self._told:
            choice["guard"] = _flag(gate)
        return bool(gate.flag) and (self._told or not self._passive)

    def _made(self, index: int, text: str, gate: Gate) -> bytes:
        """Return a chunk of ours, shaped like the last that came."""
        chat = "delta" in (self._last.get("choices") or [{}])[0]
        choice: dict[str, Any] = {"index": index, "finish_reason": None} | ({"delta": {}} if chat else {})
        place, key = (choice["delta"], self._keys.get(index, "content")) if chat else (choice, "text")
        self._send(choice, place, key, text, gate, had=True)
        if gate.flag and self._told:
            choice["guard"] = _flag(gate)
        return json.dumps({**self._last, "choices": [choice], "usage": None}).encode()

    def _new(self) -> Gate:
        gate = self._make()
        self.all_gates.append(gate)
        return gate


def _flag(gate: Gate) -> dict[str, Any]:
    assert gate.flag is not None
    return {"behaviour": gate.flag.behaviour, "score": round(gate.flag.score, 4)}


def _text(choice: dict[str, Any], chat: Any) -> tuple[dict[str, Any], str, str | None]:
    """Return where the text of a choice stands, under which key, and the text. Raises `Broken` if that is unclear."""
    place, keys = (chat, ("content", "refusal")) if isinstance(chat, dict) else (choice, ("text",))
    if any(not isinstance(place.get(key), str | None) for key in keys):
        raise Broken("text that is no string")
    said = [key for key in keys if place.get(key)] or [keys[0]]
    if len(said) > 1:
        raise Broken("text in two fields")
    return place, said[0], place.get(said[0])


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Broken(f"no JSON: {error}") from None
    if not isinstance(found, dict):
        raise Broken("no JSON object")
    return found
