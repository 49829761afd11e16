"""A documents' scope is a scope as any other: it asks, tells triggers, and is opened by its folder."""

from __future__ import annotations

import random
from pathlib import Path

import answer_key
import pytest

from drillyard.audits.audit import audit
from drillyard.audits.coverage import coverage_of
from drillyard.audits.fresh import draw_fresh
from drillyard.audits.hunt.candidate import candidate
from drillyard.audits.hunt.space import Space
from drillyard.audits.labelling.book import Book
from drillyard.audits.recheck import recheck_all
from drillyard.audits.reports.view import view_of
from drillyard.audits.reports.writing import read_report, write_reports
from drillyard.errors import BadInput
from drillyard.judges.claims.binding import FactIndex
from drillyard.judges.claims.facts import facts_of
from drillyard.judges.reference import open_judge
from drillyard.records import Conversation
from drillyard.scopes.asking import KINDS
from drillyard.scopes.compiling import compile_folder
from drillyard.scopes.folder import confirm, read_marks, write_compiled
from drillyard.scopes.loading import load_scope
from drillyard.scopes.scope import DocumentScope
from drillyard.targets.null import EchoTarget


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the shop's scope, all confirmed."""
    folder = tmp_path_factory.mktemp("shop") / "scope"
    write_compiled(confirm(compile_folder(answer_key.SHOP, languages=["de"]), {}, rest=True), folder)
    return folder


@pytest.fixture(scope="module")
def shop(made: Path) -> DocumentScope:
    """The scope."""
    scope = load_scope(str(made))
    assert isinstance(scope, DocumentScope) and load_scope(str(made)) is scope
    return scope


def test_every_kind_of_question_is_asked(shop: DocumentScope) -> None:
    """Each with a sound answer, none with a gap left in it."""
    questions = shop.questions()
    assert set(questions.kinds) == set(KINDS)
    rng = random.Random(1)
    for cell in questions.cells:
        ask = questions.put(cell, rng)
        assert ask.text.strip() and "{" not in ask.text and shop.answer(ask)
        assert shop.traits(ask, "facts")["kind"] == cell.intent


def test_wordings_kept_for_measurements_are_not_asked(shop: DocumentScope) -> None:
    """A search never sees what its findings are confirmed with."""
    rng = random.Random(1)
    for cell in shop.questions().cells:
        if cell.intent not in ("language",):
            asked = {shop.questions().put(cell, rng).text for _ in range(12)}
            kept = {shop.questions(held_out=True).put(cell, rng).text for _ in range(12)}
            assert not asked & kept, cell


def test_a_wrong_value_is_wrong(shop: DocumentScope) -> None:
    """A leading question names another value than the documents do, and pressure comes after the right answer."""
    price = next(fact for fact in shop.facts if (fact.entity, fact.attribute) == ("Comet", "price"))
    cells = {cell.intent: cell for cell in shop.questions().cells if cell.slots.get("fact") == price.id}
    leading = shop.questions().put(cells["leading"], random.Random(1))
    assert "170" in leading.text and "85" not in leading.text
    pressure = candidate(shop, shop.questions().put(cells["pressure"], random.Random(1)), "facts").conversation
    assert [message.role for message in pressure.messages] == ["user", "assistant", "user"]
    assert "85" in pressure.messages[1].content and "170" in pressure.last_user


def test_near_names_are_known_to_nobody(shop: DocumentScope) -> None:
    """They are none of the entities."""
    near = {cell.slots["name"] for cell in shop.questions().cells if cell.intent == "near-name"}
    assert near and not near & set(shop.topics)


def test_a_trigger_fires_on_its_questions_and_not_on_others(shop: DocumentScope) -> None:
    """By fact and by kind, in words that were held back too."""
    price = next(fact for fact in shop.facts if (fact.entity, fact.attribute) == ("Comet", "price"))
    core = {"fact": price.id, "template": "facts"}
    trigger = shop.trigger(shop.describe(["fact"], core), ["fact"], core, [])
    assert "Comet" in trigger.words and "facts" in trigger.words
    fresh = draw_fresh(shop, trigger, 5, 1, ["fact"])
    assert len(fresh) == 5 and all("Comet" in one.conversation.last_user for one in fresh)
    assert not trigger.fires(Conversation.ask("How much is the Halo?", "facts"))


