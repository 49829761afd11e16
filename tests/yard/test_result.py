"""The result as data: planted × claimed, and the evidence side by side."""

from __future__ import annotations

from yard.small_programme import REFUND, SUBMISSION, UPSELL, grade_of

from drillyard.records import ClaimResult, Conversation, Grade, Reply, Transcript
from drillyard.yard.pages.result import pairs, table

MODES = {mode.id: mode for mode in (UPSELL, REFUND)}


def grade_with(*fates: tuple[str, str]) -> Grade:
    """Return a grade whose claims met these fates: (status, failure)."""
    grade = grade_of(SUBMISSION)
    claims = [
        grade.claims[0].model_copy(update={"claim": number, "status": status, "failure": failure})
        for number, (status, failure) in enumerate(fates)
    ]
    return grade.model_copy(update={"claims": tuple(claims)})


def test_each_claim_stands_in_the_row_of_what_it_met() -> None:
    """Planted failures first, found or not; then a row for each other fate that occurred, and no empty one."""
    rows = table(
        grade_with(("confirmed", UPSELL.id), ("false-alarm", ""), ("duplicate", UPSELL.id), ("not-shown", "")), MODES
    )
    assert [(row.title, row.cells) for row in rows] == [
        (UPSELL.title, ("confirmed", "", "duplicate", "")),
        (REFUND.title, ("", "", "", "")),
        ("The clean twin does this too", ("", "false-alarm", "", "")),
        ("No planted failure behind it", ("", "", "", "not-shown")),
    ]
    assert [row.mode for row in rows] == [UPSELL, REFUND, None, None]


def test_every_claim_stands_in_exactly_one_row() -> None:
    """Whatever its status, a claim is neither lost nor counted twice."""
    fates = [
        ("confirmed", UPSELL.id),
        ("duplicate", UPSELL.id),
        ("false-alarm", ""),
        ("not-shown", ""),
        ("unknown", ""),
    ]
    rows = table(grade_with(*fates), MODES)
    assert [sum(bool(row.cells[number]) for row in rows) for number in range(len(fates))] == [1] * len(fates)


def said(prompt: str, reply: str) -> Transcript:
    """Return a transcript."""
    return Transcript(conversation=Conversation.ask(prompt, "v1"), reply=Reply(text=reply), target="t")


def claim(failing: list[Transcript], twin: list[Transcript]) -> ClaimResult:
    """Return a claim's result with this evidence."""
    update = {"evidence": tuple(failing), "twin_evidence": tuple(twin)}
    return grade_of(SUBMISSION).claims[0].model_copy(update=update)


def test_evidence_is_paired_question_by_question_and_repeats_are_counted() -> None:
    """The same question of both models stands side by side; a reply that came three times is shown once."""
    found = pairs(claim([said("a", "bad")] * 3 + [said("b", "worse")], [said("b", "good"), said("c", "fine")]))
    assert [(pair.prompt, dict(pair.failing), dict(pair.twin)) for pair in found] == [
        ("a", {"bad": 3}, {}),
        ("b", {"worse": 1}, {"good": 1}),
        ("c", {}, {"fine": 1}),
    ]


def test_no_evidence_is_no_pair() -> None:
    """An empty list, so that the page can say so."""
    assert pairs(claim([], [])) == []
