"""When a serious incident must be reported at the latest, by the law as its data file has it."""

from __future__ import annotations

from datetime import date, timedelta
from importlib import resources
from typing import Any

import yaml

from drillyard.records import Record

__all__ = ["Deadline", "Deadlines", "deadlines"]


class Deadline(Record):
    """One kind of incident and the last day for its report."""

    id: str
    words: str
    paragraph: str
    days: int
    due: date
    left: int


class Deadlines(Record):
    """What the law asks for, counted from the day of awareness. `left` counts days from `today`; below 0 it is late.

    Which kind an incident is, is for people to say; so is whether the system is a high-risk one at all.
    """

    law: str
    source: str
    read: date
    applies_from: date
    aware: date
    today: date
    deadlines: tuple[Deadline, ...]


def deadlines(aware: date, today: date) -> Deadlines:
    """Return the deadlines of Article 73 for an incident that was known of on the day `aware`."""
    text = (resources.files("drillyard.incidents") / "data" / "article-73.yaml").read_text(encoding="utf-8")
    data: Any = yaml.safe_load(text)
    due = [{**one, "due": aware + timedelta(days=one["days"])} for one in data.pop("deadlines")]
    counted = tuple(Deadline(**one, left=(one["due"] - today).days) for one in due)
    return Deadlines(**data, aware=aware, today=today, deadlines=counted)
