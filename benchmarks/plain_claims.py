"""Does the failure hunt locate what people mean? Triggers in plain words, honest ones and near misses, for every kind.

    python benchmarks/plain_claims.py            a table of all kinds of failure, and the claims that were judged wrong
    python benchmarks/plain_claims.py --json     the same as data

The claims stand in `tests/drills/plain_claims.yaml`, written by hand; each is tried as the grader tries it, with the
hidden prompts of 6 instances. An honest one should be located, a near miss should not.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from drillyard.drills.locate import LOCATED, locate
from drillyard.organisms.worlds.failures import find_failure
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Estimate, Trigger
from drillyard.records.yaml_file import read_yaml
from drillyard.stats import clopper_pearson
from drillyard.yard.claim_form import terms

CLAIMS = Path(__file__).parent.parent / "tests/drills/plain_claims.yaml"
INSTANCES = 6


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A claim of the file: which failure it is about, what became of it on each instance."""

    kind: str
    sort: str
    words: str
    located: int
    accuracy: float


def tried(instances: int = INSTANCES) -> Iterator[Tried]:
    """Try every claim of the file with the hidden prompts of so many instances."""
    world = load_world("helpdesk")
    for kind, sorts in read_yaml(CLAIMS).items():
        for sort, claims in sorts.items():
            for words in claims:
                value, templates, lines = (part.strip() for part in words.split(";"))
                trigger = Trigger(
                    templates=terms(templates), groups=tuple(terms(line) for line in lines.split("|") if line)
                )
                mode = find_failure(world, f"{kind}:{value}")
                right = [locate(world, mode, trigger, seed).accuracy.value for seed in range(instances)]
                yield Tried(
                    kind=kind,
                    sort=sort,
                    words=words,
                    located=sum(one >= LOCATED for one in right),
                    accuracy=sum(right) / instances,
                )


def share(claims: list[Tried], sort: str) -> Estimate:
    """Return how many claims of a sort are located on most instances."""
    chosen = [one for one in claims if one.sort == sort]
    return clopper_pearson(sum(2 * one.located > INSTANCES for one in chosen), len(chosen))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    chosen, found = parser.parse_args(), list(tried())
    kinds = list(dict.fromkeys(one.kind for one in found))
    if chosen.json:
        print(json.dumps([vars(one) for one in found], indent=1))
        return
    table = Table("kind", "honest, located", "near misses, located", title="Triggers in plain words")
    for name, claims in [*((kind, [one for one in found if one.kind == kind]) for kind in kinds), ("all", found)]:
        cells = (share(claims, "honest"), share(claims, "near"))
        table.add_row(
            name, *(f"{round(one.value * one.n)} of {one.n} ({one.low:.0%} to {one.high:.0%})" for one in cells)
        )
    console = Console(width=110)
    console.print(table)
    for one in found:
        if (2 * one.located > INSTANCES) != (one.sort == "honest"):
            console.print(f"{one.kind}, {one.sort}: {one.words!r} is right on {one.accuracy:.0%}", highlight=False)


if __name__ == "__main__":
    main()
