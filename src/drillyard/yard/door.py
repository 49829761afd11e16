"""The door: who may come in, how often they may try, and how much they may carry.

Does not cover: many addresses trying at once, a reverse proxy that hides the addresses (all its visitors then share
one limit), and anyone who reads the wire: serve the yard behind TLS when it leaves the machine.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = [
    "HEADERS",
    "SecurityHeaders",
    "TryLimit",
    "form_matches",
    "form_token",
    "match_code",
    "plain_code",
]

HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


def plain_code(typed: str) -> str:
    """Return the letters and digits of a sign-in code, whatever the case, spacing and hyphens it was typed with."""
    return "".join(letter for letter in typed.casefold() if letter.isalnum())


def match_code(typed: str, codes: Iterable[str]) -> int | None:
    """Return which of the codes was typed. Each is compared, in constant time, so that timing tells nothing."""
    given, found = plain_code(typed).encode(), None
    for place, code in enumerate(codes):
        if hmac.compare_digest(given, plain_code(code).encode()):
            found = place
    return found


def form_token(cookie: str) -> str:
    """Return the token that a form must carry: known only to a page that was rendered for this cookie."""
    return hmac.new(cookie.encode(), b"drillyard form", hashlib.sha256).hexdigest()


def form_matches(cookie: str, typed: str) -> bool:
    """Say whether a form carries the token of this cookie."""
    return hmac.compare_digest(form_token(cookie).encode(), typed.encode())


class TryLimit:
    """Counts failed tries per name (an address, a code's first letters) within a sliding window.

    Forgets the oldest names beyond `names`, so that memory stays bounded. Kept in memory: a restart forgives. Who holds
    `looking` from `wait` to `failed` lets no more tries through that come at once than come one by one.
    """

    def __init__(
        self, tries: int, seconds: float, clock: Callable[[], float] = time.monotonic, names: int = 10_000
    ) -> None:
        self._tries, self._seconds, self._clock, self._names = tries, seconds, clock, names
        self._failed: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = threading.Lock()
        self.looking = threading.Lock()

    def wait(self, name: str) -> float:
        """Return the seconds until this name may try again, 0 when it may now."""
        with self._lock:
            recent = self._recent(name)
            return max(0.0, recent[-self._tries] + self._seconds - self._clock()) if len(recent) >= self._tries else 0.0

    def failed(self, name: str) -> None:
        """Count a failed try."""
        with self._lock:
            self._failed[name] = [*self._recent(name), self._clock()]
            self._failed.move_to_end(name)
            while len(self._failed) > self._names:
                self._failed.popitem(last=False)

    def _recent(self, name: str) -> list[float]:
        since = self._clock() - self._seconds
        return [at for at in self._failed.get(name, ()) if at > since]


class SecurityHeaders:
    """Puts a strict content security policy and its companions on every response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add the headers to its response."""

        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)  # a page that answers another site says so itself
                # Pages hold a learner's work and stay in no cache; assets are asked for again by their etag.
                headers["cache-control"] = "no-cache" if scope["path"].startswith("/static/") else "no-store"
            await send(message)

        await self._app(scope, receive, adding)
