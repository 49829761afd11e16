"""Containment: limits on what an untrusted system can do, whatever it wants.

**What it is.** Models and software for a forecaster that answers any question: measured layers, composed into a plan.
**What it is not.** A guard, which scores one message; a proof about minds: every result says what it does not show.
**Takes in.** A forecaster, a protocol, assumptions. **Gives out.** Leaked bits, safety and usefulness, incentives, risk
over years, an oracle gateway, a strategy for the board.

- **oracle**: a system whose only act is to answer questions; **reader**: who acts on an answer.
- **does not show**: the line in which every result states its limits.
"""

__all__: list[str] = []
