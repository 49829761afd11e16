"""How an audit came about: with what seed, on which bytes."""

from __future__ import annotations

from importlib.metadata import version

from drillyard.organisms.worlds.scope import Scope
from drillyard.records import Provenance
from drillyard.targets import Target
from drillyard.targets.organism import OrganismTarget

__all__ = ["trace"]


def trace(target: Target, twin: Target | None, scope: Scope, seed: int) -> Provenance:
    """Return how an audit came about, as far as it knows itself."""
    hashes = {"target": _hash(target), "twin": _hash(twin), "world": scope.digest}
    return Provenance(
        drillyard=version("drillyard"), seed=seed, hashes={name: one for name, one in hashes.items() if one}
    )


def _hash(target: Target | None) -> str:
    return target.organism.model_hash if isinstance(target, OrganismTarget) else ""
