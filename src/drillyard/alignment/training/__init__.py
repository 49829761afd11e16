"""Techniques that train a model on preferences, by low-rank adapters that trl trains and peft opens."""

__all__: list[str] = []
