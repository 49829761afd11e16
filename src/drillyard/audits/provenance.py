"""How a report came about: what was typed, with what seed, on which bytes."""

from __future__ import annotations

from importlib.metadata import version

from drillyard.organisms.worlds.scope import Scope
from drillyard.records import Record
from drillyard.targets import Target
from drillyard.targets.organism import OrganismTarget
from drillyard.targets.settings import Settings

__all__ = ["Provenance", "provenance"]


class Provenance(Record):
    """What it takes to make a report again.

    `command` is empty for an audit that was called from Python. Hashes are SHA-256; `target_hash` is empty where the
    weights cannot be seen. `cap` is the most tokens, 0 where there is no cap. `fail_on` are the criteria that the audit
    was held to. `settings` are those that replies were drawn with, of a target that has them (`hf/…`, `openai/…`).
    """

    drillyard: str
    command: str = ""
    budget: int
    seed: int
    twin: str = ""
    world_hash: str = ""
    target_hash: str = ""
    twin_hash: str = ""
    fail_on: tuple[str, ...] = ()
    cap: int = 0
    settings: Settings | None = None


def provenance(target: Target, twin: Target | None, scope: Scope, budget: int, seed: int, cap: int = 0) -> Provenance:
    """Return how a report came about, as far as the audit itself knows."""
    return Provenance(
        drillyard=version("drillyard"),
        budget=budget,
        seed=seed,
        cap=cap,
        twin=twin.reference if twin else "",
        world_hash=scope.digest,
        target_hash=_hash(target),
        twin_hash=_hash(twin),
        settings=getattr(target, "settings", None),
    )


def _hash(target: Target | None) -> str:
    return target.organism.model_hash if isinstance(target, OrganismTarget) else ""
