"""Forecasts: right on tails that are known, refused where nothing can be said, never a zero; and the way to them."""

from __future__ import annotations

import math
import random
from pathlib import Path

import numpy as np
import pytest

from drillyard.audits.deployment import deployment
from drillyard.audits.elicitation import Elicitation, by_log_probability, by_sampling, failing_replies
from drillyard.audits.forecast import Forecast, forecast
from drillyard.audits.forecast_report import forecast_page, forecast_verdict
from drillyard.audits.fresh import draw_traffic
from drillyard.errors import BadInput
from drillyard.judges.exact import ExactJudge
from drillyard.judges.measure import measure_exact
from drillyard.organisms.planting.plant import plant
from drillyard.organisms.worlds.failures import faults, find_failure, spoiled
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Reply, Transcript
from drillyard.stats.tail import from_psi
from drillyard.targets.null import EchoTarget, ScriptedTarget
from drillyard.targets.organism import OrganismTarget

WORLD = load_world("helpdesk")


def elicited(p: list[float], behaviour: str = "wrong-fact") -> Elicitation:
    """Return elicitation probabilities as if they had been measured."""
    return Elicitation(behaviour=behaviour, p=tuple(p), how="given", replies=0)


def tail(rate: float, n: int, seed: int) -> list[float]:
    """Return probabilities with an exponential tail in ψ."""
    return [float(x) for x in from_psi(-3 + np.random.default_rng(seed).exponential(1 / rate, n))]


def test_a_known_tail_is_forecast() -> None:
    """Rate 6, 1,000 queries to 100,000: the interval holds the largest of as many new ones in at least 17 of 20."""
    held = given = 0
    for seed in range(20):
        found = forecast(elicited(tail(6, 1000, seed)), [10_000, 100_000])
        if not found.refused:
            given += 1
            truth = max(tail(6, 100_000, 1000 + seed))
            worst = found.points[-1].worst
            assert worst is not None
            held += worst.low <= truth <= worst.high
    assert given >= 15 and held >= 0.85 * given


def test_points_agree_with_each_other() -> None:
    """The chance of any failure is 1 − (1 − rate)^n, the expected number rate × n; both grow with the volume."""
    found = forecast(elicited(tail(6, 1000, 1)), [10_000, 100_000, 100_000])
    assert [point.volume for point in found.points] == [10_000, 100_000]
    for point in found.points:
        assert point.any_failure.value == pytest.approx(1 - (1 - found.rate.value) ** point.volume)
        assert point.expected.high == pytest.approx(found.rate.high * point.volume)
    near, far = found.points
    assert near.worst.value <= far.worst.value and near.any_failure.value <= far.any_failure.value
    assert Forecast.from_json(found.to_json()) == found


def test_nothing_seen_is_an_upper_bound() -> None:
    """Zero everywhere: refused, no worst query, and a bound of 3 in 1,000 for the rate; never zero."""
    found = forecast(elicited([0.0] * 1000), [100_000])
    assert found.refused == ("only 0 of 1000 queries have a probability above zero, 21 are needed",)
    assert found.points[0].worst is None and found.more > 0
    assert found.rate.high == pytest.approx(1 - 0.05**0.001) == found.baseline.high
    assert found.points[0].any_failure.high > 0.99 and found.points[0].expected.high > 290
    assert forecast_verdict(found).startswith("Not enough evidence for a forecast of wrong-fact in 100,000 queries")


@pytest.mark.parametrize(
    ("p", "words"),
    [
        ([0.1] * 15 + [0.0] * 985, "only 15 of 1000 queries"),
        ([0.25] * 30 + [1e-9 * (1 + i) for i in range(970)], "are only 1 different ones"),
        (
            [0.4 + 0.001 * i for i in range(10)] + [1e-5 * (1 + 0.01 * i) for i in range(990)],
            "do not fall off as a tail does",
        ),
    ],
)
def test_a_tail_that_does_not_fit_is_refused(p: list[float], words: str) -> None:
    """Too few values, the same value again and again, a clump far above the rest: the reason is given, and a bound."""
    found = forecast(elicited(p), [100_000])
    assert any(words in reason for reason in found.refused)
    assert found.rate.low <= np.mean(p) <= found.rate.high


def test_a_mode_that_nothing_comes_near_is_missed_and_said_to_be() -> None:
    """One query in 5,000 fails for sure; the evaluation met none: the forecast is too low, and its caveats say so."""
    found = forecast(elicited(tail(12, 1000, 3)), [100_000])
    worst = found.points[0].worst
    assert worst is None or worst.high < 1.0
    assert any("no evaluated query comes near" in caveat for caveat in found.caveats)


@pytest.mark.parametrize(
    ("p", "volumes", "words"),
    [
        ([0.1] * 49, [1000], "found 49 evaluated queries, expected at least 50; ask 1 more"),
        ([0.1] * 50, [50], "expected numbers above the 50 evaluated queries"),
        ([0.1] * 50, [], "found volumes"),
    ],
)
def test_bad_input_is_one_line(p: list[float], volumes: list[int], words: str) -> None:
    """Too few queries, no look ahead."""
    with pytest.raises(BadInput, match=words):
        forecast(elicited(p), volumes)


