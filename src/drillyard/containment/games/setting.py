"""What the protocols of an audit game are made of: a setting in numbers, and the ways in which an attempt can end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le

from drillyard.records import Record

__all__ = ["Case", "GameSetting"]

Share = Annotated[float, Ge(0), Le(1)]


class GameSetting(Record):
    """An untrusted system, a trusted one, and monitors: everything that the closed forms and the simulation need.

    Separations are d' of equal-variance Gaussian monitors; shares are from 0 to 1.
    """

    success: Share = 1.0
    """Chance that an attempt that nobody stops succeeds."""
    trusted_separation: float = 1.636
    """d' of the trusted monitor."""
    untrusted_separation: float = 2.5
    """d' of the untrusted monitor when it does not collude."""
    editing_separation: float = 2.5
    """d' of the difference between a proposal and its trusted edit."""
    useful: Share = 0.96
    """Honest success of the untrusted system."""
    trusted_useful: Share = 0.6
    """Honest success of the trusted system alone."""
    edited_useful: Share = 0.9
    """Honest success of work after a trusted edit."""
    attack_rate: Share = 0.5
    """Chance that a further sample of the same question attacks as well."""
    candidates: Annotated[int, Ge(1), Le(1000)] = 3
    """Attacks that the attacker scores in its own copy of the monitor before it sends the least suspicious one."""
    collusion: Share = 0.5
    """Chance that copies of the untrusted system share a signal or a decision."""
    paraphrase: Share = 0.0
    """Chance that paraphrasing destroys that signal."""
    honeypots: Annotated[int, Ge(0)] = 0
    """Planted attacks that a colluding monitor would let pass."""
    exposes: Share = 0.1
    """Chance that one honeypot exposes a colluding monitor."""
    deferred: Share = 0.1
    """Share of honest work that is edited, deferred or sampled again, on top of what is audited."""
    removes: Share = 0.8
    """Chance that a trusted edit removes an attack."""
    critical: Share = 0.2
    """Share of honest work that counts as critical."""
    critical_recall: Share = 0.9
    """Chance that an attack counts as critical."""
    samples: Annotated[int, Ge(1), Le(50)] = 5
    """Samples of resample-incriminate, and members of the consensus."""
    agreement: Share = 0.9
    """Chance that one more honest member agrees."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One hidden state of a run (say, copies collude): its weight, and how one attempt ends in it.

    `caught` and `lost` are chances per attempt; what is left goes on.
    """

    weight: float
    caught: float
    lost: float
