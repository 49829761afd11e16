"""Guard: a streaming classifier behind the model, with a promised share of sound replies that it may block.

It is trained on the lesson's rejected replies and two thirds of its chosen ones; the threshold is conformal, on the
other third. Unlike `rails` it sees no request, is asked at every word, and its dial is the promise itself.

Does not cover: refusals of harmless requests (it cannot say what was withheld), false facts, rejected replies in the
words of chosen ones, sorts of reply that the lesson lacks. The model stays as it was.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from drillyard.alignment.base import Dial, Lesson, Setting
from drillyard.alignment.evidence import draw_pairs_from
from drillyard.alignment.policy import policy_in
from drillyard.errors import bad_input
from drillyard.guards.calibration import calibrate, open_calibration, save_calibration
from drillyard.guards.examples import Example
from drillyard.guards.fit_sklearn import GuardFitter
from drillyard.guards.guard import open_guard
from drillyard.guards.target import GuardedTarget
from drillyard.records import FitCost, ModelPolicy, Preference, Record
from drillyard.records.files import read_record, write_record
from drillyard.targets import Target

__all__ = ["GuardTechnique"]

_FILE = "answer.json"
_LASTING = 36_500  # days: an arm is examined as it was fitted, whenever that is


class _Answer(Record):
    """What is said in the place of a blocked reply."""

    text: str


class GuardTechnique:
    """Fits a guard to a lesson and puts it behind a target."""

    dial = Dial(
        name="alpha",
        default=0.01,
        sweep=(0.002, 0.01, 0.05, 0.2),
        words="share of sound replies that may be blocked; a higher one blocks more",
    )

    def fit(self, target: Target, lesson: Lesson, setting: Setting) -> FitCost:
        """Write guard, calibration and answer.

        Raises:
            BadInput: too few rejected replies that are no refusals, or too few chosen ones for the share.
            MissingExtra: scikit-learn is not installed.
        """
        began = time.perf_counter()
        pairs = lesson.preferences or draw_pairs_from(lesson.findings, target, lesson.world)[0]
        policy = lesson.policy or policy_in(lesson.world, pairs)
        chosen, rejected = _sides(pairs, policy)
        held = set(chosen[::3])
        learned = [text for text in chosen if text not in held]
        guard = GuardFitter().update([Example(text=text, shown=("rejected",)) for text in rejected])
        fitted = guard.update([Example(text=text) for text in learned]).fit("lesson")
        sound = [Example(text=pair.chosen) for pair in pairs if pair.chosen in held]  # as often as they are said
        made = calibrate(fitted, sound, setting.strength, target.reference, days=_LASTING)
        fitted.save(setting.folder)
        save_calibration(made, setting.folder)
        answer = lesson.world.replies.get("human", policy.refusal) if _presses(pairs) else policy.refusal
        write_record(setting.folder / _FILE, _Answer(text=answer))  # last: without it there is no guard here
        return FitCost(
            seconds=time.perf_counter() - began,
            parameters=int(fitted.weights.size),
            bytes=sum(path.stat().st_size for path in setting.folder.iterdir() if path.is_file()),
            peak_bytes=int(fitted.weights.nbytes) * 2,
            labels=len(pairs),
        )

    def apply(self, target: Target, folder: Path) -> Target:
        """Return the target behind the fitted guard. Raises `BadInput` when there is none."""
        path = folder / _FILE
        if not path.is_file():
            raise bad_input(f"no {path}", "a folder that the technique was fitted into")
        guard = open_guard(folder)
        return GuardedTarget(target, guard, open_calibration(folder, guard).tau(), read_record(path, _Answer).text)


def _sides(pairs: Sequence[Preference], policy: ModelPolicy) -> tuple[list[str], list[str]]:
    """Return chosen and rejected replies; a rejected refusal is not one to block, nor what is chosen elsewhere."""
    chosen = list(dict.fromkeys(pair.chosen for pair in pairs))
    sound, refusal = set(chosen), policy.refusal.casefold()
    rejected = dict.fromkeys(pair.rejected for pair in pairs if pair.rejected not in sound)
    return chosen, [text for text in rejected if refusal not in text.casefold()]


def _presses(pairs: Sequence[Preference]) -> bool:
    """Say whether the lesson is about replies that should have been others, and not about forbidden requests."""
    return not any(pair.category.startswith("harmful:") for pair in pairs)
