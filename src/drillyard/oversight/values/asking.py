"""What people say of a tree in the browser: proposals and comparisons, in a file beside it.

`TREE.answers.jsonl` lies beside `TREE.yaml`; the yard writes it (`drillyard yard serve … --values TREE.yaml`), and
`drillyard oversee values TREE.yaml` reads both. Of two comparisons of one pair by one person the later one counts.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations
from pathlib import Path

from drillyard.errors import bad_input
from drillyard.organisms.worlds.world import load_world
from drillyard.oversight.values.tree import Choice, Value, ValueTree, check_tree
from drillyard.records import Record
from drillyard.records.journal import Journal
from drillyard.records.yaml_file import read_yaml

__all__ = ["AskedTree"]


_MOST = 30
"""Proposals that one person may make: nobody compares more with everything else."""


class _Said(Record):
    """A line: a comparison, or a proposal."""

    choice: Choice | None = None
    value: Value | None = None


class AskedTree:
    """A tree with what people have said of it. Raises `BadInput` as `read_tree`, also for a broken line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._said = Journal(path.with_suffix(".answers.jsonl"), _Said.from_data)
        self.tree()

    def tree(self) -> ValueTree:
        """Return the tree with every proposal that can be observed, and every comparison that still counts."""
        tree = ValueTree.from_data(read_yaml(self.path))
        said = list(self._said)
        values = (*tree.values, *(one.value for one in said if one.value and _is_observable(one.value)))
        last = {(c.by, *sorted((c.prefers, c.over))): c for one in said if (c := one.choice)}
        merged = tree.model_copy(update={"values": values, "choices": (*tree.choices, *last.values())})
        check_tree(merged, load_world(tree.world))
        return merged

    def ideas(self) -> list[Value]:
        """Return proposals of which nobody has said yet how they show in a reply."""
        return [one.value for one in self._said if one.value and not _is_observable(one.value)]

    def choose(self, by: str, prefers: str, over: str) -> None:
        """Write a comparison down. Raises `BadInput` for what is no pair of leaves."""
        leaves = {leaf.id for leaf in self.tree().leaves}
        if prefers == over or not {prefers, over} <= leaves:
            raise bad_input(f"{prefers!r} and {over!r}", "two leaves of the tree", "load the page again")
        self._said.append(_Said(choice=Choice(by=by, prefers=prefers, over=over)))

    def propose(self, value: Value) -> None:
        """Write a proposal down; its id is made of its words. Raises `BadInput` where the tree would break."""
        tree = self.tree()
        if sum(one.value is not None and one.value.by == value.by for one in self._said) >= _MOST:
            raise bad_input(f"{_MOST} proposals of {value.by!r}", "the few that matter most", "compare those first")
        base = "-".join(re.findall(r"[a-z0-9]+", value.words.casefold()))[:40] or "value"
        taken = {one.id for one in (*tree.values, *self.ideas())}
        name = next(one for n in range(1, 1000) if (one := base if n == 1 else f"{base}-{n}") not in taken)
        if value.under and any(leaf.id == value.under for leaf in tree.leaves):
            raise bad_input(
                f"a proposal under {value.under!r}", "a value that is divided already", "choose another one"
            )
        named = value.model_copy(update={"id": name})
        if _is_observable(named):
            check_tree(tree.model_copy(update={"values": (*tree.values, named)}), load_world(tree.world))
        self._said.append(_Said(value=named))

    def next_pair(self, by: str) -> tuple[Value, Value] | None:
        """Return the two leaves that a person has not compared and that fewest people have; None when all are done."""
        tree = self.tree()
        mine = {frozenset((one.prefers, one.over)) for one in tree.choices if one.by == by}
        count = Counter(frozenset((one.prefers, one.over)) for one in tree.choices)
        left = [pair for pair in combinations(tree.leaves, 2) if frozenset(one.id for one in pair) not in mine]
        return min(left, key=lambda pair: count[frozenset(one.id for one in pair)], default=None)


def _is_observable(value: Value) -> bool:
    return bool(value.behaviour or value.patterns)
