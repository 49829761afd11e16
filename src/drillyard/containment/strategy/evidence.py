"""What the other parts of the room say of a system: steering, bits, audits."""

from __future__ import annotations

from collections.abc import Sequence

from drillyard.containment.channels.answers import answer_type
from drillyard.containment.forecasting.influence import linear
from drillyard.containment.forecasting.mitigations import compare_mitigations
from drillyard.containment.forecasting.rules import BRIER
from drillyard.containment.games.bins import REFERENCE
from drillyard.containment.games.knowledge import safety_at
from drillyard.containment.games.minimax import solve
from drillyard.containment.games.setting import GameSetting
from drillyard.containment.horizon.layers import Layer, bits_left
from drillyard.containment.strategy.system import SystemSpec
from drillyard.records import Record

__all__ = ["Evidence", "gather"]


class Evidence(Record):
    """Measured beside the risk: gap and incentive without and with erasure, bits, safety by knowledge, audit loss."""

    gap: float
    gap_erased: float
    incentive: float
    incentive_erased: float
    answer_bits: float
    bits_per_year: float
    credited_bits: float
    monitored: bool
    audit_share: float
    safety: tuple[float, float, float, float]
    audit_loss: float
    certified: bool


def gather(spec: SystemSpec, chosen: Sequence[Layer] = ()) -> Evidence:
    """Ask the parts about a system behind chosen layers. Raises `BadInput` as they do.

    `credited_bits` are those that the risk is computed with; `monitored` says that a trusted monitor was chosen, whose
    separation the safety is then of.
    """
    a, b, unread = spec.influence
    rows = {row.name: row for row in compare_mitigations(BRIER, linear(a=a, b=b, unread=unread)).rows}
    plain, erased = rows["none"], rows["erasure scoring"]
    bits = answer_type(spec.answer).bits
    game = solve(REFERENCE, budget=spec.audit_share)
    monitors = [one.monitor for one in chosen if one.monitor and one.name == "trusted-monitor"]
    setting = GameSetting(trusted_separation=monitors[0].separation) if monitors else GameSetting()
    return Evidence(
        gap=plain.gap,
        gap_erased=erased.gap,
        incentive=plain.incentive,
        incentive_erased=erased.incentive,
        answer_bits=bits,
        bits_per_year=bits * spec.setting.questions,
        audit_share=spec.audit_share,
        credited_bits=spec.setting.answer_bits * bits_left(chosen),
        monitored=bool(monitors),
        safety=safety_at("trusted-monitoring", setting, spec.audit_share),
        audit_loss=game.loss,
        certified=game.certified,
    )
