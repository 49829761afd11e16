"""Drills on a paper: a learner reads it and answers a form; numbers and choices are graded, prose is not."""

__all__: list[str] = []
