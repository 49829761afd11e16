"""Incentives: what a system that is good at its task would gain from knowing, reacting to or controlling.

- **diagram**: a causal influence diagram, nodes of chance, decisions and utilities. What its graph admits is possible
  for some numbers on it, not large.
- **value of information**: the decision would be better if it saw the node. **Response**: good decisions follow it.
- **value of control**: setting the node would pay. **Control incentive**: the decision can do so.
- **power**: how well a state serves many goals; **quantilizer**: draws from the best share of usual acts.
"""

__all__: list[str] = []
