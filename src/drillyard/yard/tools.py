"""The yard as a tool of course platforms, where the programme names some: opened only then, because it is an extra."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization

from drillyard.errors import MissingExtra, bad_input
from drillyard.programs.folder import ProgramFolder
from drillyard.registrar.keys import private_key, private_pem
from drillyard.registrar.platforms import LTI_FILE, Platforms, read_platforms
from drillyard.registrar.store import Store
from drillyard.yard.rounds import Rounds

if TYPE_CHECKING:
    from drillyard.yard.tool_lti import Tool

__all__ = ["open_sender", "open_tool"]

_KEY = "lti-key.pem"


def open_tool(programme: ProgramFolder, platforms: Platforms, url: str) -> Tool | None:
    """Return the tool, or `None` where the programme lets no platform in.

    Raises:
        BadInput: a file of platforms that is wrong, or no address under which they reach the yard.
        MissingExtra: `pylti1p3` is not installed.
    """
    listed = read_platforms(programme)
    if not listed:
        return None
    if not url:
        raise bad_input(f"{LTI_FILE} without the yard's address", "both", "add --url https://yard.example.org")
    try:
        from drillyard.yard.tool_lti import Tool
    except ImportError:
        raise MissingExtra("lti", "launching by LTI 1.3") from None
    file = programme.path / _KEY
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    public = private_key(file).public_key().public_bytes(serialization.Encoding.PEM, form)
    return Tool(listed, platforms, (private_pem(file).decode(), public.decode()), url)


def open_sender(tool: Tool | None, platforms: Platforms, store: Store, programme: ProgramFolder) -> Rounds | None:
    """Return what sends scores back, where there is a tool."""
    if tool is None:
        return None
    from drillyard.yard.scores_lti import ScoreSender

    return ScoreSender(tool, platforms, store, programme)
