"""Logs of every common form, read into turns: one per reply of the assistant."""

__all__: list[str] = []
