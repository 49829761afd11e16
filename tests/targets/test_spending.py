"""Money budgets: never passed, whatever a server says it used; no price is no budget; replies are paid for once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from targets.fake_endpoint import Server, running, said

from drillyard.errors import BadInput
from drillyard.records import Conversation
from drillyard.targets.prices import find_price, read_table, shipped_table
from drillyard.targets.spending import Meter, Purse, Usage, asking

ASKED = [Conversation.ask(f"How much is the Aurora, number {number}?") for number in range(6)]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a server on this machine."""
    pytest.importorskip("openai", reason="needs the extra api: pip install 'drillyard[api]'")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with running() as started:
        yield started


def prices(folder: Path, model: str, words: str = "{input: 1, output: 2, cached: 0.5}") -> Path:
    """Write a user's own price table of one model."""
    path = folder / "prices.yaml"
    path.write_text(f"date: 2026-11-29\nsource: test\ncurrency: EUR\nmodels:\n  {model}: {words}\n", encoding="utf-8")
    return path


@given(
    limit=st.floats(0.001, 2),
    asked=st.lists(st.tuples(st.text(max_size=60), st.integers(0, 400), st.integers(0, 400), st.booleans())),
)
def test_what_is_spent_never_passes_the_limit(limit: float, asked: list[tuple[str, int, int, bool]]) -> None:
    """Requests of any size, answered or not, with any usage that a request of that size can have."""
    price = shipped_table().models["openai/o3"]
    purse = Purse(limit, ())
    meter, paid = Meter(purse=purse, price=price), 0.0
    for text, room, used, answered in asked:
        worst = (len(text.encode("utf-8", "surrogatepass")) + 16) * price.input / 1e6 + room * price.output / 1e6
        try:
            with meter.request([text], room) as bill:
                if answered:
                    bill.settle(Usage(prompt=1, reply=min(used, room)))
        except BadInput:
            assert paid + worst > limit - 1e-9
            continue
        paid += price.of(1, min(used, room)) if answered else 0.0
    assert purse.spent == pytest.approx(paid) and purse.spent <= limit


def test_a_price_has_a_date_and_a_source_and_is_found_by_reference(tmp_path: Path) -> None:
    """Our table as it ships; a user's file goes before it; settings and Inspect's scheme do not matter."""
    shipped = shipped_table()
    assert shipped.date.year == 2025 and "tokencost" in shipped.source and shipped.currency == "USD"
    own = read_table(prices(tmp_path, "openai/gpt-4o-mini"))
    assert find_price("openai/gpt-4o-mini#deployed", (own, shipped))[0].input == 1
    assert find_price("inspect/openai/gpt-4o", (own, shipped))[0].output == 10
    with pytest.raises(BadInput, match="no price of openai/gpt-9, .*--token-prices FILE"):
        find_price("openai/gpt-9", (own, shipped))
    assert shipped.models["openai/gpt-4o"].of(1_000_000, 0, cached=1_000_000) == 1.25


def test_a_budget_ends_before_it_is_passed_and_a_price_of_another_address_is_unknown(
    server: Server, tmp_path: Path
) -> None:
    """The fourth request might not fit any more: three were answered, and their replies are there the next time."""
    name = f"openai/m@{server.url}"
    with asking(budget=1.0), pytest.raises(BadInput, match=f"no price of {name}"):
        server.target()
    with asking(budget=1.0), pytest.raises(BadInput, match="no price of openai/gpt-4o-mini@http"):
        from drillyard.targets import open_target

        open_target(f"openai/gpt-4o-mini@{server.url}")
    file, kept = prices(tmp_path, name), tmp_path / "replies.jsonl"
    server.answer = lambda asked: (200, said(str(asked["messages"])))
    worst = (len(ASKED[0].last_user) + 16 + 2 * 10) / 1e6
    with asking(budget=3.5 * worst, prices=file, kept=kept) as purse:
        assert purse is not None
        server.answer = lambda asked: (200, {**said("yes"), "usage": None})  # says nothing: paid at its worst
        target = server.target(max_new_tokens=10, concurrency=1)
        with pytest.raises(BadInput, match=r"at most --budget-money .*3 requests by prices of 2026-11-29, test"):
            target.generate(ASKED, range(6))
        assert purse.spent == pytest.approx(3 * worst) and len(server.asked) == 3
    with asking(kept=kept):
        target = server.target(max_new_tokens=10, concurrency=1)
        assert [reply.text for reply in target.generate(ASKED, range(6))] == ["yes"] * 6
    assert len(server.asked) == 6


