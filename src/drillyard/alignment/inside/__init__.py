"""Techniques inside the model: edits of its hidden states, learned from a lesson and applied while it answers."""

__all__: list[str] = []
