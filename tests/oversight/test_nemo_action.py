"""The overseer as an action of NeMo Guardrails, in NeMo itself."""

from __future__ import annotations

import asyncio
import os
import warnings

import pytest

from drillyard.oversight.live.action import overseer_action
from drillyard.oversight.live.critic import open_critic
from drillyard.oversight.live.policy import OverseerPolicy

FLOW = """
define bot refuse to respond
  "A colleague looks first."

define subflow check draft
  $ok = execute overseer_passes(draft=$bot_message, request=$user_message)
  if not $ok
    bot refuse to respond
    stop
"""
CONFIG = "models: []\npassthrough: true\nrails:\n  output: {flows: [check draft]}"


def test_the_action_decides_as_the_policy_says() -> None:
    """A true draft passes, a false one does not, and an empty one is held."""
    policy = OverseerPolicy(name="x")
    passes = overseer_action(open_critic("clerk", policy), policy)
    asked = "how long is the warranty of the Fjord"
    for draft, expected in (("The Fjord has a warranty of 2 years.", True),
                            ("The Fjord has a warranty of 7 years.", False), ("", False)):  # fmt: skip
        assert asyncio.run(passes(draft=draft, request=asked)) is expected


@pytest.mark.walk
def test_nemo_stops_what_the_overseer_would_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """An output rail that executes the action, in NeMo Guardrails as it comes."""
    nemo = pytest.importorskip("nemoguardrails")
    monkeypatch.setitem(os.environ, "NEMO_GUARDRAILS_NO_USAGE_STATS", "1")
    policy = OverseerPolicy(name="x")

    async def check(draft: str) -> tuple[str, str]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NeMo's own deprecations
            rails = nemo.LLMRails(nemo.RailsConfig.from_content(colang_content=FLOW, yaml_content=CONFIG))
            rails.register_action(overseer_action(open_critic("clerk", policy), policy), "overseer_passes")
            asked = {"role": "user", "content": "how long is the warranty of the Fjord"}
            found = await rails.check_async(messages=[asked, {"role": "assistant", "content": draft}])
        return str(found.status), found.content

    status, _ = asyncio.run(check("The Fjord has a warranty of 2 years."))
    assert "PASSED" in status.upper()
    status, content = asyncio.run(check("The Fjord has a warranty of 7 years."))
    assert "BLOCKED" in status.upper() and content == "A colleague looks first."
