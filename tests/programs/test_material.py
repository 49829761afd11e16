"""Material from policies: every claim is held against its place, nothing is taught unread, a changed policy reopens."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from planning.briefs import EXAMPLE, example_copy

from drillyard.cli.app import main
from drillyard.errors import BadInput
from drillyard.programs.design import design
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.material.by_rules import draft_by_rules, opposite
from drillyard.programs.material.draft import SourcedClaim
from drillyard.programs.material.knowledge import Knowledge, read_knowledge
from drillyard.programs.material.queue import READING, as_text, draft_material, read_material, review
from drillyard.records import Conversation, Reply
from drillyard.scopes.documents import place

SHOP = Path(__file__).parents[2] / "examples" / "shop-documents"


@pytest.fixture(scope="module")
def houses() -> tuple[Knowledge, ...]:
    """The policies of two houses, one of them as Markdown, HTML, CSV and PDF."""
    return read_knowledge(EXAMPLE / "policies"), read_knowledge(SHOP)


def planted(knowledge: Knowledge) -> Iterator[tuple[str, SourcedClaim]]:
    """Yield claims with what was done to them: said as it stands or shortened, or with something changed."""
    rng = random.Random(1)
    for span in knowledge.passages:
        words = span.text.split()
        if len(words) < 5:
            continue
        yield "verbatim", SourcedClaim(text=span.text, spans=(span,))
        if len(words) > 8 and not any(
            word.lower().strip(".,") in ("not", "no", "never", "nobody") for word in words[7:]
        ):
            yield "shortened", SourcedClaim(text=" ".join(words[:-1]), spans=(span,))
        if figures := [word for word in words if word.isdigit()]:
            changed = span.text.replace(figures[0], str(int(figures[0]) + 3), 1)
            yield "other number", SourcedClaim(text=changed, spans=(span,))
        if turned := opposite(span.text):
            yield "turned round", SourcedClaim(text=turned, spans=(span,))
        other = rng.choice([one for one in knowledge.passages if one.document != span.document])
        yield "other place", SourcedClaim(text=span.text, spans=(other,))
        yield "no place", SourcedClaim(text=span.text)


def test_the_check_of_claims_is_measured_on_planted_ones(houses: tuple[Knowledge, ...]) -> None:
    """What stands there passes, what was changed is caught: rates over both houses, by kind of change."""
    rates: dict[str, list[bool]] = {}
    for knowledge in houses:
        for kind, claim in planted(knowledge):
            rates.setdefault(kind, []).append(knowledge.check(claim).support == "verified")
    passed = {kind: sum(found) / len(found) for kind, found in rates.items()}
    assert min(map(len, rates.values())) >= 10, {kind: len(found) for kind, found in rates.items()}
    assert passed["verbatim"] == 1 and passed["shortened"] >= 0.9
    assert passed["other number"] == passed["no place"] == 0 and passed["other place"] <= 0.05
    assert passed["turned round"] <= 0.05, passed


def test_an_unsupported_claim_is_told_its_nearest_place(houses: tuple[Knowledge, ...]) -> None:
    """The designer sees what is missing and where it may stand."""
    checked = houses[0].check(SourcedClaim(text="Cameras can be returned within 28 days."))
    assert (checked.support, checked.why, checked.nearest) == ("unsupported", "it names no place", "refunds.md:13")
    wrong = houses[0].check(checked.model_copy(update={"spans": (houses[0].at("refunds.md:12"),)}))
    assert wrong.support == "disputed" and "28 does not stand at refunds.md:12" in wrong.why


def test_search_finds_the_passage_that_says_it(houses: tuple[Knowledge, ...]) -> None:
    """The first passage for a question is the one that answers it."""
    for asked, where in {
        "May we judge competitors?": "customer-communication.md:14",
        "is there a restocking fee": "refunds.md:16",
        "revealed code": "confidentiality.md:9",
    }.items():
        assert place(houses[0].search(asked)[0]) == where
    assert houses[0].search("zebra") == []


def test_rules_draft_only_what_stands_there(houses: tuple[Knowledge, ...]) -> None:
    """All claims of all drafts of both houses are verified; each item has one right option, and no option twice."""
    for knowledge in houses:
        drafts = draft_by_rules(knowledge)
        assert {draft.kind for draft in drafts} == {"reading", "item", "scenario"}
        assert len({draft.id for draft in drafts}) == len(drafts) > 10
        for draft in drafts:
            for claim in draft.claims:
                assert knowledge.check(claim).support == "verified", (draft.id, claim, knowledge.check(claim).why)
            if draft.question:
                texts = [option.text for option in draft.question.options]
                assert len(set(texts)) == len(texts) >= 2


ANSWER = {
    "reading": [
        {"text": "Lamps can be returned within 30 days.", "passages": [2, 3]},
        {"text": "Lamps can be returned within 90 days.", "passages": [3]},
        {"text": "Returns cost nothing on Sundays."},
    ],
    "items": [
        {
            "ask": "Is there a restocking fee?",
            "options": [
                {"text": "There is no restocking fee.", "right": True, "passages": [9]},
                {"text": "Yes", "right": False, "why": "Other shops have one."},
            ],
        }
    ],
    "scenarios": [
        {
            "task": "A customer wants to know what a promise in writing is worth.",
            "criteria": [
                {
                    "asks": "Says the limit",
                    "best": "What was promised in writing is honoured up to 50 euros.",
                    "passages": [11],
                },
                {"asks": "Says who pays", "best": "The finance team pays within 2 days.", "passages": [11]},
            ],
        }
    ],
}


class Writer:
    """Answers every request about refunds with the same JSON, and any other one with words."""

    reference = "scripted/writer"

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer as a model would that was told to write JSON."""
        texts = [one.messages[-1].content for one in conversations]
        return [
            Reply(text=f"Here it is:\n{json.dumps(ANSWER)}" if "restocking" in text else "I cannot.") for text in texts
        ]


