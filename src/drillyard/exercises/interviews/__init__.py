"""Interviews: a case on paper, an answer in prose, scored by a rubric whose criteria hang on planted facts."""

__all__: list[str] = []
