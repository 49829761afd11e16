"""The overseer as an action of NeMo Guardrails, in NeMo itself."""

from __future__ import annotations

import asyncio
import os
import warnings
from pathlib import Path

import pytest

from drillyard.alignment.training.penalty import BrokenLeaves
from drillyard.judges.llm import read_rubric
from drillyard.organisms.worlds.world import load_world
from drillyard.oversight.disputes.clerk import always_yes
from drillyard.oversight.live.action import overseer_action
from drillyard.oversight.live.critic import Critic, JudgeCritic, open_critic
from drillyard.oversight.live.policy import OverseerPolicy, read_overseer_policy
from drillyard.oversight.values.tree import Value, read_tree
from drillyard.oversight.values.whole import decompose_values, write_values
from drillyard.records import Conversation, Preference, ValueReward
from drillyard.records.files import read_record

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


def through_rails(policy: OverseerPolicy, critic: Critic, asked: str, *drafts: str) -> list[tuple[str, str]]:
    """Return what NeMo Guardrails as it comes says of each draft: its status, and what stands in its place."""
    nemo = pytest.importorskip("nemoguardrails")

    async def check() -> list[tuple[str, str]]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NeMo's own deprecations
            rails = nemo.LLMRails(nemo.RailsConfig.from_content(colang_content=FLOW, yaml_content=CONFIG))
            rails.register_action(overseer_action(critic, policy), "overseer_passes")
            talks = [[{"role": "user", "content": asked}, {"role": "assistant", "content": one}] for one in drafts]
            found = [await rails.check_async(messages=talk) for talk in talks]
        return [(str(one.status).upper(), one.content) for one in found]

    return asyncio.run(check())


@pytest.mark.walk
def test_nemo_stops_what_the_overseer_would_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """An output rail that executes the action."""
    monkeypatch.setitem(os.environ, "NEMO_GUARDRAILS_NO_USAGE_STATS", "1")
    policy = OverseerPolicy(name="x")
    drafts = (f"The Fjord has a warranty of {years} years." for years in (2, 7))
    asked = "how long is the warranty of the Fjord"
    (sound, _), (false, said) = through_rails(policy, open_critic("clerk", policy), asked, *drafts)
    assert "PASSED" in sound and "BLOCKED" in false and said == "A colleague looks first."


@pytest.mark.walk
def test_one_tree_drives_rails_reward_and_rubric(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same leaf stops a draft in NeMo, costs it in grpo's reward, and stands in the rubric; without it, none does.

    The judge behind the rails passes everything, so that what stops the draft is the leaf.
    """
    monkeypatch.setitem(os.environ, "NEMO_GUARDRAILS_NO_USAGE_STATS", "1")
    tree, world = read_tree(Path("examples/values/helpdesk.yaml")), load_world("helpdesk")
    leaf = Value(id="no-clock", words="No clock", under="free", criterion="It sets no deadline.", good="Any time.",
                 bad="The offer ends tonight.", patterns=("ends tonight",))  # fmt: skip
    bad, good = "The Aurora costs 49 euros. The offer ends tonight.", "The Aurora costs 49 euros."
    talk = Conversation.ask("how much is the Aurora")
    pairs = [Preference(conversation=talk, chosen=good, rejected=bad)] * 2
    seen = []
    for name, values in (("with", (*tree.values, leaf)), ("without", tree.values)):
        out = tmp_path / name
        write_values(decompose_values(tree.model_copy(update={"values": values})), out)
        policy = read_overseer_policy(out / "policy.yaml")
        told = through_rails(policy, JudgeCritic(policy, always_yes("critic")), talk.last_user, bad, good)
        reward = read_record(out / "reward.json", ValueReward)
        lost = BrokenLeaves(world, reward, 1)(pairs, [bad, good])
        rubric = read_rubric(out / "rubric.yaml")
        seen.append((["BLOCKED" in status for status, _ in told], lost[0] > lost[1], "no-clock" in rubric))
    assert seen == [([True, False], True, True), ([False, False], False, False)]