ROLES = [{"id": "support-lead", "head_count": 1, "hours": 5, "without": ["judge-a-debate", "triage-queue"]}]


def programme(folder: Path) -> ProgramFolder:
    """Return a designed programme of the example's support leads, who read the policies."""
    design(example_copy(folder / "in", roles=ROLES), folder / "prog")
    return ProgramFolder(folder / "prog")


def test_what_a_model_writes_is_checked_claim_by_claim_and_never_released_unread(tmp_path: Path) -> None:
    """Supported claims are green, the others red and block; --rest takes none of it; a broken answer is told."""
    folder = programme(tmp_path)
    material = draft_material(folder, Writer())
    written = {draft.id: draft for draft in material.drafts if draft.author != "rules"}
    assert set(written) == {"model-reading-refunds", "model-item-refunds-1", "model-scenario-refunds-1"}
    assert [claim.support for claim in written["model-scenario-refunds-1"].claims] == ["verified", "disputed"]
    assert [claim.support for claim in written["model-reading-refunds"].claims] == [
        "verified",
        "disputed",
        "unsupported",
    ]
    assert len(material.troubles) == 2 and "found no JSON object" in material.troubles[0]
    rest = review(folder, rest=True)
    assert {draft.author for draft in rest.drafts if draft.standing == "confirmed"} == {"rules"}
    assert all(draft.standing == "open" for draft in rest.drafts if draft.author != "rules")
    with pytest.raises(BadInput, match="found 2 unsupported claims in model-reading-refunds, the first 'Lamps can be"):
        review(folder, accept=["model-reading-refunds"])
    lesson = folder.path / "catalogue" / "lessons" / f"{READING}.yaml"
    assert "Sundays" not in lesson.read_text()
    assert any(
        d.standing == "confirmed" for d in review(folder, accept=["model-item-refunds-1"]).drafts if d.id in written
    )


def test_nothing_is_taught_before_it_is_accepted_and_then_it_is_in_the_yard(tmp_path: Path) -> None:
    """Drafts alone release nothing; what is accepted is the lesson of the reading that the plan has."""
    folder = programme(tmp_path)
    reading = next(
        step.activity for role in folder.plan().roles for step in role.activities if step.activity.id == READING
    )
    draft_material(folder)
    assert folder.lesson(reading) is None
    review(folder, accept=["item-refunds-9", "item-refunds-10", "reading-refunds"], reject=["item-refunds-16"])
    lesson = folder.lesson(reading)
    assert lesson is not None and [one.id for one in lesson.questions] == ["item-refunds-9", "item-refunds-10"]
    assert "speakers" in lesson.text and "restocking" in lesson.text
    review(folder, reject=["item-refunds-9"])
    assert folder.lesson(reading) is None  # one question alone is no lesson


def test_a_changed_policy_opens_again_what_cites_it(tmp_path: Path) -> None:
    """Design again after a change: what names the document is open and withdrawn, everything else stays accepted."""
    folder = programme(tmp_path)
    draft_material(folder)
    refused = next(d.id for d in read_material(folder).drafts if "refunds" in d.id and "lamps" not in d.to_json())
    accepted = {d.id for d in review(folder, reject=[refused], rest=True).drafts if d.standing == "confirmed"}
    policy = tmp_path / "in" / "policies" / "refunds.md"
    policy.write_text(policy.read_text().replace("| lamps | 30 |", "| lamps | 31 |"))
    told: list[str] = []
    design(tmp_path / "in" / "brief.yaml", tmp_path / "prog", progress=lambda words, *_: told.append(words))
    now = {draft.id: draft for draft in read_material(folder).drafts}
    opened = {name for name in accepted if now[name].standing == "open"}
    assert opened == {name for name in accepted if "refunds" in name} and opened
    assert any("item-refunds-9" in line and "cite what has changed" in line for line in told)
    lesson = folder.path / "catalogue" / "lessons" / f"{READING}.yaml"
    assert "refunds" not in lesson.read_text() and "item-confidentiality-5" in lesson.read_text()
    with pytest.raises(BadInput, match=r"refunds.md has changed, or is gone"):
        review(folder, accept=["item-refunds-9"])
    again = {draft.id: draft for draft in draft_material(folder).drafts}
    assert "31 days" in str(again["item-refunds-9"].question) and again["item-refunds-9"].reopened
    assert again["item-confidentiality-5"].standing == "confirmed"
    swept = {draft.id: draft.standing for draft in review(folder, rest=True).drafts}
    assert (
        swept[refused] == "refused" and swept["item-refunds-9"] == "open"
    )  # what a person ruled on is not swept along


