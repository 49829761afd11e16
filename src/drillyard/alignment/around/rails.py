"""Rails: a classifier before and behind the model, written as a folder that NeMo Guardrails runs as it is.

The folder is proved with `nemoguardrails` itself when it is made. By default the target then calls the same code
directly, which decides alike and takes about a hundredth of the time; `engine="nemo"` asks NeMo for every verdict.

Does not cover: refusals of harmless requests (what the model withheld a rail cannot say), sorts of request that the
lesson lacks, requests spread over several turns, other languages, letters spaced out or replaced. The model itself
stays as it was: whoever reaches it without the rails gets what it gives.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from drillyard.alignment.around.fitting import HeadQuality, ScreenFitter, save_screen
from drillyard.alignment.around.rails_folder import ACTIONS, COLANG, CONFIG, WEIGHTS, write_folder
from drillyard.alignment.around.screened import Answers, Checker, ScreenedTarget
from drillyard.alignment.around.verdict import HAND_OVER, HEADS, OUTSIDE, REFUSE, Screen, open_screen
from drillyard.alignment.base import Dial, House, Lesson, Setting
from drillyard.alignment.evidence import draw_pairs_from
from drillyard.alignment.policy import policy_in, write_policy
from drillyard.errors import bad_input
from drillyard.records import Estimate, FitCost, ModelPolicy, Preference, Record
from drillyard.records.files import read_record, write_record
from drillyard.registry import resolve
from drillyard.stats.binomial import clopper_pearson
from drillyard.targets import Target

__all__ = ["QUALITY", "Rails", "RailsQuality"]

QUALITY, ANSWERS, POLICY = "quality.json", "answers.json", "policy.yaml"
"""Beside NeMo's files: the measured error, what is said for each verdict, and the policy in examples."""

_PROOF = 24
"""Messages, and as many replies, on which NeMo must say what the direct call says."""


class RailsQuality(Record):
    """What is known of fitted rails: each head's error on the lesson, and how often NeMo's verdict was the direct one.

    `labels` preferences were learned from; `threshold` is where the dial stood.
    """

    threshold: float
    labels: int
    heads: tuple[HeadQuality, ...]
    agreed: Estimate


class Rails:
    """Fits a screen to a lesson and puts it around a target.

    Args:
        policy: the user's own (`read_policy`); its examples are learned beside the lesson. Drawn from the lesson unless
            given.
        engine: `direct` calls the screen, `nemo` asks NeMo Guardrails for every verdict, which runs the folder's
            Python.
    """

    dial = Dial(
        name="threshold",
        default=0.5,
        sweep=(0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98),
        words="probability from which on a request or reply is stopped; lower stops more",
    )

    def __init__(self, policy: ModelPolicy | None = None, engine: Literal["direct", "nemo"] = "direct") -> None:
        self._policy, self._engine = policy, engine
        self.runs_code = engine == "nemo"

    def fit(self, target: Target, lesson: Lesson, setting: Setting) -> FitCost:
        """Write the folder.

        Raises:
            BadInput: hardly a request that is refused or answered, an answer that Colang cannot say, a strength that is
                no probability.
            MissingExtra: `nemoguardrails` is not installed.
        """
        began, folder = time.perf_counter(), setting.folder
        nemo = _nemo()
        pairs = lesson.preferences or draw_pairs_from(lesson.findings, target, lesson.world)[0]
        policy = self._policy or lesson.policy or policy_in(lesson.world, pairs)
        answers = _answers(policy, lesson.world)
        write_folder(folder, policy.name, answers)
        screen, heads = ScreenFitter(policy).update(pairs).fit(setting.strength)
        save_screen(screen, folder / WEIGHTS)
        write_policy(policy, folder / POLICY)
        quality = RailsQuality(
            threshold=setting.strength,
            labels=len(pairs),
            heads=heads,
            agreed=_proved(screen, _alone(nemo, folder, answers), pairs),
        )
        write_record(folder / QUALITY, quality)
        write_record(folder / ANSWERS, answers)  # last: without it none are here
        return FitCost(
            seconds=time.perf_counter() - began,
            parameters=int(screen.weights.size),
            bytes=sum(path.stat().st_size for path in folder.iterdir() if path.is_file()),
            peak_bytes=int(screen.weights.nbytes) * 2,  # the weights, and their gradient while they are fitted
            labels=len(pairs),
        )

    def apply(self, target: Target, folder: Path) -> Target:
        """Return the target behind the rails. Raises `BadInput` when the folder holds none, or broken ones."""
        path = folder / ANSWERS
        if not path.is_file():
            raise bad_input(f"no {path}", "a folder that rails were fitted into")
        answers = read_record(path, Answers)
        try:
            screen = open_screen(str(folder / WEIGHTS))
        except (OSError, ValueError) as error:
            raise bad_input(f"rails that cannot be read ({error})", "a whole folder", "fit them again") from None
        if silent := {HEADS[head][1] for head in screen.heads} - set(answers.by_verdict):
            raise bad_input(f"rails without an answer for {min(silent)!r} in {ANSWERS}", "one for each verdict")
        checker: Checker = screen
        if self._engine == "nemo":
            checker = _nemo()(folder, answers)
        return ScreenedTarget(target, checker, answers)


def _nemo() -> type:
    """Return the checker that runs NeMo; a missing extra is named."""
    found: type = resolve("drillyard.alignment.around.rails_nemo:NemoChecker", "rails", "technique 'rails'")
    return found


def _alone(nemo: type, folder: Path, answers: Answers) -> Checker:
    """Return NeMo's checker of what was written just now, and of nothing else that lies in the folder: it runs it."""
    with tempfile.TemporaryDirectory(prefix="drillyard-rails-") as place:
        for name in (CONFIG, COLANG, ACTIONS, WEIGHTS):
            shutil.copyfile(folder / name, Path(place) / name)
        checker: Checker = nemo(Path(place), answers)
        checker.requests(["hello"])  # loads the weights, which lie there no longer afterwards
        return checker


def _answers(policy: ModelPolicy, world: House) -> Answers:
    """Return what is said: the policy's sentences, and the world's own where a reply needs a person instead."""
    said = {REFUSE: policy.refusal, OUTSIDE: policy.fallback, HAND_OVER: world.replies.get("human", policy.fallback)}
    return Answers(by_verdict=said, openings=world.openings)


def _proved(screen: Screen, nemo: Checker, pairs: Sequence[Preference]) -> Estimate:
    """Return the share of the lesson's first messages and replies on which NeMo says what the direct call says."""
    asked = [pair.conversation.last_user for pair in pairs[:_PROOF]]
    said = [text for pair in pairs[: _PROOF // 2] for text in (pair.chosen, pair.rejected)]
    direct = [*screen.requests(asked), *screen.replies(said)]
    by_nemo = [*nemo.requests(asked), *nemo.replies(said)]
    return clopper_pearson(sum(a == b for a, b in zip(direct, by_nemo, strict=True)), len(direct))
