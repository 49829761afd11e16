"""A model of your own, run by transformers: any causal language model with a chat template, from a folder or a hub.

Replies are drawn token by token with a random stream per request, so that a seed means the same text in any batch, as
far as the model's own arithmetic agrees between batches of different sizes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from jinja2 import TemplateError

from drillyard.errors import bad_input
from drillyard.organisms.training.pretrained_torch import open_pretrained
from drillyard.organisms.worlds.scope import Scope
from drillyard.records import Conversation, Reply
from drillyard.targets.decoding_torch import Decoder, Fixed, Growing, can_be_fixed
from drillyard.targets.revealing import Branch, Revealed, as_revealed
from drillyard.targets.templates import templates_of, unknown_template
from drillyard.targets.watching_torch import Watch

__all__ = ["LocalTarget", "open_local"]


class LocalTarget:
    """Answers with a causal language model of transformers. Between calls it holds no more than memory for the next.

    Args:
        model: the model, already on its device.
        tokenizer: its tokenizer, with a chat template.
        reference: what stored transcripts call this target.
        world: the scope whose prompt templates become system messages; none has none.
        temperature: above 0; greedy requests ignore it.
        max_new_tokens: a longer reply is cut.
        batch: conversations that are answered at the same time.
        fixed: on a GPU, give the model a cache of a fixed size and record its step, where it allows that.
    """

    _fixed: Fixed | None

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        reference: str,
        *,
        world: Scope | str = "",
        temperature: float = 1.0,
        max_new_tokens: int = 256,
        batch: int = 32,
        fixed: bool = True,
    ) -> None:
        self.model, self.tokenizer, self.reference = model.eval(), tokenizer, reference
        self._systems = templates_of(world)
        self._temperature, self._room, self._batch = temperature, max_new_tokens, batch
        ends = model.generation_config.eos_token_id
        self._may_fix, self._fixed = fixed, None
        self._ends = frozenset([ends] if isinstance(ends, int) else ends or [tokenizer.eos_token_id])

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer every conversation; one that is too long for the model gets an `error` reply.

        Raises:
            BadInput: a template that the world does not have, or a conversation that the model's chat template refuses.
        """
        replies = [Reply(text="", seed=seed, finish="error") for seed in seeds]
        prompts = [self._encode(conversation) for conversation in conversations]
        for rows in self._batches(prompts):
            made = self._complete([prompts[i] for i in rows], [seeds[i] for i in rows])
            for i, ids in zip(rows, made, strict=True):
                replies[i] = self._reply(ids, seeds[i], len(prompts[i]))
        return replies

    def reveal(self, conversations: Sequence[Conversation], floor: float) -> list[Revealed]:
        """Answer greedily and show the branches, as `RevealingTarget` says; too long a turn gets an `error` reply."""
        found = [Revealed(reply=Reply(text="", finish="error"), chance=0.0, branches=()) for _ in conversations]
        prompts = [self._encode(conversation) for conversation in conversations]
        for rows in self._batches(prompts):
            watch = Watch(len(rows), floor)
            made = self._complete([prompts[i] for i in rows], [None] * len(rows), watch)
            for i, walked in zip(rows, watch.walks(made), strict=True):
                found[i] = as_revealed(walked, self._reply(walked.ids, None, len(prompts[i])), self._ends, self._text)
        return found

    def complete(self, conversations: Sequence[Conversation], branches: Sequence[Branch]) -> list[Reply]:
        """Answer greedily along a branch that `reveal` has shown."""
        replies = [Reply(text="", finish="error") for _ in conversations]
        pairs = zip(conversations, branches, strict=True)
        prompts = [[*self._encode(conversation), *branch.ids] for conversation, branch in pairs]
        for rows in self._batches(prompts):
            for i, ids in zip(rows, self._complete([prompts[i] for i in rows], [None] * len(rows)), strict=True):
                rest = self._reply(ids, None, len(prompts[i]))
                replies[i] = rest.model_copy(update={"text": self._text([*branches[i].ids, *ids])})
        return replies

    def _batches(self, prompts: Sequence[Sequence[int]]) -> Iterator[list[int]]:
        """Yield the places of prompts that fit, those of a length together so that little is padded."""
        fitting = [i for i, ids in enumerate(prompts) if len(ids) + self._room <= self._context]
        fitting.sort(key=lambda i: len(prompts[i]))
        for start in range(0, len(fitting), self._batch):
            yield fitting[start : start + self._batch]

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield the reply in one piece. Raises `BadInput` when the conversation is too long for the model."""
        (reply,) = self.generate([conversation], [seed])
        if reply.finish == "error":
            raise bad_input("a conversation that is too long", f"at most {self._context - self._room} tokens")
        yield reply.text

    @property
    def _context(self) -> int:
        return int(getattr(self.model.config, "max_position_embeddings", 0) or 1 << 30)

    def _encode(self, conversation: Conversation) -> list[int]:
        template = conversation.template
        if template and template not in self._systems:
            raise unknown_template(template, self._systems)
        head = [{"role": "system", "content": self._systems[template]}] if template else []
        said = [*head, *({"role": message.role, "content": message.content} for message in conversation.messages)]
        try:
            return list(self.tokenizer.apply_chat_template(said, add_generation_prompt=True, return_dict=False))
        except TemplateError as error:  # some templates know no system message
            raise bad_input(f"a chat template that refuses the conversation ({error})", "one that takes it") from None

    @torch.inference_mode()
    def _complete(
        self, prompts: Sequence[Sequence[int]], seeds: Sequence[int | None], watch: Watch | None = None
    ) -> list[list[int]]:
        """Return the new tokens of each prompt, the end token last where it came."""
        longest = max(map(len, prompts))
        padded = [[0] * (longest - len(ids)) + list(ids) for ids in prompts]
        shown = [[0] * (longest - len(ids)) + [1] * len(ids) for ids in prompts]
        ids, mask = (torch.tensor(rows, device=self.model.device) for rows in (padded, shown))
        streams = [None if seed is None else torch.Generator().manual_seed(seed) for seed in seeds]
        made: list[list[int]] = [[] for _ in prompts]
        decoder = self._decoder(len(prompts), longest + self._room)
        logits = decoder.begin(ids, mask)
        for left in reversed(range(self._room)):
            tokens = self._draw(logits, streams)
            drawn: list[int] = tokens.tolist()
            if watch is not None:
                watch.see(logits, drawn, made, [*map(self._ended, made)])
            for row, token in zip(made, drawn, strict=True):
                if not self._ended(row):
                    row.append(token)
            if not left or all(map(self._ended, made)):
                break
            logits = decoder.step(tokens)
        return made

    def _decoder(self, rows: int, length: int) -> Decoder:
        """Return what goes through a batch: on a GPU, if the model can, the one of the batch before where it fits."""
        if not (self._may_fix and can_be_fixed(self.model)):
            return Growing(self.model)
        if self._fixed is None or not self._fixed.fits(self.model, rows, length):
            self._fixed = None  # its memory first
            self._fixed = Fixed(self.model, rows, length)
        return self._fixed

    def _draw(self, logits: torch.Tensor, streams: Sequence[torch.Generator | None]) -> torch.Tensor:
        """Draw a token per row (rows,) by its own random stream, or take the most probable one; logits: (rows, all)."""
        best = logits.argmax(-1)
        if not any(streams):
            return best
        chances = torch.softmax(logits.float() / self._temperature, -1).cumsum(-1)
        drawn = [-1.0 if stream is None else float(torch.rand(1, generator=stream)) for stream in streams]
        at = torch.tensor(drawn, device=logits.device)[:, None]
        return torch.where(at[:, 0] < 0, best, (chances < at).sum(-1).clamp(max=logits.shape[-1] - 1))

    def _ended(self, ids: Sequence[int]) -> bool:
        return bool(ids) and ids[-1] in self._ends

    def _text(self, ids: Sequence[int]) -> str:
        return str(self.tokenizer.decode(ids, skip_special_tokens=True))

    def _reply(self, ids: Sequence[int], seed: int | None, asked: int) -> Reply:
        return Reply(
            text=self._text(ids),
            seed=seed,
            tokens=len(ids) - self._ended(ids),
            prompt_tokens=asked,
            finish="stop" if self._ended(ids) else "length",
        )


def open_local(reference: str, *, received: bool = False, **options: Any) -> LocalTarget:
    """Open `hf/./folder` or `hf/name-on-the-hub`, a model or an adapter; options as of `LocalTarget`.

    The model runs on the first GPU if there is one. Code that comes with a model is never run. One that was `received`,
    which a file names and nobody has typed, is not fetched.

    Raises:
        BadInput: no such folder or model, no causal language model, or one without a chat template.
    """
    model, tokenizer = open_pretrained(reference.partition("/")[2], fetch=not received)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return LocalTarget(model.to(device), tokenizer, reference, **options)
