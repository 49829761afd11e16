"""Drillyard designs, creates and refines hands-on AI-safety training, on models that really fail.

The public names below are loaded when they are first used, so that `import drillyard` stays light.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from drillyard.registry import resolve

if TYPE_CHECKING:
    from drillyard.alignment.align import align as align
    from drillyard.audits.audit import audit as audit
    from drillyard.audits.recheck import recheck as recheck
    from drillyard.organisms.planting.plant import plant as plant
    from drillyard.organisms.worlds.failures import catalogue as catalogue
    from drillyard.organisms.worlds.world import World as World
    from drillyard.targets.organism import OrganismTarget as OrganismTarget
    from drillyard.targets.reference import open_target as open_target

_HOMES = {
    "OrganismTarget": "drillyard.targets.organism:OrganismTarget",
    "World": "drillyard.organisms.worlds.world:World",
    "align": "drillyard.alignment.align:align",
    "audit": "drillyard.audits.audit:audit",
    "catalogue": "drillyard.organisms.worlds.failures:catalogue",
    "open_target": "drillyard.targets.reference:open_target",
    "plant": "drillyard.organisms.planting.plant:plant",
    "recheck": "drillyard.audits.recheck:recheck",
}

__version__ = version("drillyard")
__all__ = sorted([*_HOMES, "__version__"])


def __getattr__(name: str) -> Any:
    """Load a public name from its room at first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'drillyard' has no attribute {name!r}; it has: {', '.join(__all__)}")
    return resolve(_HOMES[name])


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return __all__
