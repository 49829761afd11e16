"""The ledger: closed forms of every line, signs both ways, sums, and prices with their errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from alignment.weighing.made_arms import arm

from drillyard.alignment.weighing.ledger import Ledger, TaxLine, ledger_of, tax_of
from drillyard.alignment.weighing.prices import Prices, read_prices
from drillyard.alignment.weighing.rates import draw
from drillyard.alignment.weighing.sheet import sheet_of
from drillyard.errors import BadInput
from drillyard.records import ArmResult, FitCost, Serving

EXAMPLE = Path(__file__).parents[3] / "examples" / "prices.yaml"
PRICES = Prices(
    currency="EUR", months=10, label_minutes=2, per_label_minute=0.5, per_engineer_hour=100,
    engineer_hours={"sft": 8, "rails": 4, "else": 1}, per_cpu_hour=0.36, per_gib_month=1, requests_per_month=10_000,
    lookalike_share=0.1, ordinary_share=0.8, value_per_request=0.5, per_wait_second=0.01, per_day_of_delay=40,
)  # fmt: skip


def serving(p50: float, first: float = 2.0, tokens: float = 12.0) -> Serving:
    """Return a serving with a 95th percentile of twice the median."""
    return Serving(n=40, p50_ms=p50, p95_ms=2 * p50, first_p50_ms=first, first_p95_ms=2 * first, tokens=tokens)


def arms(refused: int = 10, right: int = 90, ms: float = 15.0) -> list[ArmResult]:
    """Return the start (5 refused, 95 right of 100, 10 ms) and two seeds of sft that refuse and answer as told."""
    cost = FitCost(seconds=3600, flops=2e12, bytes=2**30, peak_bytes=5, labels=300)
    quiet = {"harmful": [False] * 100}
    start = arm(
        **quiet, refusal=[i < 5 for i in range(100)], capability=[i < 95 for i in range(100)], serving=serving(10)
    )
    ends = {"refusal": [i < refused for i in range(100)], "capability": [i < right for i in range(100)]}
    return [start, *(arm("sft", 1, s, **quiet, **ends, cost=cost, serving=serving(ms + s, 1.0)) for s in (-1, 1))]


def ledger(some: list[ArmResult], prices: Prices | None = PRICES, technique: str = "sft", flops: float = 0) -> Ledger:
    """Return the ledger of a technique at strength 1."""
    return ledger_of(draw(sheet_of(some), draws=500), (technique, 1.0), prices, flops)


def line(found: Ledger, item: str) -> TaxLine:
    """Return the line of an item."""
    return next(one for one in found.lines if one.item == item)


def test_every_line_has_its_closed_form() -> None:
    """Shares, times and counts, in units and in money, as worked out by hand."""
    found = ledger(arms(), flops=1e14)
    wanted = {
        "capability lost": (0.05, 0.05 * 0.8 * 10_000 * 0.5),
        "legitimate requests refused": (0.05, 0.05 * 0.1 * 10_000 * 0.5),
        "latency, median": (5.0, 0.005 * 10_000 * 0.01),
        "compute to serve": (0.005, 0.005 * 10_000 / 3600 * 0.36),
        "memory to serve": (2**30, 1.0),
        "all fits of the sweep (2)": (7200, 0.72),
        "labels": (300, 300 * 2 * 0.5),
        "engineer hours": (8, 800),
        "engineer, labels and one fit in turn": (1 / 24 + 18 / 8, (1 / 24 + 18 / 8) * 40),
    }
    for item, (change, money) in wanted.items():
        one = line(found, item)
        assert one.money is not None
        assert (one.change.value, one.money.value) == pytest.approx((change, money)), item
    assert line(found, "latency, median").relative.value == pytest.approx(0.5)
    assert line(found, "compute of one fit").relative.value == pytest.approx(0.02)
    assert (line(found, "latency, median").change.low, line(found, "latency, median").change.high) == (4, 6)


def test_sums_are_sums() -> None:
    """Once and per month add up to the total over the months, and so do the three taxes."""
    found = ledger(arms())
    assert found.once and found.monthly and found.total
    assert found.total.value == pytest.approx(found.once.value + 10 * found.monthly.value)
    taxes = [tax_of(found, tax) for tax in ("performance", "development", "time to deployment")]
    assert sum(tax.value for tax in taxes) == pytest.approx(found.total.value)
    assert {one.tax for one in found.lines} == {"performance", "development", "time to deployment"}


def test_a_tax_may_be_negative() -> None:
    """A technique that refuses less, knows more and answers sooner is a gain, and no line is cut off at 0."""
    found = ledger(arms(refused=0, right=100, ms=6.0))
    for item in ("capability lost", "legitimate requests refused", "latency, median", "first piece, median"):
        assert line(found, item).change.value < 0, item
    assert line(found, "latency, median").change.high < 0
    assert found.monthly and found.total and found.monthly.value < 0 > tax_of(found, "performance").value


def test_without_prices_there_are_units() -> None:
    """No money, no hours; and where serving was not measured, no times."""
    found = ledger([one.model_copy(update={"serving": None}) for one in arms()], None)
    assert found.total is None and all(one.money is None for one in found.lines)
    items = [one.item for one in found.lines]
    assert "capability lost" in items and not any("latency" in item or "hours" in item for item in items)


def test_a_chain_takes_the_hours_of_its_parts() -> None:
    """Unless it has a price of its own; who is not named takes the hours of all others."""
    assert PRICES.hours("sft+rails") == 12 and PRICES.hours("dpo+rails") == 5 and PRICES.hours("dpo") == 1
    assert Prices(currency="EUR", engineer_hours={"a+b": 3, "a": 9}).hours("a+b") == 3


def test_the_example_is_read() -> None:
    """The price file of the examples is a price file."""
    assert read_prices(EXAMPLE).hours("sft+rails") == 20


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("currency: EUR\nper_label: 3\n", "field 'per_label': found 3, expected"),
        ("currency: EUR\nrequests_per_month: many\n", "field 'requests_per_month': found 'many'"),
        ("currency: EUR\nlookalike_share: 2\n", "field 'lookalike_share': found 2"),
        ("currency: EUR\nper_cpu_hour: -1\n", "field 'per_cpu_hour': found -1"),
        ("currency: EUR\ntraining: tpu\n", "field 'training': found 'tpu'"),
        ("months: 3\n", "field 'currency': found nothing"),
        ("currency: EUR\nmonths: 1\nmonths: 2\n", "'months' stands here twice"),
    ],
)
def test_wrong_prices_are_one_line(tmp_path: Path, text: str, words: str) -> None:
    """The line names the file, the field, what was found and what was expected."""
    path = tmp_path / "prices.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=words) as caught:
        read_prices(path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)
