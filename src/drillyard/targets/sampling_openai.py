"""What a chat completion is asked to be drawn with: every field told, so that no server fills in its own.

vLLM and SGLang take what generation_config.json says for a field that is left out, llama.cpp cuts at top_k 40, top_p
.95 and min_p .05, which hides rare failures. A server that refuses a field is asked without it from then on.
"""

from __future__ import annotations

import re
import threading
from typing import Any

from drillyard.organisms.engine.sampling import MIN_P
from drillyard.targets.settings import Settings

__all__ = ["Sampling", "read_error"]

_NEUTRAL = {"top_p": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0}
_EXTRAS = {"top_k": 0, "min_p": MIN_P, "repetition_penalty": 1.0}
"""Fields that OpenAI does not know. With this min_p, that of organisms, goes what is two thousand times less probable
than the likeliest token."""
_OPTIONAL = ("temperature", "max_completion_tokens", "seed", "max_tokens", *_NEUTRAL)
"""Parameters without which a request still means the same, or nearly."""


class Sampling:
    """The fields of a request that decide how replies are drawn. Safe for several threads.

    Args:
        temperature: of sampled replies; greedy ones ask for 0.
        room: most new tokens.
        deployed: leave sampling to the server, as its other clients do.
        extras: tell the fields that OpenAI itself does not know.
        settings: what is stored beside that: where a system message goes, and the address.
    """

    def __init__(self, temperature: float, room: int, *, deployed: bool, extras: bool, **settings: Any) -> None:
        self._temperature, self._room, self._deployed, self._told = temperature, room, deployed, settings
        self._extras: dict[str, Any] = dict(_EXTRAS) if extras and not deployed else {}
        self._wanted = tuple(self._extras.items())
        self._left_out: dict[str, str] = {}  # parameters that the server refuses, and its words
        self._lock = threading.Lock()

    def fields(self, seed: int | None) -> dict[str, Any]:
        """Return the fields of a request with a seed; `None` is greedy."""
        wanted: dict[str, Any] = {"max_completion_tokens": self._room}
        if not self._deployed:
            wanted |= {"temperature": 0.0 if seed is None else self._temperature, **_NEUTRAL}
        elif seed is None:
            wanted["temperature"] = 0.0
        wanted |= {} if seed is None else {"seed": seed}
        with self._lock:
            given = {name: value for name, value in wanted.items() if name not in self._left_out}
            if "max_completion_tokens" in self._left_out and "max_tokens" not in self._left_out:
                given["max_tokens"] = self._room  # its older name
            return {**given, "extra_body": dict(self._extras)}

    def leave_out(self, error: Any) -> tuple[bool, list[str]]:
        """Leave out from now on what a server refuses: whether to ask again, and the names that are new to us.

        One refusal may name several fields that OpenAI does not know; of its own, one at a time is left out.
        """
        words = read_error(error)
        with self._lock:
            extras = [one for one in _EXTRAS if one == error.param or re.search(rf"\b{one}\b", words)]
            named = extras or [one for one in _OPTIONAL if one == error.param or re.search(rf"\b{one}\b", words)]
            new = [one for one in named if one not in self._left_out][: None if extras else 1]
            again = bool(new) or error.param in self._left_out or bool(extras)
            self._left_out |= {name: words for name in new}
            for name in new:
                self._extras.pop(name, None)
        return again and bool(named), new

    @property
    def asked_settings(self) -> str:
        """What a server is asked for, before it refuses any of it: what replies are kept under."""
        return f"{self._temperature} {self._room} {self._deployed} {sorted(self._wanted)}"

    @property
    def settings(self) -> Settings:
        """What is asked of the server; None for what it decides by itself, or refuses to be asked."""
        asked: dict[str, Any] = {"temperature": None if self._deployed else self._temperature}
        asked |= {"top_p": None if self._deployed else 1.0, **dict.fromkeys(_EXTRAS)}
        with self._lock:
            asked |= self._extras
            asked |= {name: None for name in self._left_out if name in asked}
        way = "deployed" if self._deployed else "plain"
        return Settings.model_validate({"way": way, "max_new_tokens": self._room, **asked, **self._told})


def read_error(error: Any) -> str:
    """Return what a server says of an error, in one line."""
    body = error.body if isinstance(error.body, dict) else {}
    said = body.get("message") or body.get("detail") or str(error).partition("\n")[0]
    plain = str(said).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return " ".join(plain.split())[:200]
