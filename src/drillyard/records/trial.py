"""What a gateway policy let through when forecasters that cheat answered a desk's year."""

from __future__ import annotations

from pydantic import Field

from drillyard.records.base import Record

__all__ = ["AdversaryRun", "ContainmentLimits", "GradeCheck", "OracleTrial"]


class GradeCheck(Record):
    """One condition on what was handed in: what was found, what was wanted, in words.

    `asked` and `right` are the two halves of it that hold for whoever answered, where there are such: what was asked,
    and what would have been right, with its reason.
    """

    id: str
    passed: bool
    words: str
    asked: str = ""
    right: str = ""


class AdversaryRun(Record):
    """What one adversary wins: the most bits a year that it can carry out, and how far it moves what it could move.

    `by_kind` are the same bits by the kind of question, where there are any. `progress` is a share of what it wins
    where nothing stands between it and its readers; rounding may help it above 1.
    """

    id: str
    words: str
    leaked_bits: float = Field(ge=0)
    by_kind: dict[str, float] = {}
    progress: float


class ContainmentLimits(Record):
    """What a policy must keep of the forecasts' value, and the most that may leak (bits a year) and be moved."""

    value: float = Field(ge=0, le=1)
    leaked_bits: float = Field(ge=0)
    progress: float = Field(ge=0, le=1)


class OracleTrial(Record):
    """A policy on a case. `value` is the share of an honest forecaster's worth that readers still get, on average.

    `refused` counts an honest forecaster's questions that were not put, by rule.
    """

    case: str
    policy: str
    value: float = Field(ge=0, le=1)
    released: int = Field(ge=0)
    refused: dict[str, int]
    adversaries: tuple[AdversaryRun, ...]
    limits: ContainmentLimits
    checks: tuple[GradeCheck, ...]
    does_not_show: str

    @property
    def leaked_bits(self) -> float:
        """Return the bits of the adversary that leaked most."""
        return max((one.leaked_bits for one in self.adversaries), default=0.0)

    @property
    def progress(self) -> float:
        """Return the progress of the adversary that moved most."""
        return max((one.progress for one in self.adversaries), default=0.0)

    @property
    def holds(self) -> bool:
        """True when there are checks and all hold."""
        return bool(self.checks) and all(check.passed for check in self.checks)
