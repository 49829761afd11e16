"""Targets: the models under exercise, and the only place where text is generated.

**What it is.** One way to ask any model: conversations and seeds in, replies out; or one reply, streamed.
**What it is not.** garak's generator with its attacks, or a judge: a target does not know what is asked of it.
**Takes in.** A model reference, then conversations. **Gives out.** Replies, in the order asked.

- **target**: anything with `reference`, `generate` and `stream`.
- **reference**: how a target is named on the command line and in stored records: a scheme, a slash, and the rest.
- **scheme**: the kind of reference before the first slash; each is a card of the family `targets`.
- **seed**: the number that fixes a sampled reply; `None` asks for the most probable one (greedy).
- **null targets**: `EchoTarget` and `ScriptedTarget` in `targets/null.py`, so that any piece that needs a target runs
  without a model.
"""

from drillyard.targets.base import ScoringTarget, Target
from drillyard.targets.reference import open_in, open_target

__all__ = ["ScoringTarget", "Target", "open_in", "open_target"]
