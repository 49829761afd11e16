"""Examples that ship with the package."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

__all__ = ["example_brief"]


def example_brief() -> Path:
    """Return the path of the example brief: a fictional shop with four roles and one AI system."""
    return Path(str(resources.files("drillyard.programs.examples") / "helpdesk" / "brief.yaml"))
