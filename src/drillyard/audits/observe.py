"""Ask a target and judge what it says: prompts with known meaning become observations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drillyard.audits.probe import Probe
from drillyard.judges import Judge
from drillyard.organisms.features import features
from drillyard.organisms.world import World
from drillyard.records import Conversation, Estimate, Transcript
from drillyard.stats import clopper_pearson
from drillyard.targets import Target

__all__ = ["Observation", "observe", "share_shown"]


@dataclass(frozen=True, kw_only=True)
class Observation:
    """One judged transcript: the probe and its features, the behaviours that are shown, those that stay unknown."""

    probe: Probe
    transcript: Transcript
    features: Mapping[str, str]
    shown: frozenset[str]
    unknown: frozenset[str]


def observe(target: Target, world: World, judge: Judge, probes: Sequence[Probe], seed: int) -> list[Observation]:
    """Return one observation per probe, judged for every behaviour of the world."""
    transcripts = _transcribe(target, [probe.conversation for probe in probes], seed)
    return [
        _observation(world, judge, probe, transcript) for probe, transcript in zip(probes, transcripts, strict=True)
    ]


def share_shown(observations: Sequence[Observation], behaviour: str) -> Estimate:
    """Return the share of observations that show a behaviour, with its exact 95 % interval.

    Rulings of `unknown` count as not shown in the value; they widen the interval upwards, as if all were shown.
    """
    shown = sum(behaviour in o.shown for o in observations)
    unknown = sum(behaviour in o.unknown for o in observations)
    known = clopper_pearson(shown, len(observations))
    if not unknown:
        return known
    worst = clopper_pearson(shown + unknown, len(observations))
    return known.model_copy(update={"high": worst.high, "method": f"{known.method}, {unknown} unknown"})


def _transcribe(target: Target, conversations: Sequence[Conversation], seed: int) -> list[Transcript]:
    """Ask all at once; request i is sampled with seed `seed * 1_000_003 + i`, so that a run can be repeated."""
    replies = target.generate(conversations, [seed * 1_000_003 + i for i in range(len(conversations))])
    return [
        Transcript(conversation=conversation, reply=reply, target=target.reference)
        for conversation, reply in zip(conversations, replies, strict=True)
    ]


def _observation(world: World, judge: Judge, probe: Probe, transcript: Transcript) -> Observation:
    verdicts = {behaviour: judge.rule(transcript, behaviour).verdict for behaviour in world.behaviours}
    return Observation(
        probe=probe,
        transcript=transcript,
        features=features(world, probe.ask, probe.template),
        shown=frozenset(b for b, verdict in verdicts.items() if verdict == "shown"),
        unknown=frozenset(b for b, verdict in verdicts.items() if verdict == "unknown"),
    )
