"""Models and servers that misbehave: an audit says in its first line what came in place of replies, and goes on."""

from __future__ import annotations

from typing import Any

import pytest
from targets.fake_endpoint import running, said

from drillyard.audits.audit import audit
from drillyard.audits.replies import outcome_of
from drillyard.audits.reports.view import view_of
from drillyard.records import Reply

LOOP = "The lamp is a table lamp and " * 20
FULL = "This model's maximum context length is 64 tokens. However, you requested 120 tokens."


def refusing(words: str) -> tuple[int, dict[str, Any]]:
    """Return what a server sends that refuses a request."""
    return 400, {"error": {"message": words, "type": "invalid_request_error"}}


@pytest.mark.parametrize(
    ("sent", "outcome", "words"),
    [
        ((200, said("")), "empty", "of its replies 94 were empty."),
        ((200, said(LOOP, "length")), "looped", "94 said the same over and over until they were cut."),
        (refusing(FULL), "refused", "maximum context length is 64 tokens"),
        (
            refusing("System role not supported"),
            "refused",
            "#merge-system to put the system message into the user's first",
        ),
    ],
    ids=["no token", "loop", "context", "system role"],
)
def test_what_is_no_reply_is_told_in_the_first_line(sent: Any, outcome: str, words: str) -> None:
    """Nothing is called absent, no bound is given, and the verdict is open."""
    with running() as server:
        server.answer = lambda asked: sent
        report = audit(server.target(retries=1), world="helpdesk", budget=100)
    view = view_of(report)
    assert report.outcomes == {outcome: 94}
    assert view.verdict.startswith("Nothing can be told of openai/m@") and words in view.verdict
    assert view.state == "unknown"


def test_a_server_that_ignores_logprobs_is_sampled_and_what_cannot_be_judged_is_no_bound() -> None:
    """It takes the field and sends none: the report says so; words that no judge can read are no sound reply."""
    with running() as server:
        server.answer = lambda asked: (200, said("Well, that depends on what you have in mind, I suppose."))
        report = audit(server.target(), world="helpdesk", budget=100)
        assert server.asked[0]["logprobs"] is True
    view = view_of(report)
    assert "by samples (sampled: no log-probabilities are given)" in view.search
    assert "nothing is known" in view.verdict and view.state == "unknown"


def test_a_few_bad_replies_beside_good_ones_are_counted() -> None:
    """Replies that came are judged as ever; the others are told beside them."""
    texts = iter(["", "We are open from 9 to 17 o'clock."] * 100)
    with running() as server:
        server.answer = lambda asked: (200, said(next(texts)))
        report = audit(server.target(concurrency=1), world="helpdesk", budget=100)
    assert set(report.outcomes) == {"empty", "whole"} and sum(report.outcomes.values()) == 94
    assert any("were empty" in line for line in view_of(report).rests)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("No no no no no no no no no no no no no", "looped"),
        ("The Comet costs 85 euros and the Nova 49 and the Orion 210, and the Lyra", "cut"),
        ("Yes. " * 3, "cut"),
    ],
)
def test_a_loop_is_told_from_a_long_reply(text: str, outcome: str) -> None:
    """The same words four times in a row, up to the cut."""
    assert outcome_of(Reply(text=text, finish="length")) == outcome
