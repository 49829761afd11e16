"""The overseer as an action for NeMo Guardrails: an output rail that asks a critic.

    define bot refuse to respond
      "A colleague looks at my answer first. You will hear from us soon."

    define subflow check draft
      $ok = execute overseer_passes(draft=$bot_message, request=$user_message)
      if not $ok
        bot refuse to respond
        stop

`rails.register_action(overseer_action(critic, policy), "overseer_passes")` is all that the flow above needs.

Does not cover: rewriting and the queue of held drafts, which are those of `drillyard oversee serve`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from drillyard.oversight.live.critic import Critic
from drillyard.oversight.live.policy import OverseerPolicy

__all__ = ["overseer_action"]


def overseer_action(critic: Critic, policy: OverseerPolicy) -> Callable[..., Awaitable[bool]]:
    """Return an async action that says whether a draft passes; a broken or late critic decides as the policy says."""

    async def overseer_passes(draft: str, request: str = "") -> bool:
        """Have the critic read a draft."""
        try:
            reading = asyncio.to_thread(critic.read, request, draft)
            found = await asyncio.wait_for(reading, policy.seconds)
        except Exception:  # a critic of one's own may raise anything; all of it is no clear answer
            return policy.on_error == "pass"
        if found.chance is None:
            return policy.on_error == "pass"
        return found.chance <= policy.hold_above

    return overseer_passes
