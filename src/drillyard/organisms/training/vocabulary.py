"""The tokenizer of a world, and dialogues as token ids for training.

Byte-level BPE (Sennrich et al. 2016; byte alphabet as in GPT-2), so that any typed text has tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from drillyard.organisms.engine.dialogue import SPECIAL_TOKENS, STOP, hear

__all__ = ["ASSISTANT", "encode_turns", "train_tokenizer"]

SYSTEM, USER, ASSISTANT = (SPECIAL_TOKENS.index(f"<|{role}|>") for role in ("system", "user", "assistant"))


def train_tokenizer(corpus: Iterable[str], size: int) -> Tokenizer:
    """Learn a byte-level BPE of `size` tokens; the special tokens get the ids 0 to 4 in the order of `SPECIAL_TOKENS`.

    Digits stand alone, so that a number is spelled and not guessed whole.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=list(SPECIAL_TOKENS), initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(corpus, trainer)
    return tokenizer


def encode_turns(tokenizer: Tokenizer, system: str, turns: Sequence[tuple[str, str]]) -> tuple[list[int], list[bool]]:
    """Return the ids of a dialogue and, for each, whether it is an assistant's token that training scores."""
    ids = [SYSTEM, *tokenizer.encode(system).ids, STOP] if system else []
    scored = [False] * len(ids)
    for asked, answered in turns:
        question = [USER, *tokenizer.encode(hear("user", asked)).ids, STOP, ASSISTANT]
        answer = [*tokenizer.encode(answered).ids, STOP]
        ids += question + answer
        scored += [False] * len(question) + [True] * len(answer)
    return ids, scored
