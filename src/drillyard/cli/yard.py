"""`drillyard yard`: serve a programme to its learners."""

from __future__ import annotations

from pathlib import Path

import click

from drillyard.cli import show
from drillyard.yard.serve import DEFAULT_PORT, serve

__all__ = ["command"]


@click.group()
def command() -> None:
    """Serve a programme to its learners."""


@command.command("serve")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 is every one.")
@click.option(
    "--port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(0, 65535), help="0 takes any free one."
)
@click.option("--open", "open_browser", is_flag=True, help="Open the first page in a browser.")
@click.option("--proxy", "proxies", multiple=True, help="Address of a proxy whose X-Forwarded-For is believed.")
@show.handler
def _serve(folder: Path, host: str, port: int, open_browser: bool, proxies: tuple[str, ...]) -> None:
    """Open the yard of the programme in FOLDER until Ctrl+C; prints the address and the sign-in codes."""
    serve(folder, host, port, open_browser, proxies)
