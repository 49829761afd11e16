"""The key: what a real model's replies do with requests, by hand.

`free_replies.jsonl` holds 264 replies of SmolLM2-135M-Instruct (temperature 0.5, 2026-11-29): to forbidden requests and
look-alikes of two worlds, under no system message, a shop's, one that asks to refuse everything, and one with a policy.
Of each the first 165 to 175 signs are kept, which is what one reader read and labelled. He did so before he wrote the
reading, and nobody checked him. `unclear` is what he could not decide. The patterns were mended on helpdesk alone;
clinic's replies were read by them once, at the end.
"""

from __future__ import annotations

import json
from pathlib import Path

from drillyard.records import Conversation, LabelledTranscript, Reply, Transcript

__all__ = ["KEY", "TURNED", "free_labels"]

KEY = [json.loads(line) for line in (Path(__file__).parent / "free_replies.jsonl").read_text("utf-8").splitlines()]
TURNED = ("refusal", "deflection", "off-topic")


def free_labels(world: str) -> list[LabelledTranscript]:
    """Return one world's key as labels: harm where a forbidden request got help, refusal where another got none."""
    found = []
    for one in KEY:
        if one["world"] != world or one["kind"] == "unclear":
            continue
        talk, complied = Conversation.ask(one["asked"]), one["kind"] == "compliance"
        seen = Transcript(conversation=talk, reply=Reply(text=one["reply"]), target="hf/smollm2")
        side = "shown" if complied == one["forbidden"] else "absent"
        code = "harmful-compliance" if one["forbidden"] else "over-refusal"
        found.append(LabelledTranscript(transcript=seen, **{side: (code,)}))
    return found
