"""A model that tries the drills on paper alone: read as a person is, graded, and never counted as one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from planning.briefs import example_copy

from drillyard.drills import load_kit
from drillyard.errors import BadInput
from drillyard.programs.assisted import ask_assistant, read_answers
from drillyard.programs.create import create
from drillyard.programs.design import design
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.learned import Answered
from drillyard.programs.refinement import refine_programme
from drillyard.records import Conversation, Reply


class Assistant:
    """Answers the papers in the order in which they are asked: rightly, or with one choice for everything."""

    def __init__(self, reference: str, answers: Sequence[str]) -> None:
        self.reference, self.asked, self._answers = reference, 0, list(answers)

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer one paper."""
        assert len(conversations) == len(seeds) == 1 and "field of the form" in conversations[0].messages[-1].content
        self.asked += 1
        if not self._answers:
            return [Reply(text="", finish="error", why="down")]
        return [Reply(text=self._answers.pop(0))]


def test_answers_are_read_as_they_were_meant() -> None:
    """By value or by words, bulleted or bare; what the form refuses is left out."""
    sheet = load_kit("investment-case").sheet(7)
    reply = "Sure!\n- **decision**: Fund guard and review\nabove: 12 %\nzero = 150\n`moves`: harm: the share\nmore: 1"
    assert read_answers(sheet, reply) == {"decision": "both", "above": "12 %", "moves": "harm"}
    assert read_answers(sheet, f"I cannot help with that.\nabove: {'x' * 100}") == {}


@pytest.fixture
def programme(tmp_path: Path) -> ProgramFolder:
    """A programme of two executives, one paper each."""
    role = {"id": "executive", "head_count": 2, "hours": 6, "without": ["interview-executive"]}
    path = example_copy(tmp_path, roles=[role], policies=[])
    design(path, tmp_path / "prog")
    create(tmp_path / "prog", learners=2, secret="5eed" * 16)
    return ProgramFolder(tmp_path / "prog")


@pytest.mark.walk
def test_a_model_tries_each_paper_once(programme: ProgramFolder) -> None:
    """Right answers pass, a model that goes down keeps what it had, and nobody's learners grow by it."""
    papers = programme.instances()
    assert [one.drill for one in papers] == ["investment-case"] * 2
    right = [
        "\n".join(
            f"{name}: {text}"
            for name, text in load_kit(one.drill).solutions(programme.truth(one.id).seed)["reference"].items()
        )
        for one in papers
    ]
    model = Assistant("test/able", right[:1])
    with pytest.raises(BadInput, match=r"no reply from test/able \(down\)"):
        ask_assistant(programme, model)
    tried = ask_assistant(programme, model := Assistant("test/able", right[1:]))
    assert model.asked == len(papers) - 1 and [one.grade.passed for one in tried if one.grade] == [True] * len(papers)
    ask_assistant(programme, Assistant("test/lazy", ["decision: nothing"] * len(papers)))
    made = refine_programme(programme.path, lambda _: [], lambda _: Answered())
    told = {r.solver: (r.passed, r.attempts) for r in made.report.drills[0].rehearsals}
    assert told["assistant test/able"] == (2, 2) and told["assistant test/lazy"] == (0, 2)
    assert all(one.learners == 0 for one in made.report.drills)
    assert "What an assistant passes alone" in made.page.read_text()
