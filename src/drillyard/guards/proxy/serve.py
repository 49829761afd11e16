"""Serving a guarded endpoint: `drillyard guard serve`, and the same from Python while a block runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from drillyard.errors import bad_input
from drillyard.guards.proxy.app import GuardedEndpoint, make_guard_app
from drillyard.organisms.listening import Patience, is_loopback, listen, reachable, run, run_in_background

__all__ = ["DEFAULT_PORT", "check_upstream", "guard_locally", "serve_guard"]

DEFAULT_PORT = 8100
_BLANK = re.compile(r"\s")
_TAIL = re.compile(r"/(chat/completions|completions|models)/?$")  # clients add them
_PATIENCE = Patience(connections=4096)  # more than files that may be open, as a rule: those are the limit then


def check_upstream(url: str) -> str:
    """Return the address of a model's server. Raises `BadInput` for anything but http(s), a host, no password."""
    address = "the base address of a server, such as http://127.0.0.1:8000/v1"
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # half of an IPv6 address, or a port that is none
        raise bad_input(f"upstream {url!r}", address) from None
    if not whole or parts.query or parts.fragment or _BLANK.search(url):
        raise bad_input(f"upstream {url!r}", address)
    if tail := _TAIL.search(parts.path):
        raise bad_input(f"upstream {url!r}", address, f"leave out {tail.group()}")
    if parts.username or parts.password:
        raise bad_input("an upstream with a name or password in it", "an address alone", "set OPENAI_API_KEY")
    return url


def serve_guard(
    endpoint: GuardedEndpoint,
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    token: str = "",
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until Ctrl+C; calls `ready` with the base address once it answers. Port 0 takes a free one.

    Raises:
        BadInput: the port is taken, or others could reach it without a token.
    """
    if not token and not is_loopback(host):
        words = "a token, because others can reach it"
        raise bad_input(f"host {host} without a token", words, "set DRILLYARD_TOKEN or --token")
    with listen(host, port) as listener:
        address = f"http://{reachable(host)}:{listener.getsockname()[1]}/v1"
        app = make_guard_app(endpoint, token, lambda: ready(address) if ready else None)
        run(app, listener, patience=_PATIENCE)


@contextmanager
def guard_locally(endpoint: GuardedEndpoint, token: str = "") -> Iterator[str]:
    """Serve on this machine alone while the block runs; gives the base address."""
    with listen("127.0.0.1", 0) as listener:
        app = make_guard_app(endpoint, token)
        with run_in_background(app, listener, patience=_PATIENCE):
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
