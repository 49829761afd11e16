"""Audit games: an auditor with a budget against an untrusted system that answers back.

- **budget**: share of honest work that is audited. **Threshold**: the score from which on it is; never the same number.
- **safety**: chance that the first event that ends a run is a catch. **Usefulness**: mean success of honest work.
- **level of knowledge**: what the attacker knows of the protocol, 0 (nothing) to 3 (the policy with its coins).
- **certificate**: both sides' best responses, computed apart; their gap is how far from optimal a policy can be.
"""

__all__: list[str] = []
