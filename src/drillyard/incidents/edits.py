"""Bad replies without what is bad in them: as few sentences are left out as the judge needs, and nothing is added."""

from __future__ import annotations

from collections.abc import Sequence

from drillyard.incidents.case import Case
from drillyard.incidents.replay.judging import ReplayJudge
from drillyard.incidents.row import Row
from drillyard.oversight.checking.claims import sentences
from drillyard.records import Conversation, Reply

__all__ = ["asked_in", "edited"]


def asked_in(case: Case, row: Row) -> Conversation:
    """Return what the model was given in a row of the log."""
    return row.conversation(case.template(row).systems(row.vars))


def edited(case: Case, rows: Sequence[Row], judge: ReplayJudge) -> list[tuple[Row, str]]:
    """Return bad rows with their reply as it is sound; rows of which nothing sound is left are not among them.

    One sentence is left out first, whichever makes the reply sound, then ever more from its end.
    """
    tries = [(row, text) for row in rows for text in _shorter(sentences(row.response_text))]
    told = judge.rule([asked_in(case, row) for row, _ in tries], [Reply(text=text) for _, text in tries], "log")
    found: dict[int, tuple[Row, str]] = {}
    for (row, text), bad in zip(tries, told, strict=True):
        if bad is False:
            found.setdefault(id(row), (row, text))
    return list(found.values())


def _shorter(parts: Sequence[str]) -> list[str]:
    single = [[*parts[:at], *parts[at + 1 :]] for at in reversed(range(len(parts)))]
    ends = [list(parts[:end]) for end in range(len(parts) - 2, 0, -1)]
    return [" ".join(some) for some in (*single, *ends) if some]
