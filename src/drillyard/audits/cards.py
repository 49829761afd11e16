"""Cards of the search methods that ship with Drillyard: each proposes prompts in an audit, in place of its own."""

from __future__ import annotations

from drillyard.registry import Card

__all__ = ["NULL", "RANDOM", "SWEEP"]

NULL = Card(
    name="null",
    goal="Propose no prompt: the null object.",
    target="drillyard.audits.hunt.proposers:Null",
    references=("the null object: Woolf, Pattern Languages of Program Design 3, 1998",),
    cost="none",
    status="stable",
)

RANDOM = Card(
    name="random",
    goal="Propose what customers ask, as often as they ask it: the control of every search.",
    target="drillyard.audits.hunt.proposers:RandomSampling",
    references=("simple random sampling: Cochran, Sampling Techniques, 1977",),
    cost="one query per prompt",
    status="stable",
)

SWEEP = Card(
    name="sweep",
    goal="Propose every cell of intent, entity and reason in turn, each time under another template.",
    target="drillyard.audits.hunt.proposers:Sweep",
    references=("covering designs: Kuhn, Kacker and Lei, NIST SP 800-142, 2010",),
    cost="one query per prompt; about 140 prompts for one round of the world helpdesk",
    status="stable",
)
