"""Drills on a paper: a learner reads it and answers a form; prose is graded in interviews alone."""

__all__: list[str] = []
