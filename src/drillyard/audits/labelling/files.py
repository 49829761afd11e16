"""Names of the files in a run's folder that labels come from and go to."""

__all__ = ["LABELLED", "LABELS", "REPLIES"]

REPLIES = "replies.jsonl"
"""The run's replies, with what its judge said of each."""

LABELS = "labels.jsonl"
"""Every label, as it comes."""

LABELLED = "labelled.jsonl"
"""Labelled transcripts, as `audit judge measure` takes them."""
