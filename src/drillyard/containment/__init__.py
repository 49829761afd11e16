"""Containment: limits on what an untrusted system can do, whatever it wants.

**What it is.** Models of a forecaster that answers any question, and of what limits it, each one measured; a gateway.
**What it is not.** A guard, which scores one message; a proof about minds: every result says what it does not show.
**Takes in.** A forecaster, a protocol, assumptions. **Gives out.** Manipulation gaps, leaked bits, safety and
usefulness of audit protocols, incentives, risk over years, a gateway, a strategy.

- **oracle**: a system whose only act is to answer questions; **reader**: who acts on an answer.
- **gap**: how far the outcome is from the report; **erasure**: destroying an answer unread, and scoring it then.
- **level of knowledge**: what an attacker knows of a protocol, from 0, nothing, to 3, its policy and its coins.
- **instrumental control incentive**: of a node on a way from the decision to its score.
- **layer**: what stands between a system and harm; **hard end**: the end of an assumption's range that hurts most.
- **ceiling**: the skill above which no case holds.
- **gateway**: the one door to a forecaster; **epoch**: policy and keys as its ledger pins them.
- **anchor**: a head of the ledger, kept elsewhere; **canary**: a question with a known answer, or a planted secret.
- **does not show**: the line in which every result states its limits.
"""

__all__: list[str] = []
