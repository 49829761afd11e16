"""Finding something in the catalogue: by words, role and skill, with a word that is near where nothing is found."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from drillyard.planning.graph import Catalogue
from drillyard.records import Activity

__all__ = ["Entry", "entries_of", "find", "nearest"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An activity of the catalogue with the titles of the skills that it serves and of the roles that may take it."""

    activity: Activity
    skills: dict[str, str]
    roles: dict[str, str]

    @property
    def words(self) -> str:
        """Everything that is searched."""
        one = self.activity
        return " ".join(
            (one.id, one.title, one.kind, one.drill, *self.skills.values(), *self.roles.values())
        ).casefold()


def entries_of(catalogue: Catalogue) -> list[Entry]:
    """Return every activity that is built, in the order of the catalogue."""
    titles = {one.id: one.title for one in catalogue.competencies}
    serves = {one.id: one.competency for one in catalogue.objectives}
    open_to = {role.id: {one.id for one in catalogue.open_to(role)} for role in catalogue.roles}
    return [
        Entry(
            activity=one,
            skills={serves[aim]: titles[serves[aim]] for aim in one.objectives if aim in serves},
            roles={role.id: role.title for role in catalogue.roles if one.id in open_to[role.id]},
        )
        for one in catalogue.activities
        if one.ready
    ]


def find(entries: Iterable[Entry], words: str = "", role: str = "", skill: str = "", kind: str = "") -> list[Entry]:
    """Return the entries that hold every word, whatever its case, and are of a role, a skill and a kind."""
    asked = words.casefold().split()
    return [
        one
        for one in entries
        if all(word in one.words for word in asked)
        and (not role or role in one.roles)
        and (not skill or skill in one.skills)
        and (not kind or kind == one.activity.kind)
    ]


def nearest(entries: Sequence[Entry], words: str) -> list[str]:
    """Return up to three words of the catalogue that are near those that found nothing; none where none is."""
    known = dict.fromkeys(word for one in entries for word in re.findall(r"[a-z]{4,}", one.words))
    near = [hit for word in words.casefold().split() for hit in difflib.get_close_matches(word, known, n=2, cutoff=0.7)]
    return list(dict.fromkeys(near))[:3]
