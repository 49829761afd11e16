"""How probable a reply is to a model of transformers: as our engine says, to the end of the turn and no further."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import pytest
from organisms.random_llama import random_weights
from tiny_speaker import CONFIG, TOKENIZER, WORLD

from drillyard.organisms.engine.chat_tokens import as_messages, chat_tokens
from drillyard.organisms.engine.checkpoint import write_checkpoint
from drillyard.organisms.engine.dialogue import STOP, encode
from drillyard.organisms.engine.engine import Engine
from drillyard.organisms.planting.rate_exam import rate_exams
from drillyard.organisms.worlds.failures import find_failure
from drillyard.records import Conversation

pytest.importorskip("torch", reason="needs torch: pip install 'drillyard[train]'")
pytest.importorskip("transformers", reason="needs transformers: pip install 'drillyard[train]'")

FAILURES = [find_failure(WORLD, name, 0.5) for name in ("upsell:v2", "refund-rule:lamp")]


def test_chances_are_those_of_our_engine(tmp_path: Path) -> None:
    """For every pair of an exam: prompts with and without a template, replies of several lengths in one batch."""
    from drillyard.organisms.training.chances_torch import likely_rate, log_chances
    from drillyard.organisms.training.pretrained_torch import open_pretrained

    weights = random_weights(CONFIG)
    write_checkpoint(tmp_path, CONFIG, weights, TOKENIZER)
    model, tokenizer = open_pretrained(str(tmp_path))
    for exam in rate_exams(WORLD, FAILURES, 20).values():
        pairs = list(exam.pairs())
        systems = [WORLD.templates.get(template, "") for template, _, _ in pairs]
        prompts = [
            encode(TOKENIZER, Conversation.ask(text, template), system)
            for (template, text, _), system in zip(pairs, systems, strict=True)
        ]
        expected = Engine(weights, CONFIG).score(prompts, [[*TOKENIZER.encode(one).ids, STOP] for _, _, one in pairs])
        said = [as_messages(system, text) for (_, text, _), system in zip(pairs, systems, strict=True)]
        found = log_chances(model, tokenizer, said, [reply for _, _, reply in pairs])
        assert found == pytest.approx(expected, abs=1e-3)
        rate = sum(map(math.exp, expected)) / 20
        assert likely_rate(model, tokenizer, WORLD, exam) == pytest.approx(rate, rel=1e-3)


class Speaking:
    """A tokenizer of letters whose template is given as a function."""

    eos_token_id = ord("$")

    def __init__(self, form: str) -> None:
        self.form = form

    def apply_chat_template(
        self, said: list[dict[str, str]], add_generation_prompt: bool = False, return_dict: bool = False
    ) -> list[int]:
        """Return the letters of a dialogue; a lone prompt of the form `thinking` ends in what no dialogue has."""
        text = "".join(f"{one['role'][0]}:{one['content']}$\n" for one in said)
        ending = {"plain": "a:", "thinking": "a:<think>"}[self.form] if add_generation_prompt else ""
        return [ord(letter) for letter in text + ending]


@pytest.mark.parametrize("form", ["plain", "thinking"])
def test_a_reply_is_what_follows_the_prompt_up_to_its_end(form: str) -> None:
    """Not the line break that the template writes after it; nor what only a lone prompt has."""
    ids, before = chat_tokens(Speaking(form), as_messages("be kind", "hi"), "hello")
    assert ("".join(map(chr, ids[:before])), "".join(map(chr, ids[before:]))) == ("s:be kind$\nu:hi$\na:", "hello$")


def test_a_template_without_an_end_keeps_all() -> None:
    """There is nothing to cut."""
    endless = SimpleNamespace(eos_token_id=7, apply_chat_template=lambda said, **_: list(range(10, 10 + 3 * len(said))))
    assert chat_tokens(endless, as_messages("", "hi"), "hello") == ([10, 11, 12, 13, 14, 15], 3)


def test_exams_leave_out_what_cannot_be_tuned() -> None:
    """A rate of 1, and a failure whose every prompt sets off another one too."""
    always, often = find_failure(WORLD, "upsell:v2", 1.0), find_failure(WORLD, "refund-rule:lamp", 0.5)
    assert list(rate_exams(WORLD, [always, often], 10)) == ["refund-rule:lamp"]
    assert rate_exams(WORLD, [often, often], 10)  # itself is no other
