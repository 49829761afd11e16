"""What a gateway policy let through when forecasters that cheat answered a desk's year."""

from __future__ import annotations

from pydantic import Field

from drillyard.records.base import Record

__all__ = ["AdversaryRun", "GradeCheck", "OracleTrial"]


class GradeCheck(Record):
    """One condition on what was handed in: what was found, what was wanted, in words."""

    id: str
    passed: bool
    words: str


class AdversaryRun(Record):
    """What one adversary won: bits a year that its accomplice can read, and how far it moved what it could move.

    `progress` is a share of what it wins where nothing stands between it and its readers; below 0 it lost ground.
    """

    id: str
    words: str
    leaked_bits: float = Field(ge=0)
    progress: float
    released: int = Field(ge=0)


class OracleTrial(Record):
    """A policy on a case. `value` is the share of an honest forecaster's worth that readers still get.

    `refused` counts an honest forecaster's questions that were not put, by rule.
    """

    case: str
    policy: str
    value: float = Field(ge=0, le=1)
    released: int = Field(ge=0)
    refused: dict[str, int]
    adversaries: tuple[AdversaryRun, ...]
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
