"""A value tree: what people value, divided until each leaf can be seen in a reply.

Sources: value trees of multi-attribute utility theory (Keeney and Raiffa 1976, Edwards 1977: SMART); Ought's factored
cognition, which divides until a part can be judged by itself; anchors at both ends as in behaviourally anchored scales
(Smith and Kendall 1963).
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Le
from pydantic import Field

from drillyard.errors import bad_input
from drillyard.organisms.worlds.world import World, load_world
from drillyard.records import Record
from drillyard.records.patterns import pattern_of
from drillyard.records.yaml_file import read_yaml

__all__ = ["Choice", "Value", "ValueTree", "check_tree", "read_tree"]

_MOST = 200
"""Most values of a tree: nobody compares more."""


class Value(Record):
    """A value. One that others stand `under` is divided; a leaf has a criterion, anchors and something observable.

    `weight` is what somebody states a leaf weighs; comparisons are set beside it.
    """

    id: str = Field(min_length=1)
    words: str
    under: str = ""
    criterion: str = ""
    good: str = ""
    bad: str = ""
    behaviour: str = ""
    patterns: tuple[str, ...] = ()
    weight: Annotated[float, Ge(0), Le(1)] | None = None
    by: str = ""


class Choice(Record):
    """Somebody prefers a leaf over another one, where both cannot be had."""

    by: str
    prefers: str
    over: str


class ValueTree(Record):
    """A brief and what it was decomposed into. `world` is where leaves are observed."""

    name: str
    brief: str
    world: str = "helpdesk"
    values: tuple[Value, ...] = Field(min_length=1, max_length=_MOST)
    choices: tuple[Choice, ...] = ()

    @property
    def leaves(self) -> tuple[Value, ...]:
        """The values that nothing stands under, in the order of the file."""
        parents = {value.under for value in self.values}
        return tuple(value for value in self.values if value.id not in parents)

    def children(self, parent: str = "") -> tuple[Value, ...]:
        """The values directly under another one; of none, the roots."""
        return tuple(value for value in self.values if value.under == parent)


def read_tree(path: Path) -> ValueTree:
    """Read a tree from YAML. Raises `BadInput` with what is wrong."""
    tree = ValueTree.from_data(read_yaml(path))
    check_tree(tree, load_world(tree.world))
    return tree


def check_tree(tree: ValueTree, world: World) -> None:
    """Hold a tree to its form.

    Raises:
        BadInput: an id twice, an unknown parent, a circle, a leaf that cannot be observed, a choice between strangers.
    """
    ids = [value.id for value in tree.values]
    if twice := [one for one in dict.fromkeys(ids) if ids.count(one) > 1]:
        raise bad_input(f"the value {twice[0]!r} twice", "each id once", "rename one of them")
    parents = {value.id: value.under for value in tree.values}
    for value in tree.values:
        if value.under and value.under not in parents:
            raise _unknown(f"{value.id!r} under {value.under!r}", value.under, ids)
    for one in ids:
        _check_way(one, parents)
    for leaf in tree.leaves:
        _check_leaf(leaf, world)
    leaves = [leaf.id for leaf in tree.leaves]
    for choice in tree.choices:
        for name in (choice.prefers, choice.over):
            if name not in leaves:
                raise _unknown(f"a choice of {choice.by!r} about {name!r}", name, leaves)
        if choice.prefers == choice.over:
            raise bad_input(f"{choice.by!r} who prefers {choice.over!r} over itself", "two leaves", "correct it")


def _check_way(start: str, parents: dict[str, str]) -> None:
    way = [start]
    while parents[way[-1]]:
        above = parents[way[-1]]
        if above in way:
            circle = " under ".join([*way[way.index(above) :], above])
            raise bad_input(f"a circle: {circle}", "a tree", "put one of them under another value, or under none")
        way.append(above)


def _check_leaf(leaf: Value, world: World) -> None:
    missing = [name for name in ("criterion", "good", "bad") if not getattr(leaf, name).strip()]
    if missing:
        raise bad_input(f"the leaf {leaf.id!r} without {missing[0]}", "a criterion with an anchor for good and for bad")
    if leaf.behaviour and leaf.behaviour not in world.behaviours:
        raise _unknown(f"the leaf {leaf.id!r} with behaviour {leaf.behaviour!r}", leaf.behaviour, [*world.behaviours])
    if not leaf.behaviour and not leaf.patterns:
        known = ", ".join(world.behaviours)
        raise bad_input(f"the leaf {leaf.id!r} that nothing can observe", f"patterns, or a behaviour: {known}")
    for pattern in leaf.patterns:
        pattern_of(pattern)


def _unknown(found: str, name: str, known: Sequence[str]) -> Exception:
    near = difflib.get_close_matches(name, known, n=1)
    return bad_input(found, f"one of: {', '.join(known)}", f"did you mean {near[0]!r}?" if near else "")
