"""Replies in the two forms of the OpenAI API: pure functions from replies and pieces to JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from tokenizers import Tokenizer, pre_tokenizers

from drillyard.organisms.engine.dialogue import SPECIAL_TOKENS
from drillyard.organisms.serving.orders import Order
from drillyard.organisms.serving.reply import Chance, Piece, ServedReply

__all__ = ["ChatForm", "Completion", "Form", "spell_tokens", "usage"]

_LOWEST = -9999.0
"""What stands for the logarithm of a probability that a float32 cannot hold: JSON has no infinity."""


class Form(Protocol):
    """How one endpoint says things; `choice` and `part` are entries of `choices`, whole and streamed."""

    prefix: str
    whole: str
    streamed: str

    def choice(self, index: int, reply: ServedReply, order: Order) -> dict[str, Any]:
        """Return a whole reply."""

    def opening(self, index: int) -> dict[str, Any] | None:
        """Return what a stream begins with, if anything."""

    def parts(self, index: int, piece: Piece, order: Order) -> list[dict[str, Any]]:
        """Return what a stream says when a piece comes."""


class ChatForm:
    """The form of /v1/chat/completions."""

    prefix, whole, streamed = "chatcmpl", "chat.completion", "chat.completion.chunk"

    def __init__(self, words: Sequence[bytes]) -> None:
        self._words = words

    def choice(self, index: int, reply: ServedReply, order: Order) -> dict[str, Any]:
        """Return a whole reply as a message."""
        message = {"role": "assistant", "content": reply.text, "refusal": None}
        return {
            "index": index,
            "message": message,
            "logprobs": self._logprobs(reply.chances, order),
            "finish_reason": reply.finish,
        }

    def opening(self, index: int) -> dict[str, Any] | None:
        """Return the role."""
        return self._delta(index, {"role": "assistant", "content": ""})

    def parts(self, index: int, piece: Piece, order: Order) -> list[dict[str, Any]]:
        """Return text as it comes; the end stands in a part of its own."""
        parts = []
        if piece.text or piece.chances:
            parts.append(self._delta(index, {"content": piece.text}, self._logprobs(piece.chances, order)))
        if piece.finish:
            parts.append({**self._delta(index, {}), "finish_reason": piece.finish})
        return parts

    def _delta(self, index: int, delta: dict[str, Any], logprobs: dict[str, Any] | None = None) -> dict[str, Any]:
        return {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": None}

    def _logprobs(self, chances: Sequence[Chance], order: Order) -> dict[str, Any] | None:
        if order.top is None:
            return None
        content = [
            {**self._token(chance.token, chance.logprob), "top_logprobs": [self._token(*one) for one in chance.top]}
            for chance in chances
        ]
        return {"content": content, "refusal": None}

    def _token(self, token: int, logprob: float) -> dict[str, Any]:
        word = self._words[token]
        return {"token": word.decode(errors="replace"), "logprob": max(logprob, _LOWEST), "bytes": list(word)}


class Completion:
    """The form of /v1/completions."""

    prefix, whole, streamed = "cmpl", "text_completion", "text_completion"

    def __init__(self, words: Sequence[bytes]) -> None:
        self._words = words

    def choice(self, index: int, reply: ServedReply, order: Order) -> dict[str, Any]:
        """Return a whole reply as text."""
        return self._text(index, reply.text, reply.chances, reply.finish, order)

    def opening(self, index: int) -> dict[str, Any] | None:
        """Return nothing: a completion begins with its text."""
        return None

    def parts(self, index: int, piece: Piece, order: Order) -> list[dict[str, Any]]:
        """Return text as it comes, with the end where it is."""
        return [self._text(index, piece.text, piece.chances, piece.finish, order)]

    def _text(
        self, index: int, text: str, chances: Sequence[Chance], finish: str | None, order: Order
    ) -> dict[str, Any]:
        return {"index": index, "text": text, "logprobs": self._logprobs(chances, order), "finish_reason": finish}

    def _logprobs(self, chances: Sequence[Chance], order: Order) -> dict[str, Any] | None:
        if order.top is None:
            return None
        return {
            "tokens": [self._word(chance.token) for chance in chances],
            "token_logprobs": [max(chance.logprob, _LOWEST) for chance in chances],
            "top_logprobs": [
                {self._word(token): max(logprob, _LOWEST) for token, logprob in (*chance.top, _own(chance))}
                for chance in chances
            ],
            "text_offset": [chance.start for chance in chances],
        }

    def _word(self, token: int) -> str:
        """Return a token's text; one that is only a part of a character is spelled in bytes, as OpenAI does."""
        word = self._words[token]
        try:
            return word.decode()
        except UnicodeDecodeError:
            return "bytes:" + "".join(f"\\x{byte:02x}" for byte in word)


def spell_tokens(tokenizer: Tokenizer, size: int) -> list[bytes]:
    """Return the bytes of the first `size` tokens of a byte-level vocabulary: a marker's name, nothing for a gap."""
    kept = [
        *range(0x21, 0x7F),
        *range(0xA1, 0xAD),
        *range(0xAE, 0x100),
    ]  # in GPT-2's alphabet themselves,
    moved = [byte for byte in range(0x100) if byte not in kept]  # the others for the letters from 256 on
    letters = {chr(byte): byte for byte in kept} | {chr(256 + place): byte for place, byte in enumerate(moved)}
    assert letters.keys() == set(pre_tokenizers.ByteLevel.alphabet())
    words = [str(tokenizer.id_to_token(token) or "") for token in range(size)]
    return [word.encode() if word in SPECIAL_TOKENS else bytes(letters[letter] for letter in word) for word in words]


def usage(order: Order, replies: Sequence[ServedReply]) -> dict[str, int]:
    """Return the true numbers of tokens: each prompt once, replies without their end of turn, no padding."""
    drawn = sum(reply.tokens for reply in replies)
    return {
        "prompt_tokens": order.prompt_tokens,
        "completion_tokens": drawn,
        "total_tokens": order.prompt_tokens + drawn,
    }


def _own(chance: Chance) -> tuple[int, float]:
    return chance.token, chance.logprob
