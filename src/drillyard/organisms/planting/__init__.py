"""Planting: failures put into a model, measured, and brought to their rates."""

__all__: list[str] = []