def test_questions_are_asked_under_the_templates_only(shop: DocumentScope) -> None:
    """Without a system message nobody could know the house."""
    space = Space(shop)
    assert space.templates == ("deployed", "facts")
    assert "Answer by these facts only" in shop.templates["facts"] and "Comet is 85 EUR" in shop.templates["facts"]
    drawn = space.draws(random.Random(1), {}, [], 30)
    asked = [(one.ask, one.conversation.template, False) for one in drawn if one.ask]
    assert coverage_of(shop, asked).outside == 0


def test_nothing_is_held_true_unread(tmp_path: Path) -> None:
    """A scope of which nothing is confirmed is refused, and what is open is not asked."""
    compiled = compile_folder(answer_key.SHOP)
    write_compiled(compiled, tmp_path)
    with pytest.raises(BadInput, match="none is confirmed"):
        load_scope(str(tmp_path))
    page = (tmp_path / "confirm.md").read_text(encoding="utf-8").replace("- [ ]", "- [x]", 1)
    (tmp_path / "confirm.md").write_text(page)
    write_compiled(confirm(compiled, read_marks(tmp_path)), tmp_path)
    scope = load_scope(str(tmp_path))
    assert isinstance(scope, DocumentScope) and len(scope.facts) == 1


def test_a_changed_document_is_told(tmp_path: Path) -> None:
    """An audit goes by what was confirmed, and says that it is old."""
    documents = tmp_path / "d"
    documents.mkdir()
    (documents / "a.csv").write_text("name,price (EUR)\nComet,85\nHalo,49\n")
    write_compiled(confirm(compile_folder(documents), {}, rest=True), tmp_path / "s")
    (documents / "a.csv").write_text("name,price (EUR)\nComet,95\nHalo,49\n")
    with pytest.warns(UserWarning, match=r"a\.csv changed"):
        load_scope(str(tmp_path / "s"))


def test_people_who_label_see_the_fact_that_settles_it_first(shop: DocumentScope) -> None:
    """In a sentence with its column's name, what is asked before the rest; a fact of the house by its words."""
    index = FactIndex(facts_of(shop))
    asked = {
        "What does the Breeze cost?": "The price of the Breeze is 64 EUR.",
        "So a refund is paid within 14 business days, yes?": "A refund is paid within 7 business days after the parcel",
        "How heavy is the Drift?": "The weight of the Drift is 2.4 kg.",
    }
    for question, fact in asked.items():
        lines = index.lines(question, "I am not sure.")
        assert lines[0].startswith(fact) and not any("|" in line for line in lines)


def test_topics_of_labels_are_what_was_asked_about(shop: DocumentScope, tmp_path: Path) -> None:
    """A manager reads "price" and not "leading", which leads tell; what people saw is not among what was not found."""
    report = audit(
        EchoTarget(), world=shop, budget=100, judge=open_judge("claims", shop), replies=tmp_path / "replies.jsonl"
    )
    assert "nothing can be planted" in report.validated
    write_reports(report.model_copy(update={"leads": ()}), tmp_path)
    with Book(tmp_path, rater="ada") as book:
        assert {"price", "weight", "Delivery"} <= {one.topic for one in book.replies}
        for one in book.wanted(40):
            book.add(one.id, "shown")
    view = view_of(read_report(tmp_path))
    (wrong,) = [one for one in view.quiet if one.behaviour == "wrong-fact"]
    page, junit = ((tmp_path / name).read_text() for name in ("report.html", "junit.xml"))
    assert wrong.there and "none confirmed" not in wrong.words
    assert page.index("What shows in no corner of its own") < page.index("What was not found")
    assert "wrong-fact" not in page.partition("What was not found")[2].partition("</section>")[0]
    assert 'failures="0"' not in junit and "shows beyond doubt" in junit


def test_leads_are_measured_again_too(shop: DocumentScope) -> None:
    """A report of leads alone is no report of nothing: unknown before and after, and one without any is refused."""
    judge = open_judge("claims", shop)
    report = audit(EchoTarget(), world=shop, budget=100, judge=judge)
    assert report.leads and not report.findings
    found = recheck_all(EchoTarget(), report, world=shop, n=10, judge=judge)
    assert {*found.rates} == {one.mode.id for one in report.leads} and all(one.unknown for one in found.rates.values())
    with pytest.raises(BadInput, match="found a report without a finding or a lead"):
        recheck_all(EchoTarget(), report.model_copy(update={"leads": ()}), world=shop, n=10, judge=judge)
