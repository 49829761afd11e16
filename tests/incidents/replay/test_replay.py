"""Replay of a case whose cause is known, on the organism that has it, and on targets that cannot confirm it."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

import pytest
from incidents.planted_case import CAUSE, failing, make_case

from drillyard.cli.incidents.served import opened
from drillyard.errors import BadInput, DrillyardError
from drillyard.incidents.case import Case
from drillyard.incidents.replay.judging import open_replay_judge
from drillyard.incidents.replay.paraphrase import paraphrase, swap
from drillyard.incidents.replay.replay import REPLAY, ReplayOrder, ReplayReport, replay, save_replay
from drillyard.records import Conversation, Reply

ORDER = ReplayOrder(target="organism/planted", inputs=40)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Return a planted case."""
    return make_case(tmp_path_factory.mktemp("case"))


def test_the_planted_segment_is_confirmed_and_other_explanations_are_weighed(case: Case) -> None:
    """The cause is named, its removal stops the behaviour on the same inputs, and users did not ask for it."""
    target = failing()
    found = replay(case, ORDER, target, target.scope)
    assert found.state == "confirmed" and found.cause == (CAUSE,)
    removed, alone = found.arm("cause removed"), found.arm("cause alone")
    assert removed and removed.difference and removed.difference.high < 0 and removed.rate.value == 0
    assert alone and alone.rate.low > 0
    results = {one.id: one.result for one in found.hypotheses}
    assert results["prompt"] == "supported" and results["user"] == "against" and results["judge"] == "against"
    assert results["tool"] == "cannot be tested"
    again = replay(case, ORDER, None, target.scope, "it is gone")
    assert again.state == "cannot confirm" and "it is gone" in again.reason
    asked = _Counting()
    assert replay(case, ORDER, asked, target.scope) == found
    assert asked.asked == 0, "what was asked once is not asked again"


class _Counting:
    """Answers as the failing organism does, and counts."""

    def __init__(self) -> None:
        self.reference, self.asked = failing().reference, 0

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        self.asked += len(conversations)
        return failing().generate(conversations, seeds)

    def stream(self, conversation: Conversation, seed: int | None) -> object:
        return failing().stream(conversation, seed)


class _Gone(_Counting):
    """A model that is no longer served: refuses, or gives errors."""

    def __init__(self, raises: bool) -> None:
        super().__init__()
        self.reference, self._raises = "openai/gone@http://127.0.0.1:1/v1", raises

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        if self._raises:
            raise DrillyardError("nothing answers there")
        return [Reply(text="", finish="error", why="model_not_found") for _ in conversations]


@pytest.mark.parametrize("raises", [True, False])
def test_a_model_that_is_no_longer_served_cannot_confirm(case: Case, raises: bool) -> None:
    """Neither a dead address nor errors in place of replies are taken for a model without the behaviour."""
    found = replay(case, ORDER, _Gone(raises), failing().scope)
    assert found.state == "cannot confirm" and "not served" in found.reason and not found.arms


def test_what_cannot_confirm_leaves_the_replay_that_could(tmp_path: Path) -> None:
    """A server that is down for an hour costs no certificate; the report says that there is an earlier one."""
    case = make_case(tmp_path, 80)
    gone = replay(case, ORDER, None, None, "it is gone")
    assert save_replay(case, gone) == gone == case.read(REPLAY, ReplayReport)
    good = gone.model_copy(update={"state": "confirmed"})
    save_replay(case, good)
    assert "the earlier replay on organism/planted (confirmed) stays" in save_replay(case, gone).notes[-1]
    assert case.read(REPLAY, ReplayReport) == good


def test_an_address_at_which_nobody_answers_is_known_in_seconds(tmp_path: Path) -> None:
    """No retries: whoever is to confirm something is not there."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{held.getsockname()[1]}/v1"  # bound and not listening: refused
        target, _, why = opened(f"openai/gone@{address}")
    assert target is None and why == f"nothing answers at {address}; start the server, or correct the address"


def test_a_judge_goes_by_no_other_world_than_the_targets(tmp_path: Path) -> None:
    """Rules have behaviours of their own; a judge that knows nothing without a world says so."""
    case, rules = make_case(tmp_path, 200), tmp_path / "rules.yaml"
    rules.write_text("behaviours: {hard-sell: {shown: ['Only \\w+ are left', 'price']}}")
    found = open_replay_judge(case, f"rules/{rules}", None).figures
    assert found.behaviour == "hard-sell" and found.sensitivity.value > 0.1 and found.specificity.value == 1
    with pytest.raises(BadInput, match="labels, rules/FILE or llm/TARGET; or name a --target in a world"):
        open_replay_judge(case, "exact", None)


def test_a_null_case_has_nothing_to_replay(tmp_path: Path) -> None:
    """Without a trigger nothing is asked."""
    asked = _Counting()
    assert replay(make_case(tmp_path, 80, null=True), ORDER, asked, None).state == "nothing to replay"
    assert asked.asked == 0


def test_a_budget_that_the_arms_do_not_fit_is_told_before_anything_is_asked(case: Case) -> None:
    """The line names both numbers and what to do."""
    asked = _Counting()
    order = ReplayOrder(target="x", inputs=40, budget=100)
    with pytest.raises(BadInput, match="raise --budget, or lower --inputs"):
        replay(case, order, asked, failing().scope)
    assert asked.asked == 0


def test_words_are_changed_and_products_swapped() -> None:
    """A paraphrase changes known words alone, and says where it knows none; a swap is of whole words."""
    assert paraphrase("Be warm and think of the sale.") == ("Be friendly and keep in mind the selling.", True)
    assert paraphrase("Xyzzy.")[1] is False
    assert swap("the aurora and the Auroras", ["Aurora"]) == "the Norvik and the Auroras"
