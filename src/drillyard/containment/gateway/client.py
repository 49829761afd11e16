"""A client of a gateway: signs requests with one account's key."""

from __future__ import annotations

import http.client
import json
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from drillyard.containment.gateway.keys import Account, signature
from drillyard.errors import bad_input

__all__ = ["Caller", "signed_headers"]


def signed_headers(
    account: Account, method: str, path: str, body: bytes, now: Callable[[], float] = time.time
) -> dict[str, str]:
    """Return the headers of a signed request, with a fresh nonce."""
    at, nonce = repr(now()), secrets.token_hex(16)
    mark = signature(account, method, path, at, nonce, body)
    return {"x-account": account.id, "x-time": at, "x-nonce": nonce, "x-signature": mark}


class Caller:
    """Calls one plane of a gateway at a URL such as http://127.0.0.1:8431 with one key."""

    def __init__(self, url: str, account: Account, timeout: float = 10.0) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise bad_input(f"{url!r}", "a URL such as http://127.0.0.1:8431", "see the urls of gateway serve")
        self._host, self._port, self._account, self._timeout = parts.hostname, parts.port or 80, account, timeout

    def call(self, method: str, path: str, data: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send one request and return the reply without its padding; raises `BadInput` where it is refused."""
        body = json.dumps(data).encode() if data is not None else b""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        try:
            connection.request(method, path, body, signed_headers(self._account, method, path, body))
            reply = connection.getresponse()
            told = json.loads(reply.read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise bad_input(f"no answer ({error})", "a gateway at this URL", "start gateway serve") from None
        finally:
            connection.close()
        told.pop("pad", None)
        if reply.status != 200:
            raise bad_input(f"{reply.status} at {method} {path}", "a request that this key may make now")
        return dict(told)