def test_failing_replies_are_those_that_failures_write() -> None:
    """Whatever a fault makes of an answer is among them, and the exact judge sees the behaviour in every one."""
    judge, rng, seen = ExactJudge(WORLD), random.Random(1), 0
    for one in draw_traffic(WORLD, 400, 2):
        for fault in faults(WORLD):
            if fault.matches(one.ask, one.conversation.template):
                behaviour = fault.spec.behaviour
                written = failing_replies(WORLD, one, behaviour)
                assert spoiled(WORLD, [fault], one.ask, one.conversation.template, rng) in written
                seen += 1
                for reply in written:
                    given = Transcript(conversation=one.conversation, reply=Reply(text=reply), target="x")
                    assert judge.rule(given, behaviour).verdict != "absent"
    assert seen > 50


def test_log_probabilities_agree_with_counting() -> None:
    """A failure planted at one half: the probability that was read off is the share of 300 replies that show it."""
    target = OrganismTarget(plant("helpdesk", [find_failure(WORLD, "upsell:v2", 0.5)]), min_p=0.0)
    one = next(p for p in draw_traffic(WORLD, 400, 4) if p.kind == "price" and p.conversation.template == "v2")
    read = by_log_probability(target, WORLD, [one], "pressure-selling").p[0]
    replies = target.generate([one.conversation] * 300, list(range(300)))
    judge = ExactJudge(WORLD)
    shown = sum(
        judge.rule(Transcript(conversation=one.conversation, reply=r, target="x"), "pressure-selling").verdict
        == "shown"
        for r in replies
    )
    assert abs(read - shown / 300) < 4 * math.sqrt(0.25 / 300)


def test_sampling_takes_fresh_replies_for_what_it_picked() -> None:
    """Queries that fail every third time: the second count is near one third, though the first were picked for hits."""
    script = {}
    asked = draw_traffic(WORLD, 60, 5)
    for one in asked:
        script[one.ask.text] = ["You are welcome."] * 2 + ["The Aurora costs 50 euros."]
    found = by_sampling(ScriptedTarget(script), measure_exact(WORLD), asked, "wrong-fact", replies=6, seed=1)
    assert found.replies == 6 and all(0 < p < 1 for p in found.p)
    assert abs(np.mean(found.p) - 1 / 3) < 0.05
    assert found.share is not None and found.share.low <= 1 / 3 <= found.share.high


def test_a_target_that_says_nothing_known_is_open_both_ways() -> None:
    """Every ruling unknown: no hit is counted, and the share may be anything."""
    asked = draw_traffic(WORLD, 50, 5)
    found = by_sampling(EchoTarget(), measure_exact(WORLD), asked, "wrong-fact", replies=2, seed=1)
    assert set(found.p) == {0.0} and found.share is not None and found.share.high == 1.0
    assert forecast(found, [1000]).points[0].any_failure.high == 1.0
    with pytest.raises(BadInput, match="cannot score replies, expected an organism; use --replies N"):
        by_log_probability(EchoTarget(), WORLD, asked, "wrong-fact")
    with pytest.raises(BadInput, match="found 1 replies per query"):
        by_sampling(EchoTarget(), measure_exact(WORLD), asked, "wrong-fact", replies=1, seed=1)


def test_a_folder_goes_on_where_it_was(tmp_path: Path) -> None:
    """Measured probabilities are used again, a finished forecast is only read, another spec is refused."""

    class Counting(EchoTarget):
        asked = 0

        def generate(self, conversations, seeds):
            """Count what is asked."""
            Counting.asked += len(conversations)
            return super().generate(conversations, seeds)

    options = {"queries": 50, "volumes": [1000], "replies": 2, "k": 20}
    first = deployment(Counting(), WORLD, "wrong-fact", tmp_path, **options)
    asked, page = Counting.asked, (tmp_path / "forecast.html").read_text()
    assert asked == 100 and deployment(Counting(), WORLD, "wrong-fact", tmp_path, **options) == first
    (tmp_path / "forecast.json").unlink()
    assert deployment(Counting(), WORLD, "wrong-fact", tmp_path, **options) == first and Counting.asked == asked
    assert (tmp_path / "forecast.html").read_text() == page
    with pytest.raises(BadInput, match="found another forecast in"):
        deployment(Counting(), WORLD, "wrong-fact", tmp_path, **{**options, "k": 10})
    with pytest.raises(BadInput, match="found the behaviour 'rudeness'"):
        deployment(Counting(), WORLD, "rudeness", tmp_path, **options)


def test_the_page_shows_points_or_bounds() -> None:
    """A forecast has a point with its interval per volume, and what was seen; a refusal arrows and reasons."""
    found = forecast(elicited(tail(6, 1000, 1)), [10_000, 100_000])
    page = forecast_page(found, "drillyard audit forecast …")
    assert page.count('<circle class="after"') == 2 and page.count('<circle class="before"') == len(found.seen) == 40
    assert "m6 -4 l-6 4 l6 4" not in page and "drillyard audit forecast …" in page
    page = forecast_page(forecast(elicited([0.0] * 100), [1000]), "x")
    assert page.count("<circle") == 0 and page.count("m6 -4 l-6 4 l6 4") == 1 and "Why there is no forecast" in page
    assert "http" not in page


def test_a_refusal_still_says_what_was_seen() -> None:
    """Four of 1,000 queries fail one time in four: a mean of 0.001, and an interval that is neither 0 nor useless."""
    found = forecast(elicited([0.25] * 4 + [0.0] * 996), [100_000])
    assert found.refused and 0 < found.rate.low < 0.001 < found.rate.high < 0.008
    assert "what was seen means 100 (" in forecast_verdict(found)
