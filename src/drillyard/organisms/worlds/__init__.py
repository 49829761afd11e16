"""Worlds: the facts, policies, phrasings and failures that organisms live in."""

__all__: list[str] = []
