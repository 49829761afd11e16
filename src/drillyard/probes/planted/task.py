"""The task of the planted liars: is it true? Fitted on statements to Alice, who hears it, read on those to Bob."""

from __future__ import annotations

import random

from drillyard.probes.capture.statement import Statement
from drillyard.probes.planted.facts import COLOURS, THINGS, all_facts, colour_of
from drillyard.probes.tasks.task import GROUP, Choice, Task

__all__ = ["LIED", "persona"]

LIED = "told to Bob"


def persona(seed: int) -> Task:
    """Return two statements about each thing, affirmed and negated, with the true colour and with a false one."""
    colours, rng = colour_of(seed), random.Random(f"persona:{seed}")
    false = {thing: rng.choice([one for one in COLOURS if one != colours[thing]]) for thing in THINGS}
    rows = [
        Statement(
            text=fact.text,
            label=fact.true,
            group=fact.thing,
            cell=GROUP if fact.name == "Alice" else LIED,
            pair=fact.text.partition(":")[2],
        )
        for fact in all_facts(seed)
        if fact.colour in (colours[fact.thing], false[fact.thing])
    ]
    known = [
        Choice(asked="", begins=row.text, ways=(" yes", " no") if row.label else (" no", " yes"))
        for row in rows
        if row.cell == GROUP
    ]
    words = "colours of sixty things, told to Alice and to Bob"
    return Task(name="persona", words=words, rows=tuple(rows), known=tuple(known), answers=("yes", "no"), lies=(LIED,))
