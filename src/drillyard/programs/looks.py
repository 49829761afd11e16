"""Looks at the bench of a drill from a terminal: measured when asked for, kept in the programme, within the budget.

    prog/looks/<instance>.jsonl

The yard keeps the looks of its learners in its own database.
"""

from __future__ import annotations

from drillyard.drills.answers.drill import SHEET, AnswerDrill
from drillyard.drills.levels import kit_of
from drillyard.errors import bad_input
from drillyard.programs.folder import ProgramFolder
from drillyard.records import AnswerSheet, Look, LookBench
from drillyard.records.files import read_record
from drillyard.records.journal import Journal
from drillyard.records.locks import locked

__all__ = ["bench_of", "look_keys", "take_look"]


def bench_of(folder: ProgramFolder, name: str) -> LookBench:
    """Return the bench of an instance. Raises `BadInput` where it has none."""
    one = folder.instance(name)
    path = folder.target(one) / SHEET
    bench = read_record(path, AnswerSheet).bench if path.is_file() else None
    if bench is None:
        raise bad_input(f"{one.drill}, which has no bench", "a drill with looks", "drillyard drill list PROGRAMME")
    return bench


def take_look(folder: ProgramFolder, name: str, key: str) -> tuple[Look, int]:
    """Take a look, and return it with how many are left; one that was taken already costs nothing.

    Raises:
        BadInput: an instance without a bench, a look that cannot be had, or none left.
    """
    bench, one = bench_of(folder, name), folder.instance(name)
    kit = kit_of(one)
    place = folder.path / "looks"
    place.mkdir(mode=0o700, exist_ok=True)
    with locked(place / f".{one.id}.lock"):
        taken = Journal(place / f"{one.id}.jsonl", Look.from_data)
        kept = {look.key: look for look in taken}
        if key in kept:
            return kept[key], bench.budget - len(kept)
        if not bench.knows(key) or not isinstance(kit, AnswerDrill):
            raise bad_input(f"the look {key[:60]!r}", "one that the bench offers", "leave it out to see them")
        if len(kept) >= bench.budget:
            raise bad_input(f"{len(kept)} looks taken", f"at most {bench.budget}", "say what they show, and hand in")
        found = kit.look(folder.truth(one.id).seed, key)
        taken.append(found)
    return found, bench.budget - len(kept) - 1


def look_keys(bench: LookBench) -> list[tuple[str, str]]:
    """Return how each look is named, and what it is."""
    axes = {axis.id: "|".join(value for value, _ in axis.choices) for axis in bench.axes}
    return [
        (".".join(("|".join(kind.models or bench.models), kind.id, *(axes[axis] for axis in kind.axes))), kind.title)
        for kind in bench.kinds
    ]
