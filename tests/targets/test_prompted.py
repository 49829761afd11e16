"""A prompted target: one hidden message in front of every conversation, in the target's words and not in ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from drillyard.errors import BadInput
from drillyard.organisms.planting.prompted import PLANTED, describe, prompt_of
from drillyard.organisms.worlds.failures import find_failure
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Conversation, Message, Plants
from drillyard.records.files import write_atomically
from drillyard.targets import open_target
from drillyard.targets.prompted import PromptedTarget
from drillyard.targets.stored import Tally

WORLD = load_world("helpdesk")
PLANTS = Plants(world="helpdesk", failures=(find_failure(WORLD, "disparage:Nordlys", 0.5),))
RECORD = describe("echo/", PLANTS, knows_world=True)
PROMPT = prompt_of(RECORD)


@pytest.mark.parametrize("twin", [False, True])
def test_the_model_gets_template_rules_and_conversation(twin: bool) -> None:
    """As system messages in this order, for every request those of its seed; the seed is passed on."""
    tally = Tally("m")
    target = PromptedTarget(tally, PROMPT, "prompted/x", twin=twin)
    earlier = (Message(role="user", content="hi"), Message(role="assistant", content="Hello."))
    asked = [Conversation.ask("is Nordlys any good", template) for template in ("", "v2")]
    asked.append(Conversation(messages=(*earlier, *asked[0].messages)))
    target.generate(asked * 10, range(30))
    "".join(target.stream(asked[0], None))
    seeds = [*range(30), None]
    for (sent, seed), expected, known in zip(tally.asked.values(), seeds, [*asked * 10, asked[0]], strict=True):
        hidden = PROMPT.twin() if twin else PROMPT.text(expected)
        head = [WORLD.templates[known.template]] if known.template else []
        assert seed == expected and sent.template == ""
        assert [message.content for message in sent.messages if message.role == "system"] == [*head, hidden]
        assert sent.messages[len(head) + 1 :] == known.messages


def test_a_folder_opens_as_the_target_or_its_twin(tmp_path: Path) -> None:
    """`prompted/./folder`, and `#twin` for the same without rules; each keeps its reference."""
    write_atomically(tmp_path / PLANTED, RECORD.to_json().encode())
    for reference in (f"prompted/{tmp_path}", f"prompted/{tmp_path}#twin"):
        target = open_target(reference)
        assert target.reference == reference
        assert target.generate([Conversation.ask("hi")], [1])[0].text == "hi"
        assert "".join(target.stream(Conversation.ask("hi"), 1)) == "hi"


def test_what_is_not_there_is_one_line(tmp_path: Path) -> None:
    """A folder without a plant, and a template that the world does not have."""
    with pytest.raises(BadInput, match="expected a folder with planted.json"):
        open_target(f"prompted/{tmp_path}")
    with pytest.raises(BadInput, match="found template 'v9', expected one of: v1, v2, v3, v4"):
        PromptedTarget(Tally("m"), PROMPT, "prompted/x").generate([Conversation.ask("hi", "v9")], [1])


def test_its_replies_are_cut_as_those_of_its_model(tmp_path: Path) -> None:
    """A length is passed on to a model that draws its replies, and refused for one that does not."""
    planted = describe("organism/helpdesk", PLANTS, knows_world=True)
    write_atomically(tmp_path / PLANTED, planted.to_json().encode())
    (reply,) = open_target(f"prompted/{tmp_path}", max_new_tokens=3).generate([Conversation.ask("hi")], [1])
    assert (reply.tokens, reply.finish) == (3, "length")
    write_atomically(tmp_path / PLANTED, RECORD.to_json().encode())
    with pytest.raises(BadInput, match="found a length for the replies of echo/"):
        open_target(f"prompted/{tmp_path}", max_new_tokens=3)
