"""Training curves: what a model got better at, and what that cost it, step by step."""

from __future__ import annotations

import json
from pathlib import Path

from drillyard.errors import BadInput, bad_input
from drillyard.records import ArmResult, Record

__all__ = ["Curve", "CurvePoint", "read_curve"]


class CurvePoint(Record):
    """One logged step: the reward that was trained on, the judge's, and how far the model has moved.

    `kl` is the divergence from the start in nats, `refusals` a share, `length` tokens per reply. What was not logged is
    None; `loss` is the trainer's own.
    """

    step: int
    proxy: float | None = None
    gold: float | None = None
    kl: float | None = None
    refusals: float | None = None
    length: float | None = None
    loss: float | None = None


class Curve(Record):
    """The curve of one arm."""

    technique: str
    strength: float
    seed: int
    points: tuple[CurvePoint, ...]


def read_curve(path: Path, arm: ArmResult) -> Curve:
    """Read an arm's curve, one JSON object a line; fields of other names are left out.

    Raises:
        BadInput: no such file, or a line that is no step.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise bad_input(f"{str(path)!r} that cannot be read ({error})", "the curve of a training run") from None
    points = []
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            data = json.loads(line)
            points.append(CurvePoint.from_data({name: data[name] for name in CurvePoint.model_fields if name in data}))
        except (ValueError, TypeError, BadInput) as error:
            raise bad_input(f"{path} line {number}: {error}", 'a step such as {"step": 10, "proxy": 0.4}') from None
    return Curve(technique=arm.technique, strength=arm.strength, seed=arm.seed, points=tuple(points))
