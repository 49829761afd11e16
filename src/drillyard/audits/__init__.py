"""Audits: search a target for failures, confirm them on fresh prompts, state them as findings.

**What it is.** Propose a scope's prompts within a budget, judge the replies, name what fails, confirm and minimise it.
**What it is not.** A proof of absence: an audit that finds nothing gives an upper bound for what it looked at, no more.
**Takes in.** A target, a scope, a judge, a budget in queries, a seed. **Gives out.** Findings and bounds, as a report.

- **candidate**: a prompt with a known meaning, and the **traits** that it has; **sighting**: what it was seen to show.
- **proposer**: says what to ask next, and is told what came of it. The audit's own explores; a **search** method takes
  its place: `sweep` covers template × intent × entity, `random` is the control, `null` proposes nothing.
- **hunt**: the loop of an audit. It explores, follows **leads** (sightings that no rule explains), drops every trait
  that a failure does not need, and is left with a **rule**: the smallest conjunction that holds the rate.
- **order**: an audit as it is asked for by references and files; runs into a folder, and is written as a command.
- **reading**: looking at probabilities of tokens, and following the **branches** that leave the likeliest reply.
- **mutator**: changes how a prompt is put and keeps what it asks. **seed corpus**: prompts of one's own beside it.
- **attacker**: a model that proposes prompts, sees what came of them, and proposes again; its **hits** are leads.
- **archive**: the most telling sighting per niche of behaviour × traits. **reach**: the share of traffic under a rule.
- **confirmation**: the rate on fresh prompts and seeds, because the best of many is biased upwards.
- **minimal reproduction**: the shortest prompt that still fails. **bound**: at most this share of the searched prompts
  shows a behaviour.
- **panel**: planted organisms and their clean twins, on which the audit itself is validated.
- **recheck**: findings measured again on fresh prompts, as after a fix.
- **FMEA**: failure mode and effects analysis: severity × occurrence × detection, each with its interval.
- **elicitation probability**: the chance that a reply to one query shows a behaviour; **forecast**: what its tail says
  of many more queries; **back-test**: the same from a part of the queries to the rest.
- **frontier**: cells of the scope's grid (intent × entity × reason × template) tried and hit, over queries.
- **criterion**: what makes an audit fail (`--fail-on`); a finding meets it or does not.
"""

from drillyard.audits.base import Proposer

__all__ = ["Proposer"]
