"""A model of your own: any causal language model with a chat template, from a folder, a GGUF file or a hub.

transformers opens it and runs it. On a processor our engine takes its place where it knows the model: it computes the
same in less time. Replies are drawn token by token with a random stream per request, so that a seed means the same text
in any batch, as far as the model's own arithmetic agrees between batches of different sizes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from jinja2 import TemplateError

from drillyard.errors import bad_input
from drillyard.organisms.engine.engine import Engine
from drillyard.organisms.training.pretrained_torch import open_pretrained
from drillyard.organisms.worlds.scope import Scope
from drillyard.records import Conversation, Reply
from drillyard.targets.base import Heard
from drillyard.targets.decoding_torch import Decoder, Fixed, Growing, can_be_fixed
from drillyard.targets.drawing_torch import Drawer
from drillyard.targets.engine_torch import engine_of, fingerprint, is_hooked
from drillyard.targets.revealing import Branch, Revealed, as_revealed
from drillyard.targets.settings import DEPLOYED, MERGED, Settings, merge_system, split_reference
from drillyard.targets.templates import templates_of, unknown_template
from drillyard.targets.watching_torch import Watch

__all__ = ["LocalTarget", "open_local"]

_ROOM = 256  # most tokens of a reply where neither the user nor a deployed model says it


class LocalTarget:
    """Answers with a causal language model of transformers. Between calls it holds no more than memory for the next.

    Args:
        model: the model, already on its device.
        tokenizer: its tokenizer, with a chat template.
        reference: what stored transcripts call this target.
        world: the scope whose prompt templates become system messages; none has none.
        temperature: above 0; greedy requests ignore it.
        max_new_tokens: a longer reply is cut; unless given, at 256 or, deployed, where generation_config says.
        batch: conversations that are answered at the same time.
        fixed: on a GPU, give the model a cache of a fixed size and record its step, where it allows that.
        quick: run on our engine where it knows the model; it takes a changed model anew, and none with hooks.
        deployed: draw as the model's generation_config says; `temperature` then counts for nothing.
        merge: put a system message into the user's first one, for templates that know no system role.
    """

    _fixed: Fixed | None
    _engine: Engine | None

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        reference: str,
        *,
        world: Scope | str = "",
        temperature: float = 1.0,
        max_new_tokens: int | None = None,
        batch: int = 32,
        fixed: bool = True,
        quick: bool = False,
        deployed: bool = False,
        merge: bool = False,
    ) -> None:
        self.model, self.tokenizer, self.reference = model.eval(), tokenizer, reference
        self._systems, self._batch, self._merge = templates_of(world), batch, merge
        ends = model.generation_config.eos_token_id
        self._may_fix, self._fixed = fixed, None
        self._may_be_quick, self._engine, self._print = quick, None, ""
        self._ends = frozenset([ends] if isinstance(ends, int) else ends or [tokenizer.eos_token_id])
        self.settings = self._resolved(temperature, max_new_tokens, deployed)
        self._room = self.settings.max_new_tokens

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer every conversation; one that is too long for the model gets an `error` reply.

        Raises:
            BadInput: a template that the world does not have, or a conversation that the model's chat template refuses.
        """
        return self.generate_each(conversations, seeds, lambda _number, _reply: None)

    def generate_each(
        self, conversations: Sequence[Conversation], seeds: Sequence[int | None], heard: Heard
    ) -> list[Reply]:
        """Answer as `generate`, and call `heard` with each reply of a batch when it ends: minutes for some."""
        prompts = [self._encode(conversation) for conversation in conversations]
        replies = [self._too_long(ids, seed) for ids, seed in zip(prompts, seeds, strict=True)]
        waiting = set(range(len(prompts)))
        for rows in self._batches(prompts):
            made = self._complete([prompts[i] for i in rows], [seeds[i] for i in rows])
            for i, ids in zip(rows, made, strict=True):
                replies[i] = self._reply(ids, seeds[i], len(prompts[i]))
                waiting.remove(i)
                heard(i, replies[i])
        for i in sorted(waiting):
            heard(i, replies[i])
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

    def _resolved(self, temperature: float, room: int | None, deployed: bool) -> Settings:
        """Return the settings that replies are drawn with."""
        ends = tuple(str(self.tokenizer.convert_ids_to_tokens(end)) for end in sorted(self._ends))
        shared: dict[str, Any] = {"ends": ends, "system": "merged" if self._merge else "own role"}
        if not deployed:
            return Settings(temperature=temperature, max_new_tokens=room or _ROOM, **shared)
        told = self.model.generation_config
        given = {name: getattr(told, name, None) for name in ("temperature", "top_p", "top_k", "min_p")}
        given["repetition_penalty"] = getattr(told, "repetition_penalty", None)
        return Settings(
            way="deployed",
            sampled=bool(told.do_sample),
            max_new_tokens=room or getattr(told, "max_new_tokens", None) or _ROOM,
            source="generation_config.json",
            **{name: value for name, value in given.items() if value is not None},
            **shared,
        )

    @property
    def _context(self) -> int:
        return int(getattr(self.model.config, "max_position_embeddings", 0) or 1 << 30)

    def _encode(self, conversation: Conversation) -> list[int]:
        template = conversation.template
        if template and template not in self._systems:
            raise unknown_template(template, self._systems)
        head = [{"role": "system", "content": self._systems[template]}] if template else []
        said = [*head, *({"role": message.role, "content": message.content} for message in conversation.messages)]
        said = merge_system(said) if self._merge else said
        try:
            return list(self.tokenizer.apply_chat_template(said, add_generation_prompt=True, return_dict=False))
        except TemplateError as error:  # some templates know no system message
            words = f"type {self.reference}#{MERGED} to put the system message into the user's first" if head else ""
            found = f"a chat template that refuses the conversation ({error})"
            raise bad_input(found, "one that takes it", words) from None

    @torch.inference_mode()
    def _complete(
        self, prompts: Sequence[Sequence[int]], seeds: Sequence[int | None], watch: Watch | None = None
    ) -> list[list[int]]:
        """Return the new tokens of each prompt, the end token last where it came."""
        if watch is None and (engine := self._quick()):
            return self._by_engine(engine, prompts, seeds)
        longest = max(map(len, prompts))
        padded = [[0] * (longest - len(ids)) + list(ids) for ids in prompts]
        shown = [[0] * (longest - len(ids)) + [1] * len(ids) for ids in prompts]
        ids, mask = (torch.tensor(rows, device=self.model.device) for rows in (padded, shown))
        drawer = Drawer(self.settings, seeds)
        made: list[list[int]] = [[] for _ in prompts]
        decoder = self._decoder(len(prompts), longest + self._room)
        logits = decoder.begin(ids, mask)
        for left in reversed(range(self._room)):
            tokens = drawer.draw(logits, [[*ids, *new] for ids, new in zip(prompts, made, strict=True)])
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

    def _quick(self) -> Engine | None:
        """Return our engine, built when it is first asked for, where it knows the model and can draw as asked."""
        asked = self.settings
        cut_twice = bool(asked.min_p) and asked.top_p != 1  # in another order than transformers cuts
        if not self._may_be_quick or asked.top_k or asked.repetition_penalty != 1 or cut_twice:
            return None
        if is_hooked(self.model):
            return None
        if (now := fingerprint(self.model)) != self._print:
            self._engine, self._print = None, now  # its memory first
            self._engine = engine_of(self.model)
        return self._engine

    def _by_engine(
        self, engine: Engine, prompts: Sequence[Sequence[int]], seeds: Sequence[int | None]
    ) -> list[list[int]]:
        asked, ends = self.settings, sorted(self._ends)
        made = engine.generate(
            prompts,
            max_new_tokens=self._room,
            seeds=seeds if asked.sampled else [None] * len(seeds),
            stop=ends[0],
            ends=ends[1:],
            temperature=asked.temperature or 1.0,
            min_p=asked.min_p or 0.0,
            top_p=1.0 if asked.top_p is None else asked.top_p,
        )
        return [[*one.ids, *ends[:1]] if one.finish == "stop" else list(one.ids) for one in made]

    def _too_long(self, ids: Sequence[int], seed: int | None) -> Reply:
        """Return what stands for the reply to a prompt that leaves no room for one."""
        why = f"refused: a prompt of {len(ids)} tokens where the model has room for {self._context - self._room}"
        return Reply(text="", seed=seed, finish="error", why=why)

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
    """Open `hf/./folder`, `hf/./model.gguf`, `hf/smollm2` or `hf/name-on-the-hub`; options as of `LocalTarget`.

    Words behind a `#` ask for settings as deployed, or for a merged system message (`settings.py`). The model runs on
    the first GPU if there is one. Code that comes with a model is never run. One that was `received`, which a file
    names and nobody has typed, is not fetched.

    Raises:
        BadInput: no such folder or model, no causal language model, or one without a chat template.
    """
    name, said = split_reference(reference)
    model, tokenizer = open_pretrained(name.partition("/")[2], fetch=not received)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    asked = {"deployed": DEPLOYED in said, "merge": MERGED in said, "quick": True}
    return LocalTarget(model.to(device), tokenizer, reference, **{**asked, **options})
