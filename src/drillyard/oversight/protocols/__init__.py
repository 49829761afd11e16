"""Protocols: who may say what to a judge, what they must beat, and what a comparison of them may conclude."""

__all__: list[str] = []
