"""The designer's review queue in the browser: the terminal's records, sources beside claims, red blocks."""

from __future__ import annotations

from pathlib import Path

import pytest
from yard.small_programme import ANN, DESIGNER_CODE
from yard.visitor import Visit, Visitor

from drillyard.cli.app import main
from drillyard.programs.examples import example_brief
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.joining import appoint
from drillyard.programs.material.queue import as_text, draft_material, read_material, review
from drillyard.records import Policy

REFUNDS = "policies/refunds.md"


@pytest.fixture
def designer(programme: ProgramFolder, visit: Visit) -> Visitor:
    """The designer of a programme with policies and drafts of them."""
    shipped = example_brief().parent / REFUNDS
    (programme.path / REFUNDS).parent.mkdir()
    (programme.path / REFUNDS).write_bytes(shipped.read_bytes())
    programme.write_brief(programme.brief().model_copy(update={"policies": (Policy(path=REFUNDS, title="Refunds"),)}))
    draft_material(programme)
    return visit(DESIGNER_CODE)


def standing(programme: ProgramFolder) -> dict[str, str]:
    """Return how each draft stands."""
    return {one.id: one.standing for one in read_material(programme).drafts}


def test_a_draft_is_read_beside_its_source_and_accepted(
    designer: Visitor, programme: ProgramFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """The place stands there in full; what is accepted here is accepted for the terminal, and the next one comes."""
    assert "/designer/review" in designer.get("/designer")
    page = designer.get("/designer/review")
    first = read_material(programme).drafts[0]
    assert first.title in page and "refunds.md:" in page and "<mark>" in page and "Accept: I have read it" in page
    designer.send("/designer/review", draft=first.id, what="accept")
    assert standing(programme)[first.id] == "confirmed" and first.title in designer.page
    assert f"draft={read_material(programme).drafts[1].id}" in designer.page
    main(["design", "review", str(programme.path)])
    assert "1 of " in capsys.readouterr().out


def test_a_rejection_needs_its_reason_and_keeps_it(
    designer: Visitor, programme: ProgramFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without one nothing happens; with one it stands in the record, here and in the terminal, and in later drafts."""
    name = read_material(programme).drafts[0].id
    designer.get("/designer/review")
    assert "Say in a few words" in designer.send("/designer/review", expect=422, draft=name, what="reject", reason=" ")
    assert standing(programme)[name] == "open"
    designer.send("/designer/review", draft=name, what="reject", reason="Too easy")
    assert "rejected: Too easy" in designer.get(f"/designer/review?draft={name}")
    main(
        [
            "design",
            "review",
            str(programme.path),
            "--reject",
            read_material(programme).drafts[1].id,
            "--reason",
            "Twice",
        ]
    )
    assert "Too easy" in capsys.readouterr().out
    assert [one.reason for one in draft_material(programme).drafts[:2]] == ["Too easy", "Twice"]


def test_an_unsupported_claim_is_red_and_blocks(designer: Visitor, programme: ProgramFolder) -> None:
    """No button, and a form sent by hand is refused with its reason; edited until it stands there, it is accepted."""
    draft = next(one for one in read_material(programme).drafts if one.kind == "reading")
    wrong = as_text(draft).replace(draft.claims[0].text, f"{draft.claims[0].text} It costs 977 euros.")
    designer.get(f"/designer/review?draft={draft.id}")
    page = designer.send("/designer/review", draft=draft.id, what="edit", text=wrong)
    assert "Blocked:" in page and "977" in page and "Accept: I have read it" not in page
    page = designer.send("/designer/review", expect=422, draft=draft.id, what="accept")
    assert "unsupported claims in" in page and standing(programme)[draft.id] == "open"
    designer.send("/designer/review", draft=draft.id, what="edit", text=as_text(draft))
    designer.send("/designer/review", draft=draft.id, what="accept")
    assert standing(programme)[draft.id] == "confirmed"


def test_what_cannot_be_taken_over_is_a_line_and_keeps_what_was_typed(designer: Visitor) -> None:
    """A draft that is none, YAML that is none: nothing changes."""
    designer.get("/designer/review")
    assert "the draft &#39;nothing&#39;" in designer.send(
        "/designer/review", expect=422, draft="nothing", what="accept"
    )
    page = designer.send("/designer/review", expect=422, draft="reading-refunds", what="edit", text="id: [")
    assert "id: [" in page and 'role="alert"' in page


def test_a_changed_policy_is_shown_as_such(designer: Visitor, programme: ProgramFolder) -> None:
    """The source says it no longer, so the page says that, and the draft is blocked."""
    name = read_material(programme).drafts[0].id
    text = (programme.path / REFUNDS).read_text()
    (programme.path / REFUNDS).write_text(text.replace("days", "weeks"))
    review(programme)
    page = designer.get(f"/designer/review?draft={name}")
    assert "Blocked:" in page and "has changed, or is gone" in page


def test_it_is_the_designer_s_alone(designer: Visitor, programme: ProgramFolder, visit: Visit) -> None:
    """Learners, facilitators and auditors have no business there."""
    for code in (ANN.code, appoint(programme, "auditor", "Ada").code, appoint(programme, "facilitator", "Fay").code):
        visit(code).get("/designer/review", expect=403)


def test_design_tells_what_is_not_read_and_what_is_open_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A ZIP that calls itself PDF is told at once; after a policy has changed, so is every draft that cites it."""
    import shutil

    home, prog = tmp_path / "in", tmp_path / "prog"
    shutil.copytree(example_brief().parent, home)
    brief = home / "brief.yaml"
    (home / "policies" / "extra.pdf").write_bytes(b"PK\x03\x04" + b"\0" * 40)
    brief.write_text(
        brief.read_text().replace("policies:\n", "policies:\n  - {path: policies/extra.pdf, title: Extra}\n", 1)
    )
    main(["design", str(brief), "-o", str(prog)])
    assert "not read, so nothing is drafted from it: extra.pdf" in " ".join(capsys.readouterr().out.split())
    draft_material(ProgramFolder(prog))
    review(ProgramFolder(prog), rest=True)
    refunds = home / REFUNDS
    refunds.write_text(refunds.read_text().replace("30", "31"))
    main(["design", str(brief), "-o", str(prog)])
    told = " ".join(capsys.readouterr().out.split())
    assert "open again, because a policy has changed: " in told and "drillyard design review" in told
