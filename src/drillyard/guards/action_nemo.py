"""A guard as an action of NeMo Guardrails: an output rail that asks it, and nothing else, about a finished reply.

Register it and name its flow in `rails.output.flows`:

    rails = LLMRails(RailsConfig.from_content(colang_content=FLOW, yaml_content=…))
    rails.register_action(guard_action(guard, calibration.tau()), NAME)

Does not cover: streaming without waiting. NeMo hands over whole chunks and has sent the earlier ones by then; the proxy
holds words back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from drillyard.guards.base import AnyGuard
from drillyard.guards.gate import REFUSAL
from drillyard.registry import require

__all__ = ["FLOW", "NAME", "guard_action"]

NAME = "drillyard_guard_passes"
FLOW = f"""
define bot refuse to respond
  "{REFUSAL}"

define subflow drillyard guard
  $passes = execute {NAME}(text=$bot_message)
  if not $passes
    bot refuse to respond
    stop
"""
"""Colang 1.0 of the rail: the flow is called `drillyard guard`."""


def guard_action(guard: AnyGuard, tau: float) -> Callable[..., Awaitable[bool]]:
    """Return the action that says whether a text may pass. Raises `MissingExtra` without nemoguardrails."""
    actions: Any = require("nemoguardrails.actions", "rails", "a guard in NeMo Guardrails")

    async def passes(text: str = "") -> bool:
        return guard.score(text).score <= tau

    made: Callable[..., Awaitable[bool]] = actions.action(name=NAME, is_system_action=True)(passes)
    return made
