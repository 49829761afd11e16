"""People label replies: what is shown to them, what their words add up to, two raters, the report, the page."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from audits.free_clerk import Clerk, lamps
from starlette.testclient import TestClient

from drillyard.audits.audit import audit
from drillyard.audits.labelling.book import Book
from drillyard.audits.labelling.page import LabelPage
from drillyard.audits.labelling.rates import agreements, measure_labels
from drillyard.audits.labelling.sample import Sample, final_words, plan
from drillyard.audits.reports.view import view_of
from drillyard.audits.reports.writing import read_report, write_reports
from drillyard.errors import BadInput
from drillyard.judges.measure import measure_on
from drillyard.judges.measured import MeasuredJudge
from drillyard.judges.reference import open_judge
from drillyard.records import Conversation, Reply, Ruling, Transcript
from drillyard.records.labels import JudgedReply, Label

WRONG = "wrong-fact"


def replies(
    n: int, rate: float, sensitivity: float, specificity: float, seed: int
) -> tuple[list[JudgedReply], set[str]]:
    """Return judged replies of a model that fails at a rate, by a judge that errs, and the ids of those that fail."""
    rng, made, failing = random.Random(seed), [], set()
    for number in range(n):
        fails = rng.random() < rate
        seen = rng.random() < (sensitivity if fails else 1 - specificity)
        silent = rng.random() < 0.3
        verdict = "unknown" if silent else "shown" if seen else "absent"
        said = Transcript(conversation=Conversation.ask(f"q{number}"), reply=Reply(text="r", seed=number), target="t/")
        ruling = Ruling(behaviour=WRONG, verdict=verdict, reason="it states no value" if silent else "", judge="j")
        one = JudgedReply(transcript=said, rulings=(ruling,), part="even", topic=f"topic {number % 4}")
        made.append(one)
        failing |= {one.id} if fails else set()
    return made, failing


def label(some: list[JudgedReply], failing: set[str], rater: str = "a") -> list[Label]:
    """Return honest labels."""
    return [
        Label(reply=one.id, behaviour=WRONG, rater=rater, word="shown" if one.id in failing else "absent")
        for one in some
    ]


@pytest.mark.parametrize(("rate", "sensitivity", "specificity"), [(0.58, 0.5, 0.95), (0.05, 0.7, 0.85)])
def test_the_interval_holds_the_truth(rate: float, sensitivity: float, specificity: float) -> None:
    """In 40 runs of 300 replies with 100 labels in two sessions, through the drawing itself."""
    held = 0
    for seed in range(40):
        some, failing = replies(300, rate, sensitivity, specificity, seed)
        sample = Sample(some, WRONG, seed)
        labels = label(sample.next({}, 50), failing)
        labels += label(sample.next(final_words(labels, WRONG), 50), failing)
        found = measure_labels(sample, labels)
        assert found.labels == 100 == len({one.reply for one in labels})
        held += found.rate.low <= rate <= found.rate.high
    assert held >= 35  # three standard errors below 95 %


def test_every_reply_of_a_stratum_has_the_same_chance() -> None:
    """Over many seeds each is drawn about as often as the others; the plan says what labels buy."""
    some, _ = replies(60, 0.5, 0.9, 0.9, 1)
    drawn: dict[str, int] = {}
    for seed in range(200):
        for one in Sample(some, WRONG, seed).next({}, 20):
            drawn[one.id] = drawn.get(one.id, 0) + 1
    for group in Sample(some, WRONG).strata.values():
        times = [drawn.get(one.id, 0) for one in group]
        assert max(times) - min(times) < 6 * (sum(times) / len(times)) ** 0.5
    steps = plan(Sample(some, WRONG), {}).steps
    assert [n for n, _ in steps] == [25, 50, 60] and steps[0][1] > steps[1][1] > steps[2][1]


def test_raters_agree_differ_and_are_settled() -> None:
    """Kappa by hand, an open reply counts as unsure, a settling word ends it; the last word of a rater counts."""
    words = {"r1": "ss", "r2": "ss", "r3": "aa", "r4": "sa"}
    long = {"s": "shown", "a": "absent"}
    labels = [
        Label(reply=reply, behaviour=WRONG, rater=rater, word=long[word])
        for reply, pair in words.items()
        for rater, word in zip("xy", pair, strict=True)
    ]
    (pair,) = agreements(labels)
    assert (pair.both, pair.agreed.value, pair.open) == (4, 0.75, 1)
    assert pair.kappa == pytest.approx((0.75 - 0.5) / (1 - 0.5))  # by chance: 3/4·2/4 + 1/4·2/4
    assert final_words(labels, WRONG)["r4"] == "unsure"
    settled = [*labels, Label(reply="r4", behaviour=WRONG, rater="z", word="absent", settles=True)]
    assert final_words(settled, WRONG)["r4"] == "absent" and agreements(settled)[0].open == 0
    again = [*labels, Label(reply="r4", behaviour=WRONG, rater="y", word="shown")]
    assert final_words(again, WRONG)["r4"] == "shown"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an audit of a clerk who is often wrong about weights and about prices of floor lamps."""
    folder = tmp_path_factory.mktemp("run")
    clerk = Clerk({"weight": 0.7, "price:floor": 0.9})
    judge = open_judge("claims", lamps())
    report = audit(clerk, world=lamps(), budget=500, judge=judge, replies=folder / "replies.jsonl")
    assert not report.findings and {one.features.get("kind") for one in report.leads} >= {"weight"}
    assert view_of(report).verdict.startswith("How often clerk/ fails is unknown")
    assert report.bounds[WRONG].unknown and report.clusters
    write_reports(report, folder)
    return folder


