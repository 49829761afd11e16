"""How replies are drawn: resolved once per target and stored with what it said, because settings change results.

Two ways have names. **plain** is temperature 1 with nothing cut off, so that rare failures keep their rates;
**deployed** is what users meet: the model's own generation_config, or what the server does when nobody asks for
anything else. A reference asks for the latter at its end, `hf/./model#deployed`, so that stored replies of both are
never mixed up.
"""

from __future__ import annotations

from typing import Literal

from drillyard.errors import bad_input
from drillyard.records import Record

__all__ = ["BATCHED", "DEPLOYED", "MERGED", "Settings", "merge_system", "split_reference"]

DEPLOYED, MERGED, BATCHED = "deployed", "merge-system", "batch"
"""Words behind the sign at the end of a reference: settings as deployed; the system message inside the user's first;
asked by batches (`openai/…` alone)."""

_SIGN = "#"


class Settings(Record):
    """What decides a reply besides the conversation and the seed. None is what only the server knows.

    `sampled` False means that the model answers greedily, whatever the seed. `top_k` 0, `top_p` 1, `min_p` 0 and
    `repetition_penalty` 1 change nothing. `ends` are the tokens that end a turn. `system` says where a system message
    goes: in its own role, or merged into the user's first message. `source` says where all this was read.
    """

    way: Literal["plain", "deployed"] = "plain"
    sampled: bool = True
    temperature: float | None = 1.0
    top_p: float | None = 1.0
    top_k: int | None = 0
    min_p: float | None = 0.0
    repetition_penalty: float | None = 1.0
    max_new_tokens: int = 256
    ends: tuple[str, ...] = ()
    system: Literal["own role", "merged"] = "own role"
    source: str = "ours"


def split_reference(reference: str, known: tuple[str, ...] = (DEPLOYED, MERGED)) -> tuple[str, frozenset[str]]:
    """Return a reference without the words behind its sign, and these words: `hf/x#deployed+merge-system`.

    Raises:
        BadInput: an unknown word.
    """
    plain, sign, words = reference.rpartition(_SIGN)
    if not sign:
        return reference, frozenset()
    said = frozenset(words.split("+"))
    if wrong := sorted(said - set(known)):
        raise bad_input(f"{wrong[0]!r} at the end of {reference!r}", f"one of: {', '.join(known)}")
    return plain, said


def merge_system(said: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return messages of which the first user's begins with what the system says."""
    system = "\n\n".join(one["content"] for one in said if one["role"] == "system")
    rest = [one for one in said if one["role"] != "system"]
    if not system or not rest:
        return rest
    return [{"role": rest[0]["role"], "content": f"{system}\n\n{rest[0]['content']}"}, *rest[1:]]
