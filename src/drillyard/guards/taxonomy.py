"""The taxonomy as a record: behaviours, their tactics and look-alikes, and which behaviours words alone do not show."""

from __future__ import annotations

import functools
from importlib import resources

import yaml

from drillyard.records import Record

__all__ = ["Behaviour", "Taxonomy", "load_taxonomy"]


class Behaviour(Record):
    """What a guard looks for: what it is in words, who lists it under which name, how it sounds, what sounds alike."""

    words: str
    sources: dict[str, str]
    tactics: dict[str, tuple[str, ...]]
    lookalikes: tuple[str, ...]


class Taxonomy(Record):
    """Behaviours by code; `unseen` are codes that a guard on words cannot see, with the reason."""

    sources: dict[str, str]
    behaviours: dict[str, Behaviour]
    unseen: dict[str, str]


@functools.cache
def load_taxonomy() -> Taxonomy:
    """Return the taxonomy that ships with Drillyard."""
    text = resources.files("drillyard.guards").joinpath("taxonomy.yaml").read_text(encoding="utf-8")
    return Taxonomy.from_data(yaml.safe_load(text))
