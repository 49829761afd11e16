"""What a comparison of techniques is asked for: everything that decides its results, as one record."""

from __future__ import annotations

from pydantic import Field

from drillyard.records import Record

__all__ = ["AlignSpec", "OptionValue"]

OptionValue = bool | int | float | str | list[str]
"""What an option of a technique may be."""


class AlignSpec(Record):
    """One comparison. The same spec gives the same arms; a folder that holds another one is refused.

    `target` is the model's reference and `target_hash` the SHA-256 of its weights where they can be seen; `scope` is
    the world by its reference. `sweep` tries every setting of each technique's dial instead of the default alone.
    `seeds` are the training seeds; each also draws its own lesson. `back` are the sorts of request held back from
    lessons, `failures` the ids of further failure modes that are taught away and measured. `preferences`, `findings`,
    `policy`, `reward`, `judge_quality` and `rubric` are the SHA-256 of files that lie in the folder, or empty;
    `penalise` and `favour` are behaviours.
    `options` holds, by technique, what its constructor is given. `questions` is the most per metric and split of the
    exam, `room` the most new tokens of a reply to it (0: the target's own), `pairs` the size of a lesson that is drawn
    from truth.
    """

    target: str
    target_hash: str = ""
    scope: str
    scope_hash: str
    techniques: tuple[str, ...] = Field(min_length=1)
    options: dict[str, dict[str, OptionValue]] = {}
    sweep: bool = False
    seeds: tuple[int, ...] = (1, 2, 3)
    exam_seed: int = 1
    questions: int = Field(default=200, ge=20)
    pairs: int = Field(default=1200, ge=20)
    back: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    preferences: str = ""
    findings: str = ""
    policy: str = ""
    reward: str = ""
    penalise: tuple[str, ...] = ()
    favour: tuple[str, ...] = ()
    judge: str = "exact"
    judge_quality: str = ""
    rubric: str = ""
    room: int = Field(default=0, ge=0)
    drillyard: str

    @property
    def training(self) -> AlignSpec:
        """The same comparison, whoever judges it: another judge judges stored replies, and nothing is trained."""
        return self.model_copy(update={"judge": "", "judge_quality": "", "rubric": ""})
