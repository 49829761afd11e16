"""Serving organisms on this machine: `drillyard organism serve`, and the same from Python while a block runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from drillyard.errors import bad_input
from drillyard.organisms.engine.organism import Organism
from drillyard.organisms.listening import is_loopback, listen, reachable, run, run_in_background
from drillyard.organisms.serving.app import make_app
from drillyard.organisms.serving.served import open_organisms

__all__ = ["DEFAULT_PORT", "serve", "serve_locally"]

DEFAULT_PORT = 8000


def serve(
    names: Sequence[str],
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    token: str = "",
    ready: Callable[[str, list[str]], None] | None = None,
) -> None:
    """Serve organisms until Ctrl+C; calls `ready` with the base address and the model ids once it answers.

    Port 0 takes a free one.

    Raises:
        BadInput: an organism cannot be loaded, the port is taken, or others could reach it without a token.
    """
    if not token and not is_loopback(host):
        raise bad_input(
            f"host {host} without a token", "a token, because others can reach it", "set DRILLYARD_TOKEN or --token"
        )
    if not token.isascii() or token.strip() != token:
        raise bad_input("a token with odd characters", "plain letters, digits and signs without spaces around them")
    organisms = open_organisms(names)
    with listen(host, port) as listener:
        address = f"http://{reachable(host)}:{listener.getsockname()[1]}/v1"
        run(make_app(organisms, token, lambda: ready(address, list(organisms)) if ready else None), listener)


@contextmanager
def serve_locally(organisms: Mapping[str, Organism], token: str = "", port: int = 0) -> Iterator[str]:
    """Serve organisms, by model id, on this machine alone while the block runs; gives the base address."""
    with listen("127.0.0.1", port) as listener, run_in_background(make_app(organisms, token), listener):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
