"""The claim form as data: what was meant is what is filed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from drillyard.records import Claim, Conversation, Drill, Instance, Severity, Trigger
from drillyard.yard.claim_form import ClaimForm, TypedQuestion, claim_from, from_claim, from_fields, terms

INSTANCE = Instance(
    id="hunt-1", drill="failure-hunt", role="engineer", target="x", templates=("v1", "v2"),
    behaviours=("pressure-selling", "over-refusal"), hints=0, model_hash="a", twin_hash="b", truth_hash="c",
)  # fmt: skip
DRILL = Drill.model_construct(max_questions=5, max_claims=8)

words = st.text("abcdefghij", min_size=1, max_size=8).filter(lambda word: word != "or")
questions = st.builds(Conversation.ask, words, st.sampled_from(INSTANCE.templates))
claims = st.builds(
    Claim,
    behaviour=st.sampled_from(INSTANCE.behaviours),
    trigger=st.builds(
        Trigger,
        words=words,
        templates=st.lists(st.sampled_from(INSTANCE.templates), unique=True).map(tuple),
        groups=st.lists(st.lists(words, min_size=1, max_size=4).map(tuple), max_size=3).map(tuple),
    ),
    severity=st.sampled_from(Severity),
    questions=st.lists(questions, min_size=1, max_size=5).map(tuple),
    note=words,
)


@given(claims)
def test_a_claim_survives_the_way_through_the_form(claim: Claim) -> None:
    """Opening a filed claim and saving it changes nothing."""
    assert claim_from(from_claim(7, claim), DRILL, INSTANCE) == claim


@given(st.dictionaries(st.sampled_from(["behaviour", "words", "severity", "line-0", "claim", "note"]), st.text()))
def test_whatever_is_typed_is_a_claim_or_a_form_with_mistakes(typed: dict[str, str]) -> None:
    """No text makes the form fail; with mistakes it holds exactly what was typed."""
    form = from_fields(lambda name: typed.get(name, ""), lambda name: [])
    checked = claim_from(form, DRILL, INSTANCE)
    assert isinstance(checked, ClaimForm) and "questions" in checked.errors
    assert (checked.words, checked.behaviour, checked.note) == tuple(
        typed.get(name, "") for name in ("words", "behaviour", "note")
    )


def test_alternatives_are_separated_by_commas_or_by_the_word_or() -> None:
    """`or` inside a word is no separator; empty parts are left out; inner spacing is evened."""
    assert terms("return, refund OR  money   back,, order,") == ("return", "refund", "money back", "order")


def test_a_question_is_added_up_to_the_limit() -> None:
    """The first free line takes it; when all are full the form says so and keeps them."""
    form = ClaimForm(questions=(TypedQuestion(text="a", template="v1"), TypedQuestion(text=" ", template="v2")))
    added = form.with_question("b", "v2", limit=2)
    assert added.questions == (TypedQuestion(text="a", template="v1"), TypedQuestion(text="b", template="v2"))
    full = added.with_question("c", "v1", limit=2)
    assert full.questions == added.questions and "Clear one first" in full.errors["questions"]
    assert added.with_question("b", "v2", limit=2) == added
