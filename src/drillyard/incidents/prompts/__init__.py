"""Prompts: split into segments, and told apart from what was filled in."""

__all__: list[str] = []
