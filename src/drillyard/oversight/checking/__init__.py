"""Checking an answer by its parts: claims against facts, forecasts against the laws of chance."""

__all__: list[str] = []
