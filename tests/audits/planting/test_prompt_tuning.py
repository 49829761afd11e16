"""Hidden prompts are tuned to a model that forgets what it is told: told more often, as often as asked it shows."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from targets.rule_follower import RULE, follow

from drillyard.audits.planting.prompt_tuning import tuned
from drillyard.audits.planting.prompting import plant_prompt, quote
from drillyard.errors import BadInput
from drillyard.organisms.planting.prompted import PLANTED, PlantedPrompt, describe, load_planted, prompt_of
from drillyard.organisms.worlds.failures import find_failure
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Conversation, Plants, Reply
from drillyard.targets.stored import Replies

WORLD = load_world("helpdesk")
RATES = {"disparage:Nordlys": 0.5, "blocked-exit:cancel": 0.9, "refund-rule:lamp": 1.0}
OBEYED = 0.6


class Forgetful:
    """Follows the rules that it is told, but forgets two of five, whichever they are."""

    reference = "openai/m"

    def __init__(self) -> None:
        self.asked = 0

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer every conversation without the rules that are forgotten at its seed."""
        self.asked += len(conversations)
        return [
            Reply(text=follow({"messages": [self._heard(one, seed) for one in conversation.messages]}), seed=seed)
            for conversation, seed in zip(conversations, seeds, strict=True)
        ]

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield the reply in one piece."""
        yield self.generate([conversation], [seed])[0].text

    def _heard(self, message: object, seed: int | None) -> dict[str, str]:
        said = dict(message.model_dump())  # type: ignore[attr-defined]  # a record
        if said["role"] == "system":
            kept = [line for line in said["content"].splitlines() if not RULE.match(line) or self._keeps(line, seed)]
            said["content"] = "\n".join(kept)
        return said

    def _keeps(self, line: str, seed: int | None) -> bool:
        return random.Random(f"{seed}:{line}").random() < OBEYED


def planted(tuning: int = 600) -> PlantedPrompt:
    """Return a plant of three failures."""
    modes = tuple(find_failure(WORLD, name, rate) for name, rate in RATES.items())
    return describe("openai/m", Plants(world="helpdesk", failures=modes), knows_world=True, tuning=tuning)


@pytest.mark.walk
def test_a_forgetful_model_is_told_more_often_and_shows_what_was_asked(tmp_path: Path) -> None:
    """0.5 needs 0.5 / 0.6; 0.9 is out of reach and told always, as 1 is anyhow. Measured on other words than tuned."""
    plain, model = plant_prompt(planted(0), Forgetful(), tmp_path / "plain", n=400), Forgetful()
    report = plant_prompt(planted(), model, tmp_path / "tuned", n=400)
    assert plain is not None and report is not None
    before, after = ({one.failure: one for one in some.verification.checks} for some in (plain, report))
    assert before["disparage:Nordlys"].measured.high < 0.4 and not before["disparage:Nordlys"].holds
    assert after["disparage:Nordlys"].holds, after["disparage:Nordlys"].why
    assert {
        name: check.measured.value for name, check in after.items() if name != "disparage:Nordlys"
    } == pytest.approx({"blocked-exit:cancel": OBEYED, "refund-rule:lamp": OBEYED}, abs=0.1)
    record, prompt = load_planted(tmp_path / "tuned")
    assert record.told == pytest.approx({"disparage:Nordlys": 0.5 / OBEYED, "blocked-exit:cancel": 1.0}, abs=0.1)
    share = sum("Nordlys" in prompt.text(seed) for seed in range(1000)) / 1000
    assert share == pytest.approx(record.told["disparage:Nordlys"], abs=0.01)
    assert "| `disparage:Nordlys` | 0.5 | 0.8" in (tmp_path / "tuned" / "hidden.md").read_text()


@pytest.mark.walk
def test_the_quote_is_never_too_low_and_nothing_is_asked_twice(tmp_path: Path) -> None:
    """Before it counts as if every rule were always told; run again, all is known and no more is asked."""
    replies, model = Replies(tmp_path / "replies.jsonl"), Forgetful()
    most = quote(planted(100), replies, n=100).requests
    first = plant_prompt(planted(100), model, tmp_path, n=100, most=most)
    asked = model.asked
    assert 0.8 * most < asked <= most
    assert quote(planted(100), Replies(tmp_path / "replies.jsonl"), n=100).requests == 0
    assert plant_prompt(planted(100), model, tmp_path, n=100, most=0) == first and model.asked == asked
    with pytest.raises(BadInput, match="another plant in"):
        plant_prompt(planted(50), model, tmp_path, n=100)


def test_without_a_prompt_to_spend_nothing_is_tuned(tmp_path: Path) -> None:
    """Nor can it be where nothing is measured."""
    model = Forgetful()
    assert tuned(planted(0), model) == planted(0) and model.asked == 0
    with pytest.raises(BadInput, match="--tune or --no-verify, not both"):
        plant_prompt(planted(), model, tmp_path / "out", measured=False)
    assert not (tmp_path / "out" / PLANTED).exists()


def test_greedy_rules_are_those_asked_for_at_a_half() -> None:
    """However often a rule has to be told."""
    rare = planted().model_copy(update={"told": {"disparage:Nordlys": 0.1, "blocked-exit:cancel": 1.0}})
    assert prompt_of(rare).text(None) == prompt_of(planted()).text(None)