def test_an_edited_draft_is_checked_again(tmp_path: Path) -> None:
    """A person may change words and places; what then stands nowhere is red."""
    folder = programme(tmp_path)
    (draft,) = [one for one in draft_material(folder).drafts if one.id == "reading-refunds"]
    path = tmp_path / "edited.yaml"
    path.write_text(as_text(draft).replace("lamps | 30", "lamps | 33"))
    changed = next(one for one in review(folder, edits=[path]).drafts if one.id == draft.id)
    assert changed.edited and [claim.support for claim in changed.unsupported] == ["disputed"]
    path.write_text(as_text(draft).replace("refunds.md:9\n", "refunds.md:99\n", 1))
    with pytest.raises(BadInput, match="found the place 'refunds.md:99', expected one of: refunds.md:3"):
        review(folder, edits=[path])
    path.write_text("id: reading-refunds\ntitle: x\n")
    with pytest.raises(BadInput, match="without 'claims', expected id, title"):
        review(folder, edits=[path])
    path.write_text("id: reading-refund\n")
    with pytest.raises(BadInput, match="found no draft's id in edited.yaml"):
        review(folder, edits=[path])


@pytest.mark.parametrize(
    ("name", "data", "line"),
    [
        ("refunds.md", b"\xef\xbb\xbf# Returns\n\nLamps must be returned within 30 days.\n", ""),
        ("refunds.md", b"", "refunds.md: found a document without any text"),
        ("refunds.md", b"caf\xe9 must close\n", "found a byte that is no UTF-8 in line 1"),
        ("refunds.pdf", b"%PDF-1.4 broken", "refunds.pdf:"),
        ("refunds.docx", b"PK\x03\x04", "found a file of the kind .docx, expected one of: .csv"),
    ],
)
def test_policies_of_all_sorts_are_read_or_told(tmp_path: Path, name: str, data: bytes, line: str) -> None:
    """A byte-order mark does no harm; empty, mistyped, broken and foreign files are named, the others are used."""
    path = example_copy(
        tmp_path / "in",
        policies=[{"path": f"policies/{name}", "title": "R"}, {"path": "policies/confidentiality.md", "title": "C"}],
    )
    (tmp_path / "in" / "policies" / name).write_bytes(data)
    design(path, tmp_path / "prog")
    material = draft_material(ProgramFolder(tmp_path / "prog"))
    assert any(line in trouble for trouble in material.troubles) if line else not material.troubles
    assert material.drafts and "\n" not in "".join(material.troubles)
    if not line:
        assert any("30" in str(draft.question) for draft in material.drafts)


def test_policies_in_a_pdf_have_pages(houses: tuple[Knowledge, ...]) -> None:
    """A claim on a PDF names page and line."""
    found = houses[1].search("extended by 12 months for 19 euros")[0]
    assert found.page >= 1 and place(found).startswith("warranty.pdf page ")


def test_the_queue_works_at_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Draft, show, accept, reject: by id, with codes, and a slip of the finger is named."""
    folder = str(programme(tmp_path).path)
    assert main(["design", "review", folder]) == 2
    assert f"found no drafts in '{folder}', expected some; drillyard design draft {folder}" in capsys.readouterr().err
    assert main(["design", "draft", folder]) == 0
    assert "0 of 18 drafts accepted" in capsys.readouterr().out
    assert main(["design", "review", folder, "--show", "item-refunds-9"]) == 0
    assert capsys.readouterr().out.startswith("id: item-refunds-9\n")
    assert main(["design", "review", folder, "--accept", "item-refunds-8"]) == 2
    assert "did you mean 'item-refunds-" in capsys.readouterr().err
    assert main(["design", "review", folder, "--accept", "item-refunds-9", "--json"]) == 1
    shown = json.loads(capsys.readouterr().out)
    assert {d["standing"] for d in shown["drafts"] if d["id"] == "item-refunds-9"} == {"confirmed"}
    assert main(["design", "review", folder, "--rest"]) == 0
    page = (Path(folder) / "material" / "review.html").read_text()
    assert "18 of 18 drafts accepted" in page and "▲ disputed" not in page
    assert "| Says what binds |" in (Path(folder) / "material" / "scenarios.md").read_text()
