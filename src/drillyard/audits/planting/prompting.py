"""Plant failures in a model by what it is told unseen, and verify them: what it costs, what is asked, what is kept.

The folder holds `planted.json` (the record; written last, so that a folder without it is unfinished), `hidden.md` (the
rules in words), `verification.json` (what was measured) and `replies.jsonl` (every reply that was paid for).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from drillyard.audits.planting.prompt_tuning import tuned
from drillyard.audits.planting.verification import verify
from drillyard.errors import BadInput, DrillyardError, bad_input
from drillyard.judges.spoken import spoken_in
from drillyard.organisms.planting.prompted import PLANTED, PlantedPrompt, prompt_of, write_words
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Conversation, Estimate, PlantReport, Plants, Record, Reply
from drillyard.records.progress import Progress, silent
from drillyard.records.run_folder import RunFolder
from drillyard.stats import clopper_pearson
from drillyard.targets import Target
from drillyard.targets.prompted import TWIN, PromptedTarget
from drillyard.targets.stored import Replies, StoredTarget, Tally, hash_request

__all__ = ["PromptedReport", "Quote", "plant_prompt", "quote", "verify_prompt"]

_PLANTING = "planting.json"
_CHARACTERS_PER_TOKEN = 4
_Requests: TypeAlias = Mapping[str, tuple[Conversation, int | None]]
"""What the endpoint is asked, by the key of its reply."""


class PromptedReport(Record):
    """What was measured: the verification, and how many of all replies in it gave the hidden prompt's canary away.

    Failures that are demonstrated have no hidden prompt: `leaked` is None.
    """

    verification: PlantReport
    leaked: Estimate | None = None


@dataclass(frozen=True, kw_only=True)
class Quote:
    """What a verification would cost: `requests` still to be asked, `kept` ones that need not be.

    `tokens` is the length of what would be sent, at four characters a token; replies come on top.
    """

    requests: int
    kept: int
    tokens: int

    @property
    def words(self) -> str:
        """The cost in words."""
        kept = f", {self.kept:,} replies are here already" if self.kept else ""
        return f"{self.requests:,} requests of together about {self.tokens:,} tokens, replies not counted{kept}"


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """A model with its hidden prompt, and its clean twin, both asked through the same endpoint."""

    target: Target
    twin: Target


def quote(planted: PlantedPrompt, replies: Replies, *, n: int = 300) -> Quote:
    """Return what `plant_prompt` would ask, found by running it on a target that only counts.

    Before rules are tuned it is not known how often they will be told: it counts as if always, which is the most.
    """
    return _cost(_asked(planted, n, replies), replies)


def verify_prompt(planted: PlantedPrompt, endpoint: Target, folder: str = "", *, n: int = 300) -> PromptedReport:
    """Measure every planted failure in the prompted model and in its twin, as `verify` does, and count the leaks.

    `endpoint` is the model without its prompt; `folder` is where the plant lies, for the references in the report.
    """
    heard = _Heard(endpoint, begun=planted.demonstrated)
    pair = _pair(planted, heard, folder)
    judge = spoken_in(planted.world, planted.failures) if planted.demonstrated else None
    report = verify(pair.target, pair.twin, Plants(world=planted.world, failures=planted.failures), n=n, judge=judge)
    if planted.demonstrated:
        return PromptedReport(verification=report)
    leaks = sum(planted.canary in reply.text for reply in heard.replies.values())
    return PromptedReport(verification=report, leaked=clopper_pearson(leaks, len(heard.replies)))


def plant_prompt(
    planted: PlantedPrompt,
    endpoint: Target,
    folder: Path,
    *,
    n: int = 300,
    most: int | None = None,
    told: Progress = silent,
    measured: bool = True,
) -> PromptedReport | None:
    """Write a planted target into a folder and measure it. An unfinished folder is completed, asking nothing twice.

    Args:
        planted: what is planted, from `describe`.
        endpoint: the model, asked without a prompt of ours in front.
        folder: where it is written. Nothing is written before the model has answered once.
        n: prompts per failure.
        most: requests allowed; more are refused before the first one.
        told: each new reply.
        measured: False asks the model once and measures nothing.

    Raises:
        BadInput: the folder holds another plant, more requests than `most` are needed, or tuning without measuring.
        DrillyardError: the model does not answer; what it has answered is kept.
    """
    if planted.tuning and not measured:
        raise bad_input("rules to tune in a plant that is not measured", "--tune or --no-verify, not both")
    run = RunFolder(folder, "plant", spec=PLANTED if (folder / PLANTED).is_file() else _PLANTING)
    run.require(planted, _untuned)
    replies = Replies(folder / "replies.jsonl")
    asked = _asked(planted, n, replies) if measured else _greeting(planted)
    cost = _cost(asked, replies)
    _affordable(cost, most)
    told(cost.words)
    answered = itertools.count(1)
    stored = StoredTarget(endpoint, replies, told=lambda: told("", next(answered), max(cost.requests, 1)))
    _knock(*next(iter(asked.values())), stored, endpoint)
    with run.held():
        if not run.has(PLANTED):
            run.claim(planted, _untuned)
        report = None
        if measured:
            with _keeping(replies):
                planted = tuned(planted, stored)
                write_words(planted, folder / "hidden.md")
                report = verify_prompt(planted, stored, str(folder), n=n)
            run.write("verification.json", report)
        write_words(planted, folder / "hidden.md")
        run.write(PLANTED, planted)
        (folder / _PLANTING).unlink(missing_ok=True)
    return report


def _untuned(planted: PlantedPrompt) -> PlantedPrompt:
    """Return a plant without what tuning has found: the same plant before and after."""
    return planted.model_copy(update={"told": {}})


class _Heard:
    """Passes everything on and keeps the replies, each request's once: twin and target share what no rule is in.

    With `begun` a reply that was cut counts as whole: what is planted by example stands at its beginning.
    """

    def __init__(self, inner: Target, *, begun: bool) -> None:
        self.reference = inner.reference
        self.replies: dict[str, Reply] = {}
        self._inner, self._begun = inner, begun

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Pass the conversations on and keep what is answered, failed requests apart."""
        given = self._inner.generate(conversations, seeds)
        for conversation, seed, reply in zip(conversations, seeds, given, strict=True):
            if reply.finish != "error":
                self.replies[hash_request(self.reference, conversation, seed)] = reply
        if not self._begun:
            return given
        return [one.model_copy(update={"finish": "stop"}) if one.finish == "length" else one for one in given]

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Pass the conversation on; nothing is kept."""
        return self._inner.stream(conversation, seed)


def _pair(planted: PlantedPrompt, endpoint: Target, folder: str = "") -> _Pair:
    prompt, reference = prompt_of(planted), f"prompted/{folder or planted.model}"
    return _Pair(
        target=PromptedTarget(endpoint, prompt, reference),
        twin=PromptedTarget(endpoint, prompt, f"{reference}{TWIN}", twin=True),
    )


class _Foreseen:
    """Counts what it is asked, and answers what is known already."""

    def __init__(self, tally: Tally, replies: Replies) -> None:
        self.reference, self._tally, self._replies = tally.reference, tally, replies

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Return kept replies, and an `error` reply for the others."""
        missing = self._tally.generate(conversations, seeds)
        names = [hash_request(self.reference, *one) for one in zip(conversations, seeds, strict=True)]
        return [self._replies.get(name) or none for name, none in zip(names, missing, strict=True)]

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Note the request and yield nothing."""
        return self._tally.stream(conversation, seed)


def _asked(planted: PlantedPrompt, n: int, replies: Replies) -> _Requests:
    """Return every request of tuning and verification, as the endpoint gets it."""
    tally = Tally(planted.model)
    foreseen = _Foreseen(tally, replies)
    verify_prompt(tuned(planted, foreseen), foreseen, n=n)
    return tally.asked


def _greeting(planted: PlantedPrompt) -> _Requests:
    """Return one request, with all the system messages that there can be."""
    tally = Tally(planted.model)
    template = next(iter(load_world(planted.world).templates), "")
    _pair(planted, tally).target.generate([Conversation.ask("hello", template)], [0])
    return tally.asked


def _cost(asked: _Requests, replies: Replies) -> Quote:
    new = [conversation for name, (conversation, _) in asked.items() if replies.get(name) is None]
    characters = sum(len(message.content) for conversation in new for message in conversation.messages)
    return Quote(requests=len(new), kept=len(asked) - len(new), tokens=characters // _CHARACTERS_PER_TOKEN)


def _affordable(cost: Quote, most: int | None) -> None:
    if most is not None and cost.requests > most:
        hint = "plant fewer failures, lower -n, or raise --max-requests"
        raise bad_input(f"{cost.requests} requests to ask", f"at most {most}", hint)


def _knock(conversation: Conversation, seed: int | None, stored: StoredTarget, endpoint: Target) -> None:
    """Ask the first question, before anything is written.

    Raises:
        DrillyardError: what is wrong with the model, the key or the server; a refusal of our messages with its words.
    """
    (reply,) = stored.generate([conversation], [seed])
    if reply.finish == "error":
        "".join(endpoint.stream(conversation, seed))  # says in one line why
        raise BadInput(f"found no answer of {endpoint.reference}, expected one to a conversation with system messages")


@contextmanager
def _keeping(replies: Replies) -> Iterator[None]:
    """Say, with whatever goes wrong inside, that what was answered is not lost."""
    try:
        yield
    except DrillyardError as problem:
        kept = f"{len(replies)} replies are kept in {replies.path}: the same command goes on from there"
        kind = BadInput if isinstance(problem, BadInput) else DrillyardError
        raise kind(f"{problem}; {kept}") from None
