"""Which address a key of OpenAI's API is for: it goes nowhere else."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from drillyard.errors import bad_input

__all__ = ["KEY", "NO_KEY", "OURS", "configured", "key_for", "server_of"]

KEY = "OPENAI_API_KEY"
NO_KEY = "none"
OURS = "https://api.openai.com/v1"


def configured() -> str:
    """Return the address that the key is for."""
    return os.environ.get("OPENAI_BASE_URL", "") or OURS


def key_for(base_url: str, received: bool) -> str:
    """Return the key to send to an address; `NO_KEY` for one that only a file names and the key is not for.

    Raises:
        BadInput: no key for OpenAI, or one that no header takes.
    """
    key = os.environ.get(KEY, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise bad_input(f"a key in {KEY} with a line break, or with signs that no header takes", "the key alone")
    if key and received and server_of(base_url) != server_of(configured()):
        return NO_KEY
    if key:
        return key
    if base_url.startswith(OURS):
        raise bad_input(f"no key for {base_url}", f"one in the environment variable {KEY}", f"type: export {KEY}=…")
    return NO_KEY


def server_of(url: str) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port: what a key is given to."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
