"""How a result came about."""

from __future__ import annotations

from drillyard.records.base import Record

__all__ = ["Provenance"]


class Provenance(Record):
    """What it takes to make a result again, beside what it says itself.

    `drillyard` is the release, `command` what was typed or called. `hashes` are SHA-256 by what they are of, such as
    `target`, `world` or `lesson`; what cannot be seen, such as weights behind an API, has none. `seed` is of the search
    or, in a comparison, of the bootstrap.
    """

    drillyard: str
    command: str = ""
    seed: int = 1
    hashes: dict[str, str] = {}  # of a Mapping pydantic resets the warning filters, and what warns once warns twice
