"""Prompts of one's own, for a hunt to ask beside the scope's: files, benchmarks, and the probes of garak."""

__all__: list[str] = []
