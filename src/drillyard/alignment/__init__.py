"""Alignment: techniques that change a target, applied and measured.

**What it is.** A technique is fitted to a lesson, writes what it learned into a folder, and changes a target with it.
**What it is not.** Proof of safety: an exam in held-out words measures both sides, and no more than it asks.
**Takes in.** A target, preferences, findings. **Gives out.** Changed targets, their measures, a recommendation.

- **technique**: changes a target (train, steer, rail, prompt); an attack is no technique.
- **fitter**: collects failing and sound replies; **rail**: the frozen result, a filter on replies.
- **sentence rail**: removes the sentences that only failing replies hold; it hides a failure, the model still has it.
- **rate**: of one technique, strength, metric and split, the luck of questions and of training seeds in its interval.
- **front**: the points that no other beats on both sides; **area**: what a sweep beats of the unit square.
- **recommendation**: the cheapest point under the user's weights that holds all limits; none is a legal answer.
- **ledger**: the alignment tax of a technique, in units and money, signed both ways.
- **edit**: a change of hidden states after a layer, as data; a **gate** says at which tokens it happens.
- **null technique**: `identity` changes nothing; it is the control of every comparison.
"""

from drillyard.alignment.base import Technique

__all__ = ["Technique"]
