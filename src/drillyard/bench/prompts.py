"""From other formats' prompts (a text, or messages with role and content) to conversations, and back."""

from __future__ import annotations

from typing import Any

from drillyard.errors import bad_input
from drillyard.records import Conversation, Message

__all__ = ["as_conversation", "as_messages", "as_text"]

_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant", "ai": "assistant"}
_NAMES = {"example_user": "user", "example_assistant": "assistant"}
_PREFIX = {"system": "", "example_user": "User: ", "example_assistant": "Assistant: "}


def as_conversation(prompt: Any) -> Conversation:
    """Return the conversation of a prompt: a text is one user message; examples by `name` become turns.

    Raises:
        BadInput: neither a text nor messages, a role that no target knows, or content that is no text.
    """
    if isinstance(prompt, str):
        return Conversation.ask(prompt)
    if not isinstance(prompt, list) or not prompt:
        raise bad_input(f"the prompt {str(prompt)[:80]!r}", "a text, or a list of messages")
    return Conversation(messages=tuple(map(_message, prompt)))


def as_messages(conversation: Conversation) -> list[dict[str, str]]:
    """Return a conversation as the plain messages that every other tool reads."""
    return [{"role": message.role, "content": message.content} for message in conversation.messages]


def _message(message: Any) -> Message:
    if not isinstance(message, dict) or "content" not in message:
        raise bad_input(f"the message {str(message)[:80]!r}", "an object with role and content")
    role = _NAMES.get(str(message.get("name")), _ROLES.get(str(message.get("role"))))
    if role is None:
        raise bad_input(f"a message of the role {message.get('role')!r}", f"one of: {', '.join(_ROLES)}")
    return Message.from_data({"role": role, "content": _content(message["content"])})


def _content(content: Any) -> str:
    """Return the text of a content: itself, a text part, or a list of them."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [content]
    texts = [part if isinstance(part, str) else part.get("text") if isinstance(part, dict) else None for part in parts]
    if not texts or not all(isinstance(text, str) for text in texts):
        kinds = ", ".join(sorted({str(part.get("type")) for part in parts if isinstance(part, dict)})) or "none"
        raise bad_input(f"content that is no text (parts: {kinds})", "text; images and sound are not supported")
    return "".join(map(str, texts))


def as_text(value: Any) -> str:
    """Return a value as grader prompts of OpenAI Evals show it: messages as lines with speakers, else Python's str."""
    if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
        return str(value)
    if len(value) == 1:
        return str(value[0]["content"])
    lines = []
    for message in value:
        role = str(message.get("name", message.get("role", "")))
        lines.append(f"{_PREFIX.get(role, f'{role.capitalize()}: ')}{message['content']}\n")
    return "".join(lines).lstrip()
