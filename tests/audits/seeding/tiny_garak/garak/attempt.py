"""What is said to a model."""

from dataclasses import dataclass, field


@dataclass
class Message:
    """A text, and files that go with it."""

    text: str | None = None
    data_path: str | None = None


@dataclass
class Turn:
    """A message and who says it."""

    role: str
    content: Message


@dataclass
class Conversation:
    """Turns in their order."""

    turns: list[Turn] = field(default_factory=list)
