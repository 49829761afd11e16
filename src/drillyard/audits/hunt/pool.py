"""Everything that a hunt has seen, searchable by traits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from drillyard.audits.hunt.candidate import MUTATION, holds
from drillyard.audits.hunt.sighting import Sighting, sentences

__all__ = ["Pool"]


class Pool:
    """Sightings in the order in which they came, by kind of request; and what sound replies say."""

    def __init__(self) -> None:
        self._all: list[Sighting] = []
        self._of_kind: dict[str, list[Sighting]] = {}
        self._sound: set[str] = set()

    def __iter__(self) -> Iterator[Sighting]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def add(self, seen: Iterable[Sighting]) -> None:
        """Take sightings in."""
        for sighting in seen:
            self._all.append(sighting)
            self._of_kind.setdefault(sighting.candidate.kind, []).append(sighting)
            if sighting.sound:
                self._sound |= sentences(sighting.sound)

    def matching(self, kinds: Sequence[str], core: Mapping[str, str]) -> list[Sighting]:
        """Return what was seen of prompts of these kinds with these traits; changed prompts only if that is asked."""
        return [
            sighting
            for kind in kinds
            for sighting in self._of_kind.get(kind, ())
            if holds(sighting.candidate.traits, core)
            and sighting.candidate.traits.get(MUTATION, "") == core.get(MUTATION, "")
        ]

    def manner(self, sighting: Sighting, behaviour: str) -> frozenset[str]:
        """Return the sentences of a failing reply that no sound reply has said: how it fails."""
        return sighting.manner(behaviour) - self._sound
