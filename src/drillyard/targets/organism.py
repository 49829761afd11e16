"""An organism as a target: one of our own small models, run by our own engine."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from typing import Any, Literal, TypedDict

from drillyard.errors import BadInput, bad_input, did_you_mean
from drillyard.organisms.engine.dialogue import STOP, decode, decode_stream, encode
from drillyard.organisms.engine.organism import Organism, load_organism
from drillyard.organisms.engine.revealing import Walk, walk
from drillyard.organisms.engine.sampling import MIN_P
from drillyard.organisms.worlds.world import World
from drillyard.records import Conversation, Reply
from drillyard.targets.revealing import Branch, Revealed, as_revealed

__all__ = ["OrganismTarget", "open_organism"]


class _Options(TypedDict):
    """What every call of the engine gets."""

    max_new_tokens: int
    stop: int
    temperature: float
    min_p: float


class OrganismTarget:
    """Answers with an organism. Holds no state between calls, so several threads may use it.

    Args:
        organism: the model and its world, whose templates become system messages.
        reference: what stored transcripts call this target; `organism/<world>` unless given.
        temperature: above 0; a failure's planted rate holds at 1.
        min_p: tokens less than `min_p` times as probable as the most probable one are never drawn. It keeps a small
            model from stumbling; a rate far below it can be suppressed.
        max_new_tokens: a longer reply is cut; every one more is taken from the room for the conversation.
    """

    def __init__(
        self,
        organism: Organism,
        reference: str = "",
        *,
        temperature: float = 1.0,
        min_p: float = MIN_P,
        max_new_tokens: int = 96,
    ) -> None:
        self.organism = organism
        self.reference = reference or f"organism/{organism.world.reference}"
        self._options: _Options = {
            "max_new_tokens": max_new_tokens,
            "stop": STOP,
            "temperature": temperature,
            "min_p": min_p,
        }

    @property
    def scope(self) -> World:
        """The world that the organism lives in."""
        return self.organism.world

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer every conversation; one whose newest turn is too long for the context gets an `error` reply.

        Raises:
            BadInput: a template that the world does not have, or a wrong option.
        """
        replies = [Reply(text="", seed=seed, finish="error") for seed in seeds]
        prompts = self._prompts(conversations)
        generations = self.organism.engine.generate(
            list(prompts.values()), seeds=[seeds[index] for index in prompts], **self._options
        )
        for index, given in zip(prompts, generations, strict=True):
            text = decode(self.organism.tokenizer, given.ids)
            cost = {"tokens": len(given.ids), "prompt_tokens": len(prompts[index])}
            replies[index] = Reply(text=text, seed=seeds[index], finish=given.finish, **cost)
        return replies

    def score(self, conversations: Sequence[Conversation], replies: Sequence[str]) -> list[float]:
        """Return how probable each reply is, whole and ended there, as a natural log at temperature 1.

        Nothing is cut off: what `min_p` keeps from being drawn has its probability all the same.

        Raises:
            BadInput: a template that the world does not have, or a conversation too long for the context.
        """
        prompts = [self._encode(talk, self._system(talk)) for talk in conversations]
        tokenizer = self.organism.tokenizer
        spelled = [[*tokenizer.encode(reply, add_special_tokens=False).ids, STOP] for reply in replies]
        return self.organism.engine.score(prompts, spelled)

    def reveal(self, conversations: Sequence[Conversation], floor: float) -> list[Revealed]:
        """Answer greedily and show the branches, as `RevealingTarget` says; too long a turn gets an `error` reply."""
        prompts = self._prompts(conversations)
        walks = walk(
            self.organism.engine,
            list(prompts.values()),
            max_new_tokens=self._options["max_new_tokens"],
            stop=STOP,
            floor=floor,
        )
        found = [Revealed(reply=Reply(text="", finish="error"), chance=0.0, branches=()) for _ in conversations]
        for index, walked in zip(prompts, walks, strict=True):
            found[index] = self._revealed(walked, len(prompts[index]))
        return found

    def complete(self, conversations: Sequence[Conversation], branches: Sequence[Branch]) -> list[Reply]:
        """Answer greedily along a branch that `reveal` has shown."""
        prompts = self._prompts(conversations)
        begun = [[*prompt, *branches[index].ids] for index, prompt in prompts.items()]
        most = self._options["max_new_tokens"] - max((len(branch.ids) for branch in branches), default=0)
        given = self.organism.engine.generate(begun, max_new_tokens=max(1, most), seeds=[None] * len(begun), stop=STOP)
        replies = [Reply(text="", finish="error") for _ in conversations]
        for (index, asked), rest in zip(zip(prompts, begun, strict=True), given, strict=True):
            ids = (*branches[index].ids, *rest.ids)
            cost = {"tokens": len(rest.ids), "prompt_tokens": len(asked)}
            replies[index] = Reply(text=decode(self.organism.tokenizer, ids), finish=rest.finish, **cost)
        return replies

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield the reply in pieces of whole characters.

        Raises:
            BadInput: a template that the world does not have, or a newest turn that is too long for the context.
        """
        prompt = self._encode(conversation, self._system(conversation))
        return decode_stream(self.organism.tokenizer, self.organism.engine.stream(prompt, seed=seed, **self._options))

    def _revealed(self, walked: Walk, asked: int) -> Revealed:
        ended = walked.ids[-1:] == (STOP,)
        said = walked.ids[:-1] if ended else walked.ids
        text = functools.partial(decode, self.organism.tokenizer)
        finish: Literal["stop", "length"] = "stop" if ended else "length"
        reply = Reply(text=text(said), tokens=len(said), prompt_tokens=asked, finish=finish)
        return as_revealed(walked, reply, (STOP,), text)

    def _prompts(self, conversations: Sequence[Conversation]) -> dict[int, list[int]]:
        """Return the prompts by their place, without those that are too long. Raises `BadInput` for a template."""
        systems = [self._system(conversation) for conversation in conversations]
        prompts: dict[int, list[int]] = {}
        for index, (conversation, system) in enumerate(zip(conversations, systems, strict=True)):
            with contextlib.suppress(BadInput):
                prompts[index] = self._encode(conversation, system)
        return prompts

    def _encode(self, conversation: Conversation, system: str) -> list[int]:
        room = self.organism.engine.config.max_position_embeddings - self._options["max_new_tokens"]
        return encode(self.organism.tokenizer, conversation, system, limit=room)

    def _system(self, conversation: Conversation) -> str:
        """Return the system text of the conversation's template; the empty template has none."""
        template, known = conversation.template, self.organism.world.templates
        if not template:
            return ""
        if template not in known:
            raise bad_input(f"template {template!r}", f"one of: {', '.join(known)}", did_you_mean(template, known))
        return known[template]


def open_organism(reference: str, **options: Any) -> OrganismTarget:
    """Open `organism/helpdesk` or `organism/./folder`; options as of `OrganismTarget`. Raises `BadInput`."""
    return OrganismTarget(load_organism(reference.partition("/")[2]), reference, **options)