def test_requests_at_the_same_time_wait_for_what_others_leave(server: Server, tmp_path: Path) -> None:
    """Eight at once whose worst cases do not fit together, though what they use does: all are answered."""
    server.answer = lambda _: (200, said("yes"))  # 3 tokens and 2
    worst = (len(ASKED[0].last_user) + 16 + 2 * 100) / 1e6
    with asking(budget=2 * worst, prices=prices(tmp_path, f"openai/m@{server.url}")) as purse:
        replies = server.target(max_new_tokens=100, concurrency=8).generate(ASKED * 4, range(24))
        assert len(replies) == 24 and purse is not None and purse.spent == pytest.approx(24 * 7 / 1e6)


def test_usage_is_what_is_paid_and_cached_tokens_cost_less(server: Server, tmp_path: Path) -> None:
    """A million tokens at the prices of the file."""
    usage = {"prompt_tokens": 20, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 10}}
    server.answer = lambda _: (200, {**said("yes"), "usage": usage})
    with asking(budget=1.0, prices=prices(tmp_path, f"openai/m@{server.url}")) as purse:
        server.target().generate(ASKED[:2], [1, 2])
        assert purse is not None and purse.spent == pytest.approx(2 * (10 * 1 + 10 * 0.5 + 4 * 2) / 1e6)
        assert (purse.requests, purse.currency) == (2, "EUR")


def test_kept_replies_are_those_of_the_same_settings_conversation_and_seed(server: Server, tmp_path: Path) -> None:
    """Another seed, temperature, room or template asks anew; the same one never does; a refused one is asked again."""
    kept = tmp_path / "replies.jsonl"
    with asking(kept=kept):
        first = server.target().generate(ASKED[:2], [1, None])
        assert server.target().generate(ASKED[:2], [1, None]) == first and len(server.asked) == 2
        for options in ({"temperature": 0.5}, {"max_new_tokens": 7}, {"deployed": True}):
            server.target(**options).generate(ASKED[:1], [1])
        server.target().generate(ASKED[:1], [2])
        server.target().generate([ASKED[0].model_copy(update={"template": "v1"})], [1])
        assert len(server.asked) == 7
        server.answer = lambda _: (400, {"error": {"message": "no"}})
        for _ in range(2):
            assert server.target().generate(ASKED[3:4], [1])[0].finish == "error"
        assert len(server.asked) == 9
    server.target(retries=0)
    assert len(kept.read_text(encoding="utf-8").splitlines()) == 7


def test_a_provider_of_inspects_is_paid_too(tmp_path: Path) -> None:
    """By its own name; without a price it is not opened, and a target of ours behind Inspect has its own meter."""
    pytest.importorskip("inspect_ai", reason="needs the extra inspect: pip install 'drillyard[inspect]'")
    from drillyard.targets import open_target

    with asking(budget=1.0), pytest.raises(BadInput, match="no price of mockllm/model"):
        open_target("inspect/mockllm/model")
    with asking(budget=1.0, prices=prices(tmp_path, "mockllm/model")) as purse:
        assert purse is not None
        open_target("inspect/mockllm/model", max_new_tokens=10).generate(ASKED[:1], [1])
        assert purse.requests == 1 and 0 < purse.spent <= (len(ASKED[0].last_user) + 16 + 2 * 10) / 1e6
        tiny = Conversation.ask("x" * 1_000_000)
        with pytest.raises(BadInput, match="a request that may cost"):
            open_target("inspect/mockllm/model").generate([tiny], [1])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("{input: -1, output: 2}", "input"),
        ("{input: 1}", "output"),
        ("{input: 1, output: 2, batch: 3}", "batch"),
        ("free", "m"),
    ],
)
def test_a_broken_price_is_one_line_with_its_field(tmp_path: Path, words: str, told: str) -> None:
    """Nothing is asked by half a table."""
    with pytest.raises(BadInput, match=rf"prices.yaml: .*{told}"):
        read_table(prices(tmp_path, "m", words))


def test_two_currencies_are_refused(tmp_path: Path) -> None:
    """One budget is one sum."""
    purse = Purse(1.0, (read_table(prices(tmp_path, "openai/m")), shipped_table()))
    purse.price_of("openai/m")
    with pytest.raises(BadInput, match="in USD, expected EUR"):
        purse.price_of("openai/gpt-4o")
