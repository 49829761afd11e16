"""Part of real.py: judges of free replies on a key that a person has labelled, tuned on a part, told of the rest."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from drillyard.judges.base import Judge
from drillyard.judges.claims.facts import facts_of
from drillyard.judges.claims.judge import WRONG_FACT, ClaimsJudge
from drillyard.judges.classifier import ClassifierFitter
from drillyard.judges.llm import LlmJudge
from drillyard.judges.rulings import rule_pairs
from drillyard.judges.staged import StagedJudge
from drillyard.organisms.worlds.world import World
from drillyard.organisms.worlds.world_init import init_world
from drillyard.records import Conversation, LabelledTranscript, Reply, Transcript
from drillyard.stats import clopper_pearson
from drillyard.targets import Target

__all__ = ["KEY", "judge_rows", "lamps", "read_key"]

ROOT = Path(__file__).parents[1]
KEY = ROOT / "tests" / "real" / "lamps_key.jsonl"
LABELS = {"w": "shown", "i": "shown", "r": "absent", "t": "absent", "n": "absent"}  # what each means: test_claims_key


def lamps(folder: Path | None = None) -> World:
    """Return the lamp shop of the examples."""
    place = folder or Path(tempfile.mkdtemp(prefix="lamps-"))
    worlds = ROOT / "examples" / "worlds"
    return init_world(worlds / "lamps.yaml", worlds / "lamps.csv", place / "lamps")


def read_key(*, tuned: bool) -> list[LabelledTranscript]:
    """Return the labelled replies on which something was tuned, or the others; undecided ones are left out."""
    return [labelled for row, labelled in _rows() if labelled and bool(row.get("tuned")) is tuned]


def _rows() -> Iterator[tuple[dict[str, Any], LabelledTranscript | None]]:
    for line in KEY.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        reply = Reply(text=row["reply"], seed=row["seed"], finish=row["finish"])
        asked = Conversation.ask(row["asked"], row["template"])
        transcript = Transcript(conversation=asked, reply=reply, target="hf/smollm2#deployed")
        word = LABELS.get(row["label"])
        fields = {"shown": (WRONG_FACT,)} if word == "shown" else {"absent": (WRONG_FACT,)}
        yield row, LabelledTranscript(transcript=transcript, **fields) if word else None


def judge_rows(model: Target | None, world: World | None = None, most: int = 60) -> list[dict[str, Any]]:
    """Return the figures of each judge on the part that is told: what it sees, false alarms, what it leaves open.

    `model` also judges, by itself and as the second stage, `most` of the replies, as it takes minutes; None leaves it
        out. Typed claims are then told of the same replies too.
    """
    world = world or lamps()
    part = read_key(tuned=False)
    claims = ClaimsJudge(facts_of(world))
    fitted = ClassifierFitter().update(read_key(tuned=True)).fit("the rest of the key")
    judges: dict[str, Judge] = {
        "claims": claims,
        "classifier, fitted on the rest": fitted,
        "claims, then that classifier": StagedJudge(claims, fitted),
    }
    if model:
        rubric = {WRONG_FACT: "It states something that contradicts the facts in the system message."}
        alone = LlmJudge(model, rubric)
        few = part[:: max(1, len(part) // most)][:most]
        own = {"claims": claims, "the model itself": alone, "claims, then the model itself": StagedJudge(claims, alone)}
        return [_row(f"{name}, {len(few)} replies", judge, few) for name, judge in own.items()]
    return [_row(name, judge, part) for name, judge in judges.items()]


def _row(name: str, judge: Judge, part: list[LabelledTranscript]) -> dict[str, Any]:
    rulings = rule_pairs(judge, [(one.transcript, WRONG_FACT) for one in part])
    said = [(bool(one.shown), ruling.verdict) for one, ruling in zip(part, rulings, strict=True)]
    wrong = [verdict for fails, verdict in said if fails]
    sound = [verdict for fails, verdict in said if not fails]
    return {
        "judge": name,
        "sees": clopper_pearson(wrong.count("shown"), len(wrong)).to_data(),
        "false alarms": clopper_pearson(sound.count("shown"), len(sound)).to_data(),
        "open": clopper_pearson(len([v for _, v in said if v == "unknown"]), len(said)).to_data(),
    }
