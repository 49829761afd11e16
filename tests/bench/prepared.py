"""A target and a completion function that say the same: the prompt's hash picks one of a few replies."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from drillyard.records import Conversation, Reply

FUNCTION = """import hashlib, json
from pathlib import Path

REPLIES = json.loads(Path(__file__).with_name("replies.json").read_text())
NAMES = {"example_user": "user", "example_assistant": "assistant"}

class Result:
    def __init__(self, text): self.text = text
    def get_completions(self): return [self.text]

class Prepared:
    def __init__(self, **_): pass
    def __call__(self, prompt, **_):
        said = [["user", prompt]] if isinstance(prompt, str) else [
            [NAMES.get(m.get("name"), m["role"]), m["content"]] for m in prompt]
        name = int(hashlib.sha256(json.dumps(said).encode()).hexdigest(), 16)
        return Result(REPLIES[name % len(REPLIES)])
"""


class Prepared:
    """Picks a reply by the hash of the conversation."""

    reference = "prepared/"

    def __init__(self, replies: Sequence[str]) -> None:
        self.replies = tuple(replies)

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer each conversation by its hash."""
        return [Reply(text=self._pick(conversation)) for conversation in conversations]

    def stream(self, conversation: Conversation, seed: int | None):
        """Yield the reply in one piece."""
        yield self._pick(conversation)

    def _pick(self, conversation: Conversation) -> str:
        said = [[message.role, message.content] for message in conversation.messages]
        name = int(hashlib.sha256(json.dumps(said).encode()).hexdigest(), 16)
        return self.replies[name % len(self.replies)]


def write_function(folder: Path, replies: Sequence[str]) -> None:
    """Write the same as a completion function for `oaieval`, with the registry entry that names it."""
    (folder / "replies.json").write_text(json.dumps(list(replies)))
    (folder / "prepared_function.py").write_text(FUNCTION)
    (folder / "functions" / "completion_fns").mkdir(parents=True)
    entry = "drillyard/prepared:\n  class: prepared_function:Prepared\n"
    (folder / "functions" / "completion_fns" / "prepared.yaml").write_text(entry)
