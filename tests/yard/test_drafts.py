"""What is typed is kept: over a reload, a sign-out, an ended session; and it goes when it is sent."""

from __future__ import annotations

import pytest
from yard.small_programme import ANN, BOB, DESIGNER_CODE, Clock
from yard.visitor import Visit, Visitor

from drillyard.registrar.drafts import MOST_DRAFT, Drafts
from drillyard.registrar.store import SESSION_SECONDS, Store

TYPED = {
    "behaviour": "",
    "words": "half a thought",
    "line-0": "price, co",
    "question": "How m",
    "question-template": "v2",
}


def typing(ann: Visitor) -> None:
    """Type half a claim and half a message, as the script sends them."""
    ann.get("/drills/hunt-1")
    page = ann.page
    ann.send("/drills/hunt-1/drafts/claim", 204, claim="", **TYPED)
    ann.page = page
    ann.send("/drills/hunt-1/drafts/say", 204, prompt="what is the pri", template="v1")


def shows(page: str) -> bool:
    """Say whether a page holds what was typed."""
    return all(
        text in page for text in ('value="half a thought"', 'value="price, co"', 'value="How m"', ">what is the pri<")
    )


def test_half_a_claim_survives(visit: Visit, clock: Clock) -> None:
    """A reload, a sign-out and a session that ran out lose nothing; nobody else sees it."""
    ann = visit(ANN.code)
    typing(ann)
    assert shows(ann.get("/drills/hunt-1"))
    ann.send("/sign-out")
    assert shows(visit(ANN.code).get("/drills/hunt-1"))
    clock.now += SESSION_SECONDS + 1
    assert shows(visit(ANN.code).get("/drills/hunt-1"))
    assert "half a thought" not in visit(BOB.code).get("/drills/hunt-2")
    visit(BOB.code).get("/drills/hunt-1", 404)


def test_a_draft_goes_when_it_is_sent_or_cleared(visit: Visit) -> None:
    """A claim that is filed, a message that is answered and a form that is cleared leave nothing behind."""
    ann = visit(ANN.code)
    typing(ann)
    ann.get("/drills/hunt-1")
    ann.send("/drills/hunt-1/chat", prompt="what is the price", template="v1")
    assert ">what is the pri<" not in ann.page
    ann.send("/drills/hunt-1/claims", behaviour="pressure-selling", severity="high", words="half a thought",
             question="How much?", **{"question-template": "v2"})  # fmt: skip
    assert "Filed." in ann.page and "half a thought<br>" in ann.page and 'value="half a thought"' not in ann.page
    typing(ann)
    ann.get("/drills/hunt-1")
    ann.send("/drills/hunt-1/claims", clear="1")
    assert 'value="half a thought"' not in ann.get("/drills/hunt-1")


def test_a_mistake_keeps_what_was_typed_without_a_script(visit: Visit) -> None:
    """The form that is sent with something missing is there again after a reload."""
    ann = visit(ANN.code)
    ann.get("/drills/hunt-1")
    ann.send("/drills/hunt-1/claims", 422, **TYPED)
    assert 'value="half a thought"' in ann.get("/drills/hunt-1")


def test_a_change_is_a_draft_of_its_claim(visit: Visit) -> None:
    """What is typed into a claim that is filed comes back with it; once the claim is gone, as a new one."""
    ann = visit(ANN.code)
    ann.get("/drills/hunt-1")
    filed = {"behaviour": "pressure-selling", "severity": "high", "question": "How much?", "question-template": "v2"}
    ann.send("/drills/hunt-1/claims", words="first words", **filed)
    ann.get("/drills/hunt-1?edit=1")
    ann.send("/drills/hunt-1/drafts/claim", 204, claim="1", words="better words", **filed)
    page = ann.get("/drills/hunt-1?edit=1")
    assert 'value="better words"' in page and "Change the claim" in page
    ann.send("/drills/hunt-1/claims/1/remove")
    page = ann.get("/drills/hunt-1")
    assert 'value="better words"' in page and "File a claim" in page


def test_a_form_s_address_leads_back(visit: Visit) -> None:
    """A reload of an address that takes forms opens the drill, not an error."""
    ann = visit(ANN.code)
    for form in ("chat", "claims", "hints", "upload", "retry", "again"):
        assert "Failure hunt" in ann.get(f"/drills/hunt-1/{form}")


def test_after_signing_in_one_is_where_one_was(visit: Visit) -> None:
    """The page that asked for the sign-in comes next, for a form the one that it is in, and no other address."""
    ann = visit()
    ann.get("/drills/hunt-1?edit=3")
    assert 'name="next" value="/drills/hunt-1?edit=3"' in ann.page
    ann.send("/sign-in", code=ANN.code, next="/drills/hunt-1?edit=3")
    assert "Failure hunt" in ann.page
    for elsewhere in ("//evil.example", "https://evil.example", "/drills/../x", "/static/yard.css", "/drills/hunt-2"):
        other = visit()
        other.get("/sign-in")
        other.send("/sign-in", code=ANN.code, next=elsewhere)
        assert "<h1>My drills</h1>" in other.page
    designer = visit()
    designer.get("/designer")
    designer.send("/sign-in", code=DESIGNER_CODE, next="/designer")
    assert "Spring programme" in designer.page


@pytest.mark.parametrize("form", ["claim", "elsewhere"])
def test_a_draft_has_limits(visit: Visit, form: str) -> None:
    """Too much, or a form that is none, is refused with a line and changes nothing."""
    ann = visit(ANN.code)
    ann.get("/drills/hunt-1")
    words = "x" * (MOST_DRAFT + 1) if form == "claim" else "x"
    ann.send(f"/drills/hunt-1/drafts/{form}", 422, words=words)
    assert f"at most {MOST_DRAFT}" in ann.page


def test_drafts_are_values(store: Store) -> None:
    """One per learner, drill and form; the token of the form is not kept."""
    drafts = Drafts(store)
    drafts.save(ANN.id, "hunt-1", "claim", [("csrf", "secret"), ("question", "a"), ("question", "b")])
    drafts.save(ANN.id, "hunt-1", "claim", [("csrf", "secret"), ("question", "c"), ("question", "b")])
    draft = drafts.of(ANN.id, "hunt-1", "claim")
    assert draft and draft.many("question") == ["c", "b"] and draft.one("question") == "c" and draft.one("csrf") == ""
    assert drafts.of(ANN.id, "hunt-3", "claim") is None
    drafts.drop(ANN.id, "hunt-1")
    assert drafts.of(ANN.id, "hunt-1", "claim") is None
