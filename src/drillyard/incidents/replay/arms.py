"""Counterfactual arms: the same user inputs and seeds, behind prompts that differ in one thing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from drillyard.incidents.replay.asking import Replayer
from drillyard.incidents.replay.paraphrase import names_in, paraphrase, swap
from drillyard.incidents.replay.search import Kept
from drillyard.incidents.row import Row
from drillyard.records import Conversation, Estimate, Message, Record
from drillyard.stats import mcnemar, paired_difference, wilson

__all__ = ["Arm", "paired", "run_arms"]

NEUTRAL = "You are a helpful assistant."


class Arm(Record):
    """One arm: what it changes, its rate, and the paired difference to the whole prompt (below 0: less often bad).

    `p` is McNemar's, exact. `unknown` counts replies without a verdict, which are in neither; `skipped` says why an arm
    does not apply.
    """

    name: str
    words: str
    rate: Estimate
    difference: Estimate | None = None
    p: float | None = None
    unknown: int = 0
    skipped: str = ""
    example: str = ""


def run_arms(
    ask: Replayer, cause: Kept, n: int, bad: Sequence[str], sound: Sequence[str], own: str = "",
    names: Sequence[str] = (),
) -> tuple[Arm, ...]:  # fmt: skip
    """Ask every arm `n` inputs.

    Args:
        ask: the target with its inputs.
        cause: the segments that were found to be the cause.
        n: inputs per arm.
        bad: logged bad replies.
        sound: logged sound ones; both tell of what products bad replies speak.
        own: a paraphrase by the user.
        names: products to swap; found in the replies where none are given.
    """
    everything = frozenset(range(len(ask.hashes)))
    text = " ".join(one.text for one in ask.template.segments if one.hash in {ask.hashes[i] for i in cause})
    said, known = (own, True) if own else paraphrase(text)
    names = list(names) or names_in(bad, sound)

    def rest(row: Row) -> tuple[str, ...]:
        return ask.systems(row, everything - cause)

    def reworded(row: Row) -> tuple[str, ...]:
        return tuple(one.replace(text, said) if text in one else f"{one} {said}" for one in rest(row)) or (said,)

    def alone(row: Row) -> tuple[str, ...]:
        return (f"{NEUTRAL} {' '.join(ask.systems(row, cause))}",)

    how = "“{}”" if known else "in a frame, since no word of it is known: “{}”"
    systems: tuple[tuple[str, str, Callable[[Row], tuple[str, ...]]], ...] = (
        ("cause removed", "the whole prompt without it", rest),
        ("cause alone", f"“{NEUTRAL}” and the cause", alone),
        ("neutral prompt", f"“{NEUTRAL}” alone", lambda _: (NEUTRAL,)),
        ("cause paraphrased", how.format(said), reworded),
    )
    whole = ask.arm(n, lambda row: row.conversation(ask.systems(row)))
    arms = [_arm("whole prompt", "as it was served", whole, None)]
    for name, words, told in systems:
        arms.append(_arm(name, words, ask.arm(n, lambda row, told=told: row.conversation(told(row))), whole))  # type: ignore[misc]
    if any(swap(_words(row, ask), names) != _words(row, ask) for row in ask.order[:n]):
        swapped = ask.arm(n, lambda row: _swapped(row.conversation(ask.systems(row)), names))
        arms.append(_arm("product swapped", f"{', '.join(names)} became a brand that nobody sells", swapped, whole))
    else:
        why = "no product name is in the prompt or the requests" if names else "the replies name no product"
        arms.append(Arm(name="product swapped", words="not asked", rate=wilson(0, 0), skipped=why))
    return tuple(arms)


def _words(row: Row, ask: Replayer) -> str:
    return " ".join((*ask.systems(row), row.user_text))


def _swapped(talk: Conversation, names: Sequence[str]) -> Conversation:
    return Conversation(
        messages=tuple(Message(role=one.role, content=swap(one.content, names)) for one in talk.messages)
    )


def _arm(
    name: str, words: str, told: Sequence[tuple[bool | None, str]], whole: Sequence[tuple[bool | None, str]] | None
) -> Arm:
    known = [one for one, _ in told if one is not None]
    arm = Arm(
        name=name,
        words=words,
        rate=wilson(sum(known), len(known)),
        unknown=len(told) - len(known),
        example=next((text for one, text in told if one), told[0][1] if told else "")[:600],
    )
    if whole is None:
        return arm
    difference, p = paired([one for one, _ in told], [one for one, _ in whole])
    return arm.model_copy(update={"difference": difference, "p": p})


def paired(one: Sequence[bool | None], other: Sequence[bool | None]) -> tuple[Estimate, float]:
    """Return by how much more often the first is bad, with Newcombe's interval for pairs, and McNemar's p."""
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if a is not None and b is not None]
    counts = [pairs.count(kind) for kind in ((True, True), (True, False), (False, True), (False, False))]
    return paired_difference(*counts), mcnemar(counts[1], counts[2])
