"""What is accepted when it is handed in gets a grade; what grading would refuse is refused then, in one line."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from drills.artefacts.attacks import ACCEPTED, MATRIX, REFUSED, adapter, add, edits, rails
from drills.artefacts.packed import idle, submission_of
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from drillyard.drills import load_kit
from drillyard.drills.artefacts import trial
from drillyard.drills.exam import Exam
from drillyard.errors import BadInput
from drillyard.programs.submission import read_submission
from drillyard.records import Artefact

KIT = load_kit("too-permissive-too-censored")
LINE = 600


@functools.cache
def exam() -> Exam:
    """Return an instance whose start is over-permissive."""
    made: Exam = KIT.materialise("repair-1", "engineer", 2**61 + 7)
    return made


@pytest.fixture(scope="module", autouse=True)
def made() -> None:
    """Make the instance that all of these tests look at before the first of them."""
    exam()


@pytest.fixture(autouse=True)
def few_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Grade on two hidden questions a metric: whether there is a grade is asked, not which."""
    monkeypatch.setattr(trial, "QUESTIONS", 2)


def handed_in(first: Artefact, second: Artefact | None = None) -> None:
    """Do what the check of an upload does. Raises `BadInput`."""
    data = submission_of("repair-1", first, second or idle()).to_json().encode()
    KIT.check(exam(), read_submission(data, KIT.drill, exam().instance))


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_accepted_gets_a_grade(name: str) -> None:
    """What the check lets through, beside nothing, can be graded."""
    handed_in(ACCEPTED[name])
    assert 0 <= KIT.grade(exam(), submission_of("repair-1", ACCEPTED[name], idle())).score <= 1


@pytest.mark.parametrize("name", REFUSED)
def test_what_grading_would_refuse_is_refused_at_once(name: str) -> None:
    """One line that names the artefact's fault and no path of ours, whichever of the two it is."""
    one, words = REFUSED[name]
    for first, second in ((one, idle()), (idle(), one)):
        with pytest.raises(BadInput) as caught:
            handed_in(first, second)
        said = str(caught.value)
        assert words in said and "\n" not in said and len(said) < LINE and "/tmp" not in said


def test_bfloat16_is_read_as_it_was_saved() -> None:
    """The same adapter in bfloat16 and, rounded to it, in float32 makes the same model."""
    rounded = np.float32(0.01).view(np.uint32) & np.uint32(0xFFFF0000)
    value = float(rounded.view(np.float32))
    wide = adapter(tensors={k: np.full_like(v, value) for k, v in _pair().items()})
    grades = [KIT.grade(exam(), submission_of("repair-1", one, idle())) for one in (ACCEPTED["bfloat16"], wide)]
    assert grades[0].trade == grades[1].trade


def _pair() -> dict[str, np.ndarray]:
    prefix = f"base_model.model.{MATRIX}"
    return {
        f"{prefix}.lora_A.weight": np.zeros((2, 128), np.float32),
        f"{prefix}.lora_B.weight": np.zeros((608, 2), np.float32),
    }


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([2, 10**400])
anything = st.recursive(
    scalars, lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=6), x, max_size=3)
)
fields = ("r", "lora_alpha", "bias", "use_rslora", "modules_to_save", "peft_type", "target_modules", "rank_pattern")
shapes = st.sampled_from([(2, 128), (608, 2), (128, 2), (0, 128), (), (2,), (608, 128)])
adapters = st.builds(
    lambda changed, a, b, value: adapter(
        tensors={k: np.full(s, value, np.float32) for k, s in zip(_pair(), (a, b), strict=True)}, **changed
    ),
    st.dictionaries(st.sampled_from(fields), anything, max_size=2),
    shapes | st.just((2, 128)),
    shapes | st.just((608, 2)),
    st.floats(width=32),
)
headers = st.builds(lambda name, value: add(**{name: value}), st.sampled_from(["layer", "kind", "strength"]), anything)
screens = st.builds(lambda a, h, limits: rails(a, h, limits), st.none() | anything, anything, anything)


@pytest.mark.walk
@settings(
    max_examples=20,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking takes minutes where a grade takes a second
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(one=adapters | headers | anything.map(edits) | screens)
def test_whatever_is_handed_in_is_refused_in_a_line_or_graded(one: Artefact) -> None:
    """Anything in any field, of any shape: a line, or a grade; nothing else escapes."""
    try:
        handed_in(one)
    except BadInput as error:
        assert 0 < len(str(error)) < LINE and "\n" not in str(error)
        return
    assert 0 <= KIT.grade(exam(), submission_of("repair-1", one, idle())).score <= 1
