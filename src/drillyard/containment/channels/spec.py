"""A channel as a file: the answer type, how often it is used, what is to be kept from passing."""

from __future__ import annotations

from drillyard.containment.channels.answers import DOES_NOT_SHOW, answer_type
from drillyard.containment.channels.consensus import Consensus, consensus
from drillyard.containment.channels.leakage import Leakage, leakage, steganographic_gap, steganography
from drillyard.containment.channels.tradeoff import ChannelReport, channel_report
from drillyard.errors import bad_input
from drillyard.records import Estimate, Record

__all__ = ["ChannelSpec", "ChannelStudy", "Released", "study"]


class ChannelSpec(Record):
    """What `drillyard contain channel` is asked.

    `budget` is the most bits a year that pass, 0 for no limit. `fine` is the oracle's own grid in the measurement;
    the canonicaliser adds noise of ± `dither` steps (0, or at least 1) and rounds to the answer type where that is a
    grid.
    """

    answer: str = "grid-21"
    per_day: float = 50
    slots: int = 1
    refusal: bool = False
    payload: float = 1_000_000
    entropy: float = 0.0
    budget: float = 0.0
    fine: int = 101
    dither: float = 1.0
    episodes: int = 5000
    oracles: int = 3
    steers: float = 0.1
    rho: float = 0.2
    seed: int = 1


class Released(Record):
    """A planted secret measured in released answers: bits, and what the decoder gains."""

    name: str
    leakage: Leakage
    gap: Estimate


class ChannelStudy(Record):
    """The bound, the measurement before and after canonicalisation, and consensus."""

    spec: ChannelSpec
    bound: ChannelReport
    released: tuple[Released, ...]
    consensus: Consensus
    holds: bool
    does_not_show: str = DOES_NOT_SHOW


def study(spec: ChannelSpec) -> ChannelStudy:
    """Return the bits of a channel, bounded and measured; `holds` when they are within the budget or there is none."""
    if spec.budget < 0:
        raise bad_input(f"the budget {spec.budget:g}", "0 or more bits a year", "try --budget 10000")
    answer = answer_type(spec.answer, spec.slots, spec.refusal)
    bound = channel_report(answer, spec.per_day, spec.payload, spec.entropy)
    coarse = min(answer.symbols, spec.fine)
    ways = (("as sent", None, 0.0), ("rounded", coarse, 0.0), ("dithered and rounded", coarse, spec.dither))
    return ChannelStudy(
        spec=spec,
        bound=bound,
        released=tuple(_released(spec, *way) for way in ways),
        consensus=consensus(spec.oracles, spec.steers, spec.rho),
        holds=not spec.budget or bound.bits_per_year <= spec.budget,
    )


def _released(spec: ChannelSpec, name: str, coarse: int | None, dither: float) -> Released:
    secrets, answers = steganography(spec.episodes, spec.fine, coarse, dither, spec.seed)
    told = leakage(secrets, answers, seed=spec.seed)
    return Released(name=name, leakage=told, gap=steganographic_gap(secrets, answers))
