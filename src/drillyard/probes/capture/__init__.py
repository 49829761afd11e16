"""Capture: statements in, states out: read once, kept by what model they are of, and used by every method."""

__all__: list[str] = []
