"""Serving, measured on a target whose times are known, and on an organism."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import pytest

from drillyard.alignment.weighing.serving import LEAST, measure_serving
from drillyard.errors import BadInput
from drillyard.organisms.planting.plant import plant
from drillyard.records import Conversation, Reply
from drillyard.targets.null import EchoTarget, ScriptedTarget
from drillyard.targets.organism import OrganismTarget

ASKED = [Conversation.ask("hello"), Conversation.ask("what does the Aurora cost")]


class Slow:
    """Waits before its first piece and before its second one."""

    reference = "slow/"

    def __init__(self) -> None:
        self.seeds: list[int | None] = []

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer in two tokens."""
        return [Reply(text="a b", tokens=2, seed=seed) for seed in seeds]

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Wait 4 ms, yield, wait 6 ms, yield; every tenth reply waits 40 ms more."""
        self.seeds.append(seed)
        time.sleep(0.004)
        yield "a"
        time.sleep(0.006 + (0.04 if seed is not None and seed % 10 == 0 else 0))
        yield " b"


def test_times_are_those_of_the_target() -> None:
    """Median, tail and first piece of a target that sleeps; a busy machine may only add to them."""
    slow = Slow()
    found = measure_serving(slow, ASKED, n=40, seed=1)
    assert found.n == 40 and found.tokens == 2
    assert 4 <= found.first_p50_ms <= found.p50_ms - 6
    assert found.p95_ms >= 50 and found.first_p95_ms < found.p95_ms - 6
    assert slow.seeds[3:] == list(range(1, 41)) and slow.seeds[:3] == [1, 2, 3]


def test_an_organism_streams_before_it_ends() -> None:
    """The first piece comes earlier than the last one, and tokens are counted."""
    found = measure_serving(OrganismTarget(plant("helpdesk", [])), ASKED)
    assert 0 < found.first_p50_ms < found.p50_ms <= found.p95_ms
    assert found.n == LEAST and found.tokens > 3


def test_what_cannot_be_timed_is_refused() -> None:
    """Nothing to ask, too few requests, or a question that the target cannot answer."""
    with pytest.raises(BadInput, match="no conversations"):
        measure_serving(EchoTarget(), [])
    with pytest.raises(BadInput, match="n = 5, expected 30"):
        measure_serving(EchoTarget(), ASKED, n=5)
    with pytest.raises(BadInput, match="no reply to 'hello'"):
        measure_serving(ScriptedTarget({}), ASKED)
