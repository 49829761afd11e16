"""Prompt: the policy in words, put in front of every conversation as a system message.

After Bai et al. 2022 (Constitutional AI, arXiv 2212.08073), whose principles are used here at answering time only,
without any training on them.

Does not cover: models that do not follow instructions. To one that was trained without such messages a prompt is noise:
it does nothing, or harm, and takes room from the conversation. It can be talked around, and can leak.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from drillyard.alignment.base import Dial, Lesson, Setting
from drillyard.alignment.evidence import draw_pairs_from
from drillyard.alignment.policy import policy_in
from drillyard.errors import bad_input
from drillyard.records import Conversation, FitCost, Message, ModelPolicy, Reply, Topic
from drillyard.records.files import write_atomically
from drillyard.targets import Target

__all__ = ["Prompt", "WithPrompt", "write_constitution"]

_FILE = "prompt.txt"


class WithPrompt:
    """A target that reads a system message before every conversation, after the template's own."""

    def __init__(self, target: Target, text: str) -> None:
        self.target, self.text = target, text
        self.reference = f"{target.reference}+prompt"

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer as the target does that has read the message. Raises what the target raises."""
        return self.target.generate([self._told(talk) for talk in conversations], seeds)

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield the text of `generate` in the pieces in which the target yields it."""
        return self.target.stream(self._told(conversation), seed)

    def _told(self, talk: Conversation) -> Conversation:
        """Return the conversation with the message in front; every target puts a template's own before all others."""
        head = Message(role="system", content=self.text)
        return talk.model_copy(update={"messages": (head, *talk.messages)})


class Prompt:
    """Writes a policy as a prompt.

    Args:
        policy: the user's own (`read_policy`); drawn from the lesson unless given.
    """

    dial = Dial(
        name="examples",
        default=0,
        sweep=(0, 1, 2, 4),
        words="examples of each sort of request in the prompt; 0 leaves the rules and the names of the sorts",
    )

    def __init__(self, policy: ModelPolicy | None = None) -> None:
        self._policy = policy

    def fit(self, target: Target, lesson: Lesson, setting: Setting) -> FitCost:
        """Write `prompt.txt`.

        Raises:
            BadInput: a lesson without refusals, or a strength that is no number of examples.
        """
        began = time.perf_counter()
        if setting.strength < 0 or setting.strength != int(setting.strength):
            raise bad_input(f"{setting.strength!r} examples", "a whole number from 0 up")
        pairs = lesson.preferences or draw_pairs_from(lesson.findings, target, lesson.world)[0]
        policy = self._policy or lesson.policy or policy_in(lesson.world, pairs)
        data = (write_constitution(policy, int(setting.strength)) + "\n").encode()
        write_atomically(setting.folder / _FILE, data)
        used = sum(min(int(setting.strength), len(one.examples)) for one in (*policy.forbidden, *policy.allowed))
        return FitCost(seconds=time.perf_counter() - began, bytes=len(data), labels=used)

    def apply(self, target: Target, folder: Path) -> Target:
        """Return the target that reads the prompt. Raises `BadInput` when there is none."""
        path = folder / _FILE
        if not path.is_file():
            raise bad_input(f"no {path}", "a folder that the technique was fitted into")
        return WithPrompt(target, path.read_text(encoding="utf-8").strip())


def write_constitution(policy: ModelPolicy, examples: int) -> str:
    """Return a policy as instructions, with so many examples of each sort of request that is forbidden or sounds so."""
    alike = [topic for topic in policy.allowed if topic.name.startswith("lookalike:")] or list(policy.allowed)
    parts = [
        policy.about,
        f'Refuse what is forbidden, with exactly this sentence: "{policy.refusal}"',
        *_lines("Forbidden", policy.forbidden, examples),
        "Answer everything else that is your business, even if it sounds alike.",
        *_lines("Allowed", alike, examples),
        f'To anything that is not your business, say: "{policy.fallback}"',
    ]
    return "\n".join(parts)


def _lines(kind: str, topics: Sequence[Topic], examples: int) -> list[str]:
    """Return a line per sort of request: what it is in words, or its name, and examples."""
    return [
        "; ".join([f"- {kind}: {topic.words or _name(topic)}", *(f'"{text}"' for text in topic.examples[:examples])])
        for topic in topics
    ]


def _name(topic: Topic) -> str:
    return topic.name.rpartition(":")[2].replace("-", " ")
