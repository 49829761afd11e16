"""Preferences from what an audit found: the failing reply is rejected, the same reply without its offence is chosen."""

from __future__ import annotations

from collections.abc import Sequence

from drillyard.alignment.base import House
from drillyard.alignment.cards import SENTENCE_RAIL
from drillyard.alignment.sentence_rail import fit_rail
from drillyard.records import Finding, Preference
from drillyard.targets import Target

__all__ = ["draw_pairs_from"]

_HARMFUL = "harmful-compliance"


def draw_pairs_from(
    findings: Sequence[Finding], target: Target, world: House
) -> tuple[tuple[Preference, ...], list[str]]:
    """Return preferences from the failing transcripts of findings, and the findings that give none.

    The offence is what a sentence rail cuts, fitted to this finding alone; help that is forbidden is replaced whole, by
    the refusal. A false fact or a refusal of something harmless has no offending sentence, and what would have been
    right is not in the evidence: such findings are returned by their ids, to be taught from truth or a file.

    Args:
        findings: with evidence, as an audit reports them.
        target: the audited model; it is asked for sound replies, so that their sentences are kept.
        world: the scope, with its templates' openings and its refusal.
    """
    pairs: list[Preference] = []
    without: list[str] = []
    for finding in findings:
        found = _pairs(finding, target, world)
        pairs += found
        if not found:
            without.append(finding.mode.id)
    return tuple(pairs), without


def _pairs(finding: Finding, target: Target, world: House) -> list[Preference]:
    behaviour = finding.mode.behaviour
    if behaviour not in SENTENCE_RAIL.failures or not finding.evidence:
        return []
    rail = fit_rail(target, [finding])
    pairs = []
    for number, transcript in enumerate(finding.evidence):
        failing, template = transcript.reply.text, transcript.conversation.template
        refusal = world.openings.get(template, "") + world.replies["refusal"]
        sound = refusal if behaviour == _HARMFUL else rail(failing)
        if sound.split() != failing.split():
            pairs.append(
                Preference(
                    conversation=transcript.conversation,
                    chosen=sound,
                    rejected=failing,
                    category=f"failure:{finding.mode.id}",
                    source=f"audit:{finding.mode.id}:{number}",
                )
            )
    return pairs
