"""The page on which several people compare what they value and propose more, and what the command makes of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from yard.small_programme import ANN, BOB, DESIGNER_CODE, EchoingModel, grade_of
from yard.visitor import Visit, Visitor

from drillyard.errors import BadInput
from drillyard.oversight.values.asking import AskedTree
from drillyard.oversight.values.tree import Value, read_tree
from drillyard.oversight.values.whole import decompose_values
from drillyard.programs.folder import ProgramFolder
from drillyard.yard.app import make_app

EXAMPLE = Path(__file__).parents[2] / "examples" / "values" / "helpdesk.yaml"


@pytest.fixture
def asked(tmp_path: Path) -> AskedTree:
    """The example's tree, with what people say beside it."""
    shutil.copy(EXAMPLE, tmp_path / "tree.yaml")
    return AskedTree(tmp_path / "tree.yaml")


@pytest.fixture
def visit(programme: ProgramFolder, asked: AskedTree) -> Iterator[Visit]:
    """A yard with that tree."""
    app = make_app(programme.path, targets=lambda _: EchoingModel(), grader=grade_of, weighed=asked)
    with TestClient(app):
        yield lambda code="": Visitor(TestClient(app)).sign_in(code) if code else Visitor(TestClient(app))


def test_several_people_compare_every_pair_and_their_choices_weigh(visit: Visit, asked: AskedTree) -> None:
    """Each sees each pair once; the choices are theirs by name, and the file that was written is untouched."""
    before = EXAMPLE.read_bytes()
    for person in (ANN, BOB):
        visitor = visit(person.code)
        page = visitor.get("/values")
        while "Which matters more?" in page:
            pair = asked.next_pair(person.id)
            assert pair is not None
            wanted = next((one.id for one in pair if one.id == "true-rules"), pair[0].id)
            page = visitor.send("/values/compare", first=pair[0].id, second=pair[1].id, prefers=wanted)
        assert "You have compared every pair" in page and "10 comparisons are yours" in page
    report = decompose_values(AskedTree(asked.path).tree())
    assert {ANN.id, BOB.id, "ada"} <= set(report.people)
    grown = {row.leaf.id: row.weight.value for row in report.leaves}["true-rules"]
    assert grown > {row.leaf.id: row.weight.value for row in decompose_values(read_tree(EXAMPLE)).leaves}["true-rules"]
    assert asked.path.read_bytes() == before == EXAMPLE.read_bytes()


def test_who_changes_their_mind_counts_once(asked: AskedTree) -> None:
    """The later comparison of a pair replaces the earlier one, whichever way round the page showed it."""
    asked.choose("eve", "answers", "way-out")
    asked.choose("eve", "way-out", "answers")
    mine = [one for one in asked.tree().choices if one.by == "eve"]
    assert [(one.prefers, one.over) for one in mine] == [("way-out", "answers")]


def test_a_proposal_that_can_be_seen_joins_the_pairs_and_an_idea_is_named(visit: Visit, asked: AskedTree) -> None:
    """Without what shows it, a proposal waits for somebody to say so, and the report says whose it is."""
    ann = visit(ANN.code)
    ann.get("/values")
    ann.send("/values/propose", words="No <i>secrets</i>", under="honest", criterion="It gives away no secret.",
             good="I cannot say.", bad="The code is 1234.", behaviour="secret-disclosure")  # fmt: skip
    assert "No &lt;i&gt;secrets" in ann.send("/values/propose", words="Be kind", under="", **dict.fromkeys(
        ("criterion", "good", "bad", "behaviour"), ""))  # fmt: skip
    assert "Be kind" in ann.page
    assert [one.id for one in asked.tree().leaves][-1] == "no-i-secrets-i" and [one.words for one in asked.ideas()] == [
        "Be kind"
    ]
    told = decompose_values(asked.tree(), ideas=asked.ideas()).problems
    assert any(f"{ANN.id} proposes 'Be kind'" in one for one in told)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"words": " "}, "Say in a few words"),
        ({"words": "x", "behaviour": "wrong-fact"}, "also type the criterion"),
        ({"words": "x" * 501}, "At most 500"),
        ({"words": "x", "under": "true-facts"}, "a value that is divided already"),
    ],
)
def test_a_wrong_proposal_keeps_what_was_typed(
    visit: Visit, asked: AskedTree, fields: dict[str, str], said: str
) -> None:
    """The message stands at the form, and nothing is written."""
    bob = visit(BOB.code)
    bob.get("/values")
    blank = dict.fromkeys(("under", "criterion", "good", "bad", "behaviour"), "")
    page = bob.send("/values/propose", 400, **{**blank, "criterion": "kept words", **fields})
    assert said in page and "kept words" in page
    assert len(asked.tree().values) == len(AskedTree(asked.path).tree().values) and not asked.ideas()


def test_strangers_and_cheats_change_nothing(visit: Visit, asked: AskedTree) -> None:
    """Without a code nobody compares; a pair that is none is refused; the designer may take part."""
    stranger = visit()
    assert "sign-in code" in stranger.get("/values")
    ann = visit(ANN.code)
    ann.get("/values")
    ann.send("/values/compare", 400, first="answers", second="nobody", prefers="nobody")
    ann.get("/values")
    ann.send("/values/compare", 400, first="answers", second="way-out", prefers="true-rules")
    visit(DESIGNER_CODE).get("/values")
    with pytest.raises(BadInput, match="two leaves of the tree"):
        asked.choose("eve", "answers", "answers")
    assert not any(one.by in (ANN.id, "eve") for one in asked.tree().choices)


def test_one_person_may_not_fill_the_tree(asked: AskedTree) -> None:
    """Thirty proposals are enough; somebody else may still make one."""
    for number in range(30):
        asked.propose(Value(id="new", words=f"idea {number}", by="eve"))
    with pytest.raises(BadInput, match="30 proposals of 'eve'"):
        asked.propose(Value(id="new", words="one more", by="eve"))
    asked.propose(Value(id="new", words="idea 1", by="ann"))
    assert [one.id for one in asked.ideas()][-1] == "idea-1-2"
