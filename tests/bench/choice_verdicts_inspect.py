"""What the multiple choice of Inspect makes of replies. Run by the Python that has inspect-ai.

A line of JSON in, [several, target, reply], a line out: the letter of the score (C, I or N). Four choices each.
"""

from __future__ import annotations

import asyncio
import json
import sys

from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Target, choice
from inspect_ai.solver import TaskState
from inspect_ai.solver._multiple_choice import parse_answers, set_choices_based_on_generated_response


def _verdict(several: bool, target: str, reply: str) -> str:
    state = TaskState(
        model="none/none",  # type: ignore[arg-type]
        sample_id=1,
        epoch=1,
        input="Which?",
        messages=[],
        choices=["red", "green", "blue", "grey"],
        output=ModelOutput.from_content("none", reply),
    )
    if answers := parse_answers(state, several):
        set_choices_based_on_generated_response(state, answers)
    score = asyncio.run(choice()(state, Target(target)))
    return str(score.value)


if __name__ == "__main__":
    for line in sys.stdin:
        print(_verdict(*json.loads(line)), flush=True)
