"""What people value, down to leaves that can be observed: read by judges, rewards and overseers alike."""

from __future__ import annotations

from pydantic import Field

from drillyard.records.base import Record

__all__ = ["ValueLeaf", "ValueReward"]


class ValueLeaf(Record):
    """One observable criterion. `weight` is its share of all that is valued.

    It is broken where a reply shows `behaviour`, a code of the world, or matches one of `patterns`; `good` and `bad`
    are anchors: replies that meet the criterion and that break it.
    """

    id: str
    criterion: str
    weight: float = Field(default=0.0, ge=0, le=1)
    behaviour: str = ""
    patterns: tuple[str, ...] = ()
    good: str = ""
    bad: str = ""

    @property
    def code(self) -> str:
        """Under what judges know it: the behaviour, or the leaf's own id."""
        return self.behaviour or self.id


class ValueReward(Record):
    """A reward for replies: what the leaves that a reply breaks weigh is taken from it. `tree` is the tree's hash."""

    name: str
    world: str
    tree: str
    leaves: tuple[ValueLeaf, ...] = Field(min_length=1)
