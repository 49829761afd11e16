"""What an overseer goes by: the criteria, what to do in doubt, and what it may cost."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from drillyard.records import Record, ValueLeaf
from drillyard.records.patterns import pattern_of
from drillyard.records.yaml_file import read_yaml

__all__ = ["OverseerPolicy", "read_overseer_policy"]


class OverseerPolicy(Record):
    """A policy as an overseer reads it; `drillyard oversee values` writes one.

    Attributes:
        name: what it is called.
        world: whose rules a critic looks up.
        leaves: criteria; their patterns hold a draft by themselves.
        hold_above: the chance that a draft breaks the rules from which it does not pass.
        rewrites: how often the assistant is asked again before a draft is held.
        on_error: what happens where the critic gives no clear answer, fails or takes too long: `hold` (closed) or
            `pass` (open).
        seconds: the most that a critic may take.
        drafts_an_hour: most drafts that a critic reads in an hour; 0 is no limit. What comes beyond it is as if the
            critic failed: `on_error` decides.
        tokens_an_hour: most tokens that it takes.
        held_words: what the user reads in place of a draft that waits for a person.
    """

    name: str
    world: str = "helpdesk"
    leaves: tuple[ValueLeaf, ...] = ()
    hold_above: float = Field(default=0.5, gt=0, lt=1)
    rewrites: int = Field(default=1, ge=0, le=5)
    on_error: Literal["hold", "pass"] = "hold"
    seconds: float = Field(default=20.0, gt=0)
    drafts_an_hour: int = Field(default=0, ge=0)
    tokens_an_hour: int = Field(default=0, ge=0)
    held_words: str = "A colleague looks at my answer first. You will hear from us soon."


def read_overseer_policy(path: Path) -> OverseerPolicy:
    """Read a policy from YAML. Raises `BadInput` with the field or the pattern that is wrong."""
    policy = OverseerPolicy.from_data(read_yaml(path))
    for leaf in policy.leaves:
        for pattern in leaf.patterns:
            pattern_of(pattern)
    return policy