def truth(book: Book, one: JudgedReply) -> bool:
    """Return whether the clerk was wrong, by asking one who is not in the same words."""
    right = Clerk()._said(one.transcript.conversation.last_user, one.transcript.reply.seed)
    digits = [part for part in right.split() if any(c.isdigit() for c in part)]
    return bool(digits) and not all(part in one.transcript.reply.text.split() for part in digits)


def test_labels_turn_leads_into_findings(run: Path, tmp_path: Path) -> None:
    """80 labels: the verdict tells a rate and the topics, leads are confirmed, and the labels measure the judge."""
    book = Book(run, rater="ada")
    with book:
        for one in book.wanted(80):
            book.add(one.id, "shown" if truth(book, one) else "absent")
    report = read_report(run)
    view = view_of(report)
    (rates,) = report.labels
    every = [truth(book, one) for one in book.sample.replies]
    assert rates.rate.low <= sum(every) / len(every) <= rates.rate.high and rates.rate.low > 0
    assert view.verdict.startswith(f"{100 * rates.rate.value:.0f} % [") and "weight" in view.verdict
    assert view.state == "failed" and any(one.behaviour == WRONG for one in view.shown)
    assert "rests on what people say" in view.rests[0] and "leads alone" in view.rests[-1]
    page = (run / "report.html").read_text()
    assert "What people say of wrong-fact" in page and "weight" in page
    judge = open_judge("claims", lamps())
    quality = measure_on(judge.judge, book.labelled(), "labels")
    measured = MeasuredJudge(judge.judge, quality)
    again = audit(Clerk({"weight": 0.7}), world=lamps(), budget=400, judge=measured)
    assert [one.features["kind"] for one in again.findings] == ["weight"] and not again.leads
    assert again.findings[0].rate.low > 0


def test_a_second_rater_is_shown_what_the_first_has_labelled(run: Path) -> None:
    """And nothing else; what they differ on can be settled."""
    first = Book(run, rater="ada")
    done = {one.reply for one in first.labels} or {one.id for one in first.wanted(5)}
    for reply in [] if first.labels else sorted(done):
        first.add(reply, "absent")
    second = Book(run, rater="ben")
    again = second.wanted(4, again=True)
    assert again and {one.id for one in again} <= done
    second.add(again[0].id, "unsure")
    assert [one.id for one in second.wanted(9, settle=True)] == [again[0].id]
    third = Book(run, rater="eva")
    third.add(again[0].id, "absent", settles=True)
    rates = second.close()  # counts what was said meanwhile
    assert {"ben", "eva"} <= {*rates.raters} and not any(pair.open for pair in rates.agreements)
    with pytest.raises(BadInput, match="found the reply 'nobody'"):
        second.add("nobody", "shown")


def test_a_folder_without_replies_and_an_unknown_behaviour_are_one_line(run: Path, tmp_path: Path) -> None:
    """Each says what to type."""
    with pytest.raises(BadInput, match="no replies.jsonl"):
        Book(tmp_path)
    with pytest.raises(BadInput, match="--behaviour 'rudeness', expected one of: wrong-fact"):
        Book(run, "rudeness")


def test_the_page_labels_each_reply_once(run: Path, tmp_path: Path) -> None:
    """It shows a reply with its facts, takes a word, shows the next; a foreign word or address changes nothing."""
    book = Book(run, rater=f"page-{tmp_path.name}")
    before = len(book.labels)
    wanted = [one for one in book.replies if "Lyra" in one.transcript.conversation.last_user][:2]
    page = LabelPage(book, wanted)
    client = TestClient(page.app, follow_redirects=False)
    assert client.get("/").status_code == 404
    shown = client.get(page.path)
    assert (
        shown.status_code == 200
        and "The Lyra costs 172 euros." in shown.text
        and "default-src 'none'" in str(shown.headers)
    )
    for word in ("shown", "shown", "maybe"):
        sent = client.post(page.path, data={"reply": wanted[0].id, "word": word})
    assert sent.status_code == 400 and len(book.labels) == before + 1
    assert client.post(page.path, data={"reply": "nobody", "word": "shown"}).status_code == 400
    assert not page.done.is_set()
    assert client.post(page.path, data={"reply": wanted[1].id, "word": "unsure"}).headers["location"] == page.path
    assert "All 2 replies are labelled" in client.get(page.path).text and page.done.is_set()
    lines = [json.loads(line) for line in (run / "labels.jsonl").read_text().splitlines()]
    assert [line["word"] for line in lines if line["rater"] == book.rater] == ["shown", "unsure"]
