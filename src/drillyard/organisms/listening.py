"""What every server of ours needs on this machine: a port, a limit on what is sent to it, an end at Ctrl+C.

It stands here because the leftmost room with a server is this one.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import uvicorn
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from drillyard.errors import bad_input

__all__ = ["MAX_BODY_BYTES", "BodyLimit", "in_background", "is_loopback", "known", "listen", "reachable", "run"]

MAX_BODY_BYTES = 1_000_000


def listen(host: str, port: int) -> socket.socket:
    """Take the port now, so that a taken one is said in one line. Raises `BadInput`."""
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise bad_input(f"port {port} in use", "a free port", "type --port 0 to take any free one") from None
        raise bad_input(f"{host}:{port} ({error.strerror})", "an address of this machine") from None
    # Connections inherit this. asyncio sets it on its own listeners only; without it a reply's body waits 40 ms for the
    # client to acknowledge the head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def reachable(host: str) -> str:
    """Return the host as it is typed into a browser on this machine."""
    if host in {"0.0.0.0", "::"}:
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach what listens on this host; a name other than localhost may be anybody."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def known(proxies: Sequence[str]) -> list[str]:
    """Return proxies that are addresses or networks. Raises `BadInput` for anything else."""
    for proxy in proxies:
        try:
            ipaddress.ip_network(proxy)
        except ValueError:
            raise bad_input(f"proxy {proxy!r}", "its address, as 127.0.0.1, or network, as 10.0.0.0/8") from None
    return list(proxies)


def run(app: ASGIApp, listener: socket.socket, proxies: Sequence[str] = ()) -> None:
    """Serve until Ctrl+C; what is being answered then gets five seconds.

    X-Forwarded-For and X-Forwarded-Proto are believed from `proxies` (see `known`) and from nobody else, not even from
    this machine.
    """
    with suppress(KeyboardInterrupt):  # Ctrl+C is how a server ends, not a fault
        _server(app, proxies).run(sockets=[listener])


@contextmanager
def in_background(app: ASGIApp, listener: socket.socket, proxies: Sequence[str] = ()) -> Iterator[None]:
    """Serve in a thread of its own while the block runs, from a listener that the caller has opened."""
    server = _server(app, proxies)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def _server(app: ASGIApp, proxies: Sequence[str] = ()) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        log_config=None,  # by default uvicorn sets up the logging of the whole process, which closes others' handlers
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=75,  # after 5 s, as by default, it may close just as a reader, or a proxy for 60 s, asks again
        proxy_headers=bool(proxies),  # by default uvicorn believes whoever is on this machine
        forwarded_allow_ips=list(proxies),
    )
    return uvicorn.Server(config)


class BodyLimit:
    """Refuses a body over `limit` bytes with 413: at once when its length is declared, else as soon as it is passed."""

    def __init__(self, app: ASGIApp, limit: int = MAX_BODY_BYTES) -> None:
        self._app, self._limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, its body under watch."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"")
        size = int(declared) if declared.isdigit() else 0
        seen = 0

        async def watched() -> Message:
            nonlocal seen
            if size > self._limit:
                raise HTTPException(413)
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._limit:
                raise HTTPException(413)
            return message

        await self._app(scope, watched, send)
