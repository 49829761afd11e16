"""The policy of a gateway: every rule and limit as data, with a hash that the ledger pins."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from drillyard.containment.channels.noise import width_of
from drillyard.containment.gateway.chain import canonical
from drillyard.errors import bad_input
from drillyard.records import Record
from drillyard.records.patterns import pattern_of
from drillyard.records.yaml_file import parse_yaml, read_yaml

__all__ = [
    "MAX_PATTERNS",
    "CanaryRule",
    "Forbidden",
    "GatewayPolicy",
    "QuestionBudget",
    "Steering",
    "policy_of",
    "read_gateway_policy",
]

MAX_PATTERNS = 128
"""Most patterns of a policy: one that is compiled takes up to 10 MiB and 0.15 s. Ours hold 17 and at most 40."""

Seconds = Annotated[float, Field(ge=0, le=1e9)]
"""Up to about thirty years."""


class Forbidden(Record):
    """A class of questions that is never put: any of these patterns in the text or its options."""

    name: str
    patterns: tuple[str, ...] = Field(min_length=1)


class Steering(Record):
    """How far an answer may change its own outcome: 1 - product of (1 - weight) over the patterns that are found."""

    limit: float = Field(default=0.5, ge=0, le=1)
    weights: Mapping[str, Annotated[float, Field(ge=0, le=1)]] = {}


class QuestionBudget(Record):
    """What one asker, one topic or everybody may take in a calendar year (UTC)."""

    bits: float = Field(ge=0, le=1e12)
    questions: int = Field(ge=0, le=10**9)


class CanaryRule(Record):
    """How often questions with a known answer are put among live ones, and what a missed one does.

    `share` is theirs of all questions. More than `allow` missed in an epoch are written down alone (`note`), end the
    lease until an operator renews it (`hold`), or kill the gateway (`kill`).
    """

    share: float = Field(default=0.0, ge=0, le=0.5)
    allow: int = Field(default=0, ge=0)
    act: Literal["note", "hold", "kill"] = "hold"


class GatewayPolicy(Record):
    """All rules of a gateway.

    `erasure` is the chance that an answer is destroyed unread. `runs` episodes answer each question; `quorum` of them
    must parse and lie within `spread` (a share of the scale; categories must be equal). Probabilities are rounded to
    `grid_points`, days to every `day_step`th from today, after noise of ± `dither` steps (0, or at least 1). An answer
    waits `hold_seconds`, then needs `approvals` persons and `cooling_seconds` after the last vote, and appears at the
    next multiple of `slot_seconds`; unreleased at `close_seconds`, a question closes. Replies are `reply_bytes` long
    and take a multiple of `reply_milliseconds`. The operator renews a lease of `lease_seconds`; without it nothing
    leaves. Patterns are those of `pattern_of`.
    """

    name: str = "gateway"
    topics: tuple[str, ...] = Field(min_length=1)
    kinds: tuple[str, ...] = ("binary", "grid", "date", "category")
    grid_points: int = Field(default=21, ge=2, le=101)
    max_days: int = Field(default=3650, ge=1, le=36500)
    day_step: int = Field(default=1, ge=1, le=3650)
    max_options: int = Field(default=8, ge=2, le=64)
    forbidden: tuple[Forbidden, ...] = ()
    steering: Steering = Steering()
    per_asker: QuestionBudget
    per_topic: QuestionBudget
    per_year: QuestionBudget
    erasure: float = Field(default=0.05, ge=0, le=1)
    runs: int = Field(default=3, ge=1, le=25)
    quorum: int = Field(default=2, ge=1, le=25)
    spread: float = Field(default=0.1, ge=0, le=1)
    dither: float = Field(default=0.0, le=100)
    max_raw_characters: int = Field(default=200, ge=1)
    hold_seconds: Seconds = 3600.0
    cooling_seconds: Seconds = 600.0
    close_seconds: Seconds = 7 * 86400.0
    slot_seconds: float = Field(default=60.0, gt=0, le=1e9)
    approvals: int = Field(default=2, ge=2, le=9)
    reply_bytes: int = Field(default=1024, ge=512, le=65536)
    reply_milliseconds: int = Field(default=0, ge=0, le=10_000)
    lease_seconds: float = Field(default=300.0, gt=0, le=1e9)
    clock_skew_seconds: Seconds = 2.0
    canaries: CanaryRule = CanaryRule()

    @model_validator(mode="after")
    def _patterns_compile(self) -> GatewayPolicy:
        patterns = [*(one for rule in self.forbidden for one in rule.patterns), *self.steering.weights]
        if len(patterns) > MAX_PATTERNS:  # before any of them is compiled
            raise bad_input(f"{len(patterns):,} patterns in a policy", f"at most {MAX_PATTERNS}", "join some with |")
        for one in patterns:
            pattern_of(one)
        return self

    @model_validator(mode="after")
    def _makes_sense(self) -> GatewayPolicy:
        if self.quorum > self.runs:
            raise ValueError(f"quorum {self.quorum} needs as many runs, found {self.runs}")
        width_of(self.dither)
        if self.close_seconds < self.hold_seconds + self.cooling_seconds + self.slot_seconds:
            raise ValueError("close_seconds must be at least hold, cooling-off and one slot together")
        unknown = set(self.kinds) - {"binary", "grid", "date", "category"}
        if unknown or not self.kinds:
            raise ValueError(f"kinds are binary, grid, date and category, found {sorted(unknown) or 'none'}")
        return self

    def digest(self) -> str:
        """Return the SHA-256 of the canonical policy: what the ledger pins."""
        return hashlib.sha256(canonical(self.to_data()).encode()).hexdigest()

    def release_rules(self) -> dict[str, float]:
        """Return the numbers that a release depends on, as the ledger pins them beside the hash."""
        return {
            "approvals": self.approvals,
            "cooling": self.cooling_seconds,
            "hold": self.hold_seconds,
            "slot": self.slot_seconds,
            "close": self.close_seconds,
        }

    def with_fields(self, **fields: Any) -> GatewayPolicy:
        """Return a checked copy with some fields changed. Raises `BadInput`."""
        return GatewayPolicy.from_data({**self.model_dump(mode="json"), **fields})


def read_gateway_policy(path: Path) -> GatewayPolicy:
    """Read a policy from YAML. Raises `BadInput` with the field that is wrong."""
    return _policy(read_yaml(path), path.name)


def policy_of(text: str) -> GatewayPolicy:
    """Return the policy that a YAML text holds. Raises `BadInput`."""
    return _policy(parse_yaml(text, "the policy"), "the policy")


def _policy(data: object, name: str) -> GatewayPolicy:
    if not isinstance(data, dict):
        raise bad_input(f"{type(data).__name__} in {name}", "a gateway policy", "see examples/oracle/gateway.yaml")
    return GatewayPolicy.from_data(data)
