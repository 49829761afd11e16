"""Examples that ship with the package."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

__all__ = ["default_brief", "example_brief"]


def example_brief() -> Path:
    """Return the path of the example brief: a fictional shop with four roles and one AI system."""
    return Path(str(resources.files("drillyard.programs.examples") / "helpdesk" / "brief.yaml"))


def default_brief() -> Path:
    """Return the path of the brief that `drillyard up` takes by itself: the same shop, six roles, all their drills."""
    return Path(str(resources.files("drillyard.programs.examples") / "everyone" / "brief.yaml"))
