"""Request bodies of the OpenAI API, as far as organisms can honour them.

Fields that change nothing here (`user`, `metadata`, `store` …) are ignored. A field that would change the reply and
that we cannot honour is refused by name, unless its value asks for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from drillyard.organisms.serving.refusal import Refusal
from drillyard.records import Message

__all__ = ["MAX_CHOICES", "ChatBody", "ChatMessage", "CompletionBody", "ContentPart", "SharedBody", "StreamOptions"]

MAX_CHOICES = 128
"""Most replies that one request may ask for."""

MAX_TOP = 20
"""Most alternatives per token."""

_ASKS_NOTHING: Mapping[str, tuple[object, ...]] = {
    "audio": (),
    "best_of": (1,),
    "echo": (False,),
    "frequency_penalty": (0,),
    "function_call": ("none", "auto"),
    "functions": ([],),
    "ignore_eos": (False,),
    "logit_bias": ({},),
    "min_tokens": (0,),
    "modalities": (["text"],),
    "prediction": (),
    "presence_penalty": (0,),
    "repetition_penalty": (1,),
    "response_format": ({"type": "text"},),
    "suffix": ("",),
    "tool_choice": ("none", "auto"),
    "tools": ([],),
    "top_k": (0, -1),
    "use_beam_search": (False,),
    "web_search_options": (),
}
"""Fields that we cannot honour, with the values (besides null) that change nothing."""


class _Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow", frozen=True)

    def refuse_unsupported(self, where: str = "") -> None:
        """Refuse the first field that we cannot honour."""
        for name, value in (self.model_extra or {}).items():
            if name in _ASKS_NOTHING and value is not None and value not in _ASKS_NOTHING[name]:
                raise Refusal(f"{where}{name} is not supported here", param=where + name, code="unsupported_parameter")


class StreamOptions(_Body):
    """How to stream."""

    include_usage: bool | None = None


Stop = Annotated[str, Field(min_length=1)]
Tokens = Annotated[int, Field(ge=1)]


class SharedBody(_Body):
    """What both endpoints take; null means the default."""

    model: str
    n: int | None = Field(None, ge=1, le=MAX_CHOICES)
    seed: int | None = None
    stop: Stop | Annotated[list[Stop], Field(max_length=16)] | None = None
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    min_p: float | None = Field(None, ge=0, le=1)
    max_tokens: Tokens | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None

    @property
    def stops(self) -> tuple[str, ...]:
        """The texts that end a reply."""
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())


class ContentPart(_Body):
    """A part of a message."""

    type: str
    text: str | None = None


class ChatMessage(_Body):
    """A message of a chat."""

    role: str
    content: str | list[ContentPart] | None = None

    def message(self, where: str) -> Message:
        """Return it as a record; refuses what is no text."""
        role = "system" if self.role == "developer" else self.role
        if role not in ("system", "user", "assistant"):
            words = f"{where}.role {self.role!r}: expected system, developer, user or assistant"
            raise Refusal(words, param=f"{where}.role", code="invalid_value")
        for name in ("tool_calls", "function_call", "audio"):
            if (self.model_extra or {}).get(name):
                param = f"{where}.{name}"
                raise Refusal(f"{param} is not supported here", param=param, code="unsupported_value")
        return Message(role=_role(role), content=self._text(where))

    def _text(self, where: str) -> str:
        if isinstance(self.content, str):
            return self.content
        if self.content is None:
            raise Refusal(f"{where}.content is missing", param=f"{where}.content", code="missing_required_parameter")
        for place, part in enumerate(self.content):
            if part.type != "text" or part.text is None:
                param = f"{where}.content[{place}].type"
                raise Refusal(f"{param} {part.type!r}: only text is read here", param=param, code="unsupported_value")
        return "".join(part.text or "" for part in self.content)


class ChatBody(SharedBody):
    """The body of /v1/chat/completions."""

    messages: list[ChatMessage] = Field(min_length=1)
    max_completion_tokens: Tokens | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = Field(None, ge=0, le=MAX_TOP)
    continue_final_message: bool | None = None
    add_generation_prompt: bool | None = None


class CompletionBody(SharedBody):
    """The body of /v1/completions."""

    prompt: str | list[str] | list[int] | list[list[int]]
    logprobs: int | None = Field(None, ge=0, le=MAX_TOP)

    @property
    def prompts(self) -> Sequence[str | Sequence[int]]:
        """The prompts one by one, each as text or token ids."""
        asked: Any = self.prompt
        return [asked] if isinstance(asked, str) or all(isinstance(part, int) for part in asked) else asked


def _role(name: str) -> Literal["system", "user", "assistant"]:
    return "system" if name == "system" else "user" if name == "user" else "assistant"
